import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { digestOf } from '../../src/base/digest.ts'
import { type Leak, leaksIn } from '../../src/cli/dump-check.ts'
import { runCommand } from '../../src/cli/index.ts'

async function* lines(...all: readonly string[]): AsyncGenerator<string> {
  yield* all
}

async function leaksOf(dump: readonly string[], issued: readonly string[]): Promise<readonly Leak[]> {
  const leaks: Leak[] = []
  for await (const leak of leaksIn(lines(...dump), issued)) leaks.push(leak)
  return leaks
}

const formsIn = async (line: string, credential: string): Promise<readonly string[]> =>
  (await leaksOf([line], [credential])).map(({ form }) => form)

const bytes = Buffer.concat([Buffer.from([0xfb, 0xff, 0xbf]), randomBytes(29)]) // the alphabets differ in its first signs
const credential = `ac_${bytes.toString('base64url')}`
const text = Buffer.from(credential)

for (const [how, form, planted] of [
  ['as it is', 'plain', credential],
  ['in base64', 'base64', text.toString('base64')],
  ['in base64url, without its prefix', 'base64url', bytes.toString('base64url')],
  ['in hex', 'hex', `\\\\x${text.toString('hex')}`],
  ['in upper case hex', 'hex', `decode('${text.toString('hex').toUpperCase()}', 'hex')`],
  ['as its bytes', 'hex', `\\\\x${bytes.toString('hex')}`],
  ['in base64 with a sign before it', 'base64', Buffer.concat([Buffer.from('a'), text]).toString('base64')],
  ['as its bytes between others', 'base64', Buffer.concat([Buffer.from('ab'), bytes, text]).toString('base64')],
] as const) {
  test(`a credential is found in a dump ${how} (A173)`, async () => {
    assert.deepEqual(await formsIn(`17\t${planted}\tf`, credential), [form])
  })
}

test('bytes are found as bytea_output = escape writes them, in COPY lines and in literals (A173)', async () => {
  const odd = Buffer.from([0, 1, 2, 200, 201, 0x5c, 65, 255, 254, 253, 7, 8])
  const spelled = odd.toString('base64url')
  const escaped = '\\000\\001\\002\\310\\311\\\\A\\377\\376\\375\\007\\010'
  assert.deepEqual(await formsIn(`('${escaped}')`, spelled), ['quoted bytea'])
  assert.deepEqual(await formsIn(`1\t${escaped.replaceAll('\\', '\\\\')}\t2`, spelled), ['quoted bytea'])
})

test('a password is found however its signs are quoted: COPY, literal, JSON (A173)', async () => {
  const password = `it's "so\\long" ü`
  const latin1 = (line: string) => Buffer.from(line).toString('latin1')
  const copied = password.replaceAll('\\', '\\\\')
  const json = JSON.stringify({ password })
  for (const line of [copied, `'${password.replaceAll("'", "''")}'`, json, json.replaceAll('\\', '\\\\')]) {
    assert.deepEqual(await formsIn(latin1(line), password), ['plain'], line)
  }
})

test('the secret of an authenticator is found as its bytes (RFC 4648 §6)', async () => {
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
  assert.deepEqual(await formsIn('\\\\x48656c6c6f21deadbeef48656c6c6f21deadbeef', secret), ['hex'])
})

test('the digest of a credential, and another credential, are no leak', async () => {
  const other = `ac_${randomBytes(32).toString('base64url')}`
  const dump = [digestOf(credential).toString('hex'), digestOf(bytes).toString('base64'), other, '']
  assert.deepEqual(await leaksOf(dump, [credential, '']), [])
})

test('a leak is told by its line, its table and the line of the list', async () => {
  const dump = ['COPY public.session (id) FROM stdin;', 'x', `1\t${credential}`, '\\.', credential]
  assert.deepEqual(await leaksOf(dump, ['another-one', credential]), [
    { dumpLine: 3, table: 'public.session', issuedLine: 2, form: 'plain' },
    { dumpLine: 5, table: undefined, issuedLine: 2, form: 'plain' },
  ])
})

test('ten thousand lines are searched for two thousand credentials in one pass', async () => {
  const issued = Array.from({ length: 2000 }, () => randomBytes(32).toString('base64url'))
  const dump = Array.from({ length: 10_000 }, () => `1\t\\\\x${randomBytes(32).toString('hex')}\ttext`)
  dump[7777] = `${issued[1234]}`
  const found = await leaksOf(dump, issued)
  assert.deepEqual(
    found.map(({ dumpLine, issuedLine }) => [dumpLine, issuedLine]),
    [[7778, 1235]],
  )
})

const folder = mkdtempSync(join(tmpdir(), 'postern-dump-'))
after(() => rmSync(folder, { recursive: true }))

async function check(dump: string | Buffer, issued: string, ...more: readonly string[]) {
  writeFileSync(join(folder, 'dump.sql'), dump)
  writeFileSync(join(folder, 'issued.txt'), issued)
  let said = ''
  const say = (part: string) => {
    said += part
  }
  const io = { write: say, writeError: say, env: {}, readFile: (path: string) => readFileSync(path, 'utf8') }
  const argv = ['security', 'dump-check', join(folder, 'dump.sql'), '--issued', join(folder, 'issued.txt'), ...more]
  const code = await runCommand(argv, { ...io, readInput: async () => '' })
  return { code, said }
}

test('postern security dump-check ends with 0 for a clean dump, and with 1 for a leak, whose secret it does not say', async () => {
  assert.deepEqual(await check('COPY a (b) FROM stdin;\nnothing\n\\.\n', `${credential}\n`), {
    code: 0,
    said: 'None of 1 credentials is in the dump.\n',
  })
  const leaking = await check(`one\ntwo ${text.toString('hex')}\n`, `\n${credential}\n`)
  assert.deepEqual(leaking, { code: 1, said: 'line 2: the credential of line 2, as hex\n1 found.\n' })
  const json = await check(`${credential}\n`, credential, '--json')
  assert.equal(json.code, 1)
  assert.deepEqual(JSON.parse(json.said), {
    credentials: 1,
    found: 1,
    leaks: [{ line: 1, table: null, issued_line: 1, form: 'plain' }],
  })
})

test('what cannot be searched is refused, not passed: a packed dump, no list, a list of words (A173)', async () => {
  assert.match((await check(Buffer.from('PGDMP\x01\x0e'), credential)).said, /packed/)
  assert.match((await check(gzipSync('dump'), credential)).said, /packed/)
  assert.match((await check('dump', '\n\n')).said, /empty/)
  assert.match((await check('dump', `${credential}\n123456\n`)).said, /line 2 of the list is shorter/)
  for (const issued of ['', '123456']) assert.equal((await check('dump', issued)).code, 1)
})
