import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingFindings } from '../../src/administration/doctor/settings.ts'
import { sha256Base64url } from '../../src/base/digest.ts'
import { runCommand } from '../../src/cli/index.ts'
import { type Config, loadConfig } from '../../src/config/config.ts'

const KEY = {
  MASTER_KEY: sha256Base64url('doctor'),
}
const DATABASE = { DATABASE_URL: `postgres://postern:${'k9f-2mq'}@127.0.0.1/postern` }

const config = (variables: Readonly<Record<string, string>>): Config => loadConfig({ ...KEY, ...variables }, () => '')
const doubts = (variables: Readonly<Record<string, string>>): readonly string[] =>
  [...settingFindings(config(variables))].filter(({ severity }) => severity !== 'ok').map(({ code }) => code)

const WITHOUT_MAIL = { ISSUER: 'https://id.example', TRUST_PROXY: '1', ...DATABASE }
const PUBLIC = { ...WITHOUT_MAIL, SMTP_URL: 'smtp://mail.example' }
const CASES: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ['the defaults on a developer’s machine', {}, []],
  ['a deployment behind one proxy', PUBLIC, []],
  ['no trusted proxy in front of a public issuer', { ...PUBLIC, TRUST_PROXY: '0' }, ['proxy.untrusted']],
  ['a trusted proxy on loopback', { TRUST_PROXY: '1' }, ['proxy.needless']],
  ['open sign-up in public', { ...PUBLIC, SIGN_UP: 'open' }, ['sign_up.open']],
  ['an issuer with a path', { ...PUBLIC, ISSUER: 'https://id.example/auth' }, ['issuer.path']],
  ['a loopback issuer that others can reach', { HOST: '0.0.0.0' }, ['listener.wide']],
  ['a plaintext database', { ...PUBLIC, DANGEROUSLY_PLAINTEXT_DATABASE: 'true' }, ['dangerous.plaintext_database']],
  ['a public issuer without a mail server', WITHOUT_MAIL, ['mail.none']],
  ['a passphrase', { MASTER_KEY: 'a long phrase that nobody else knows' }, ['master_key.passphrase']],
  ['no retry of a refresh', { REFRESH_RETRY_SECONDS: '0' }, ['refresh.no_retry']],
]
for (const [what, variables, expected] of CASES) {
  test(`doctor on ${what}`, () => assert.deepEqual(doubts(variables), expected))
}

test('a master key in DATA_DIR is a doubt in public only', () => {
  const codes = (issuer: string) =>
    [...settingFindings({ ...config({ ...PUBLIC, ISSUER: issuer }), masterKey: undefined })].map(({ code }) => code)
  assert.ok(codes('https://id.example').includes('master_key.beside_data'))
})

test('every doubt of the settings has a fix', () => {
  const all = CASES.flatMap(([, variables]) => [...settingFindings(config(variables))])
  for (const { code, severity, fix } of all) assert.equal(fix !== undefined, severity !== 'ok', code)
})

const doctor = async (env: Readonly<Record<string, string>>) => {
  let out = ''
  const write = (text: string) => {
    out += text
  }
  const io = { write, writeError: write, env, readFile: () => '', readInput: async () => '' }
  const code = await runCommand(['doctor', '--json'], io)
  return { code, findings: JSON.parse(out).findings as { code: string; message: string }[] }
}

test('doctor tells wrong settings as findings, all at once, and opens nothing', async () => {
  const { code, findings } = await doctor({ ISSUER: 'http://id.example', PORT: 'x' })
  assert.equal(code, 1)
  assert.deepEqual(
    findings.map((finding) => finding.code),
    ['setting.wrong', 'setting.wrong'],
  )
})

test('doctor tells that the database cannot be reached, and no password', async () => {
  const { code, findings } = await doctor({
    ...KEY,
    DATABASE_URL: 'postgres://postern:s3cret-word@127.0.0.1:1/postern',
  })
  assert.equal(code, 1)
  assert.equal(findings.at(-1)?.code, 'database.unusable')
  assert.ok(!JSON.stringify(findings).includes('s3cret-word'))
})
