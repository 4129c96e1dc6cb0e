import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doubt, type Finding, fine, problem } from '../../src/administration/doctor/finding.ts'
import { sha256Base64url } from '../../src/base/digest.ts'
import { type ControlState, type Facts, secretsFrom } from '../../src/cli/doctor/control.ts'
import { CONTROLS } from '../../src/cli/doctor/controls.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startShell } from './shell.ts'

type Variables = Readonly<Record<string, string>>

const PUBLIC: Variables = {
  ISSUER: 'https://id.example',
  MASTER_KEY: sha256Base64url('controls'),
  DATABASE_URL: `postgres://postern:${'k9f-2mq'}@127.0.0.1/postern`,
  TRUST_PROXY: '1',
  SMTP_URL: 'smtp://mail.example',
}
const SOUND: readonly Finding[] = [fine('database.role', ''), fine('keys.current', ''), fine('users.administrator', '')]

/** What a file holds does not matter here. */
function factsOf(variables: Variables, findings: readonly Finding[] = SOUND): Facts {
  const config = loadConfig(variables, () => sha256Base64url('a file'))
  return { config, findings, secretsFrom: secretsFrom(variables) }
}

function stateOf(number: number, facts: Facts): ControlState {
  const control = CONTROLS.find((each) => each.number === number) ?? assert.fail(`no control ${number}`)
  return control.judge(facts).state
}

test('each of the 44 controls has a name, a class of the OWASP Top 10, a state and one short reason (controls row 44)', () => {
  assert.deepEqual(
    CONTROLS.map(({ number }) => number),
    Array.from({ length: 44 }, (_, index) => index + 1),
  )
  for (const facts of [factsOf({}), factsOf(PUBLIC), factsOf(PUBLIC, [])]) {
    for (const { number, name, owasp, judge } of CONTROLS) {
      const { state, because } = judge(facts)
      assert.ok(['met', 'set otherwise', 'not met', 'deployment'].includes(state), String(number))
      assert.ok(because.length > 10 && because.length < 140 && !because.endsWith('.'), `${number}: ${because}`)
      assert.match(owasp, /^A(0[1-9]|10):2025$/)
      assert.ok(name.length > 5)
    }
  }
})

/** The control, its state in a sound deployment, the setting that changes it, and the state then. */
const SETTINGS: readonly (readonly [number, ControlState, Variables, ControlState])[] = [
  [4, 'met', { TRUST_PROXY: '0' }, 'set otherwise'],
  [6, 'met', { LOG_LEVEL: 'warn' }, 'set otherwise'],
  [8, 'not met', { ADMIN_PORT: '3001' }, 'met'],
  [8, 'not met', { ISSUER: 'http://localhost:3000' }, 'set otherwise'],
  [10, 'deployment', { TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'b' }, 'met'],
  [10, 'deployment', { TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'b', TLS_MIN_VERSION: '1.2' }, 'set otherwise'],
  [10, 'deployment', { DANGEROUSLY_PLAINTEXT_DATABASE: 'true' }, 'not met'],
  [10, 'deployment', { ISSUER: 'http://localhost:3000' }, 'set otherwise'],
  [11, 'met', { ISSUER: 'http://localhost:3000' }, 'set otherwise'],
  [12, 'met', { SESSION_IDLE_SECONDS: '7200' }, 'set otherwise'],
  [12, 'met', { SESSION_MAX_SECONDS: '86400' }, 'set otherwise'],
  [13, 'met', { ACCESS_TOKEN_SECONDS: '3600' }, 'set otherwise'],
  [14, 'met', { LIMIT_AUTH_PER_MINUTE: '20' }, 'set otherwise'],
  [14, 'met', { LIMIT_DEFAULT_PER_HOUR: '1000' }, 'set otherwise'],
  [17, 'met', { ISSUER: 'http://localhost:3000' }, 'set otherwise'],
  [23, 'met', { SIGNING_KEY_ROTATION_DAYS: '365' }, 'set otherwise'],
  [26, 'set otherwise', { REQUIRE_MFA: 'all' }, 'met'],
  [29, 'met', { SMTP_URL: '' }, 'set otherwise'],
  [30, 'met', { USERNAME_MAX: '50' }, 'set otherwise'],
  [31, 'met', { PASSWORD_POLICY: 'nist' }, 'set otherwise'],
  [35, 'met', { MASTER_KEY: 'a long phrase that nobody else knows' }, 'set otherwise'],
  [36, 'met', { MASTER_KEY: '', DATABASE_URL: '' }, 'not met'],
  [36, 'met', { MASTER_KEY: '', DATABASE_URL: '', ISSUER: 'http://localhost:3000' }, 'set otherwise'],
  [36, 'met', { MASTER_KEY: '', MASTER_KEY_FILE: 'key' }, 'met'],
  [40, 'set otherwise', { AUDIT_WEBHOOK_URL: 'https://log.example/x' }, 'met'],
  [43, 'met', { OUTBOUND_ALLOW: '10.0.0.7:8080' }, 'set otherwise'],
]
for (const [number, sound, change, changed] of SETTINGS) {
  test(`control ${number} is ${sound}, and ${changed} with ${Object.keys(change).join(', ')}`, () => {
    assert.equal(stateOf(number, factsOf(PUBLIC)), sound)
    assert.equal(stateOf(number, factsOf({ ...PUBLIC, ...change })), changed)
  })
}

/** The control, and what somebody found in the database. */
const FOUND: readonly (readonly [number, Finding, ControlState])[] = [
  [7, doubt('database.role', 'no role', 'make it'), 'set otherwise'],
  [10, doubt('database.tls', 'not protected', 'add it'), 'not met'],
  [19, doubt('client.no_pkce', 'client x', 'mend it'), 'set otherwise'],
  [23, doubt('keys.overdue', 'old', 'rotate'), 'set otherwise'],
  [23, problem('keys.none', 'none', 'start'), 'not met'],
  [24, doubt('client.no_rotation', 'client x', 'mend it'), 'set otherwise'],
  [40, doubt('database.role', 'no role', 'make it'), 'set otherwise'],
  [41, doubt('users.no_administrator', 'nobody', 'make one'), 'set otherwise'],
]
for (const [number, finding, state] of FOUND) {
  test(`control ${number} follows what doctor found: ${finding.code}`, () => {
    const variables = { ...PUBLIC, AUDIT_WEBHOOK_URL: 'https://log.example/x' }
    assert.notEqual(stateOf(number, factsOf(variables)), state)
    assert.equal(stateOf(number, factsOf(variables, [...SOUND, finding])), state)
  })
}

test('what only the database can tell is not called met while nobody could look', () => {
  for (const number of [7, 19, 23, 24, 40, 41]) assert.equal(stateOf(number, factsOf(PUBLIC, [])), 'not met')
})

const shell = await startShell()

test('postern doctor prints each control with its state, and counts them in its summary (controls row 44)', async () => {
  const { out } = await shell.run(['doctor', '--controls'])
  for (const { number, name, owasp } of CONTROLS)
    assert.match(
      out,
      new RegExp(`^(met|set otherwise|not met|deployment) +${number} {2}${escaped(name)} \\(${owasp}\\)$`, 'm'),
    )
  assert.match(out, /^44 controls: \d+ met, \d+ set otherwise, \d+ not met, \d+ deployment$/m)
  assert.doesNotMatch(out, /could not be looked at/)
  assert.match((await shell.run(['doctor'])).out, /^44 controls: .*\(postern doctor --controls\)$/m)
})

test('postern doctor gives the controls to programs too', async () => {
  const { controls } = (await shell.json(['doctor'])) as { controls: readonly { number: number; state: string }[] }
  assert.equal(controls.length, 44)
  assert.equal(controls.find(({ number }) => number === 11)?.state, 'set otherwise')
})

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
