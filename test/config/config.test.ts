import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'

type Variables = Record<string, string>

const noFiles = (path: string): string => {
  throw new Error(`no file ${path}`)
}
const key = randomBytes(32).toString('base64url')
const load = (variables: Variables, readFile = noFiles): Config => loadConfig(variables, readFile)

function faultsOf(variables: Variables, readFile = noFiles): ConfigFaults {
  try {
    load(variables, readFile)
  } catch (error) {
    assert.ok(error instanceof ConfigFaults)
    return error
  }
  assert.fail('the settings were accepted')
}
const faulty = (variables: Variables): string[] => faultsOf(variables).faults.map(({ variable }) => variable)

test('without any setting the server is a loopback server on the embedded database (design.md §10)', () => {
  const config = load({})
  assert.equal(config.issuer, 'http://localhost:3000')
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.databaseUrl, undefined)
  assert.deepEqual(
    [config.isLoopback, config.isHttps, config.cookiePrefix, config.isDemoOn, config.signUp, config.trustProxy],
    [true, false, '', true, 'open', false],
  )
  assert.deepEqual(
    [config.accessTokenSeconds, config.refreshTokenSeconds, config.refreshRetrySeconds, config.codeSeconds],
    [900, 604_800, 30, 60],
  )
})

test('the default issuer follows PORT (design.md §10)', () => {
  assert.equal(load({ PORT: '8080' }).issuer, 'http://localhost:8080')
})

test('off loopback, cookies are __Host-, sign-up is by invitation and the demo is off (design.md §10)', () => {
  const config = load({ ISSUER: 'https://id.example.com/auth' })
  assert.deepEqual(
    [config.origin, config.basePath, config.cookiePrefix, config.isLoopback, config.isDemoOn, config.signUp],
    ['https://id.example.com', '/auth', '__Host-', false, false, 'invite'],
  )
})

test('an issuer is accepted only as the one string that clients will compare (RFC 8414 §2, A172)', () => {
  const good = [
    'https://id.example.com',
    'https://id.example.com:8443/a/b',
    'http://127.0.0.1:9',
    'http://[::1]:9',
    'http://localhost',
  ]
  for (const ISSUER of good) assert.equal(load({ ISSUER }).issuer, ISSUER)
  const bad = [
    'http://id.example.com',
    'http://localhost.evil.test',
    'http://127.0.0.2:9',
    'https://id.example.com/',
    'https://id.example.com/a/',
    'https://id.example.com?',
    'https://id.example.com#',
    'https://id.example.com/?a=b',
    'https://u:p@id.example.com',
    'https://ID.example.com',
    'https://id.example.com:443',
    'https://id.example.com/a/../b',
    'ftp://id.example.com',
    'id.example.com',
    'javascript:alert(1)',
  ]
  for (const ISSUER of bad) assert.deepEqual(faulty({ ISSUER }), ['ISSUER'], ISSUER)
})

test('all faults are told at once, each with its variable, the problem and the fix (design.md §10)', () => {
  const error = faultsOf({
    PORT: '70000',
    LOG_LEVEL: 'loud',
    ISSUER: 'http://id.example.com',
    CODE_SECONDS: '61',
    DEMO: 'maybe',
  })
  assert.deepEqual(error.faults.map(({ variable }) => variable).sort(), [
    'CODE_SECONDS',
    'DEMO',
    'ISSUER',
    'LOG_LEVEL',
    'PORT',
  ])
  assert.match(
    error.message,
    /PORT: "70000" is not a whole number from 1 to 65535\n {4}Fix: correct it, or leave it out \(default: 3000\)/,
  )
})

test('a variable that is empty counts as left out', () => {
  assert.equal(load({ PORT: '', ISSUER: ' ', MASTER_KEY: '', MASTER_KEY_FILE: '' }).issuer, 'http://localhost:3000')
})

test('numbers outside their bounds are refused (design.md §3, §4, §6)', () => {
  const bad: Variables[] = [
    { ACCESS_TOKEN_SECONDS: '86401' },
    { REFRESH_TOKEN_SECONDS: '604801' },
    { REFRESH_RETRY_SECONDS: '61' },
    { CODE_SECONDS: '0' },
    { SIGNING_KEY_BITS: '1024' },
    { USERNAME_MAX: '51' },
    { PORT: '0' },
    { PORT: '3e3' },
    { PORT: '-1' },
    { PORT: '3000.5' },
    { PASSWORD_HASH_PERMITS: '1000' },
    { DATABASE_POOL_SIZE: '1' },
    { SHUTDOWN_SECONDS: '9'.repeat(400) },
  ]
  for (const variables of bad) assert.deepEqual(faulty(variables), Object.keys(variables), JSON.stringify(variables))
})

test('a session cannot idle longer than it lives', () => {
  assert.deepEqual(faulty({ SESSION_IDLE_SECONDS: '7200', SESSION_MAX_SECONDS: '3600' }), ['SESSION_IDLE_SECONDS'])
})

test('the demo is refused off loopback (design.md §5.7)', () => {
  assert.deepEqual(faulty({ ISSUER: 'https://id.example.com', DEMO: 'on' }), ['DEMO'])
  assert.equal(load({ DEMO: 'off' }).isDemoOn, false)
})

test('DATABASE_URL without a master key refuses to start (design.md §3)', () => {
  assert.deepEqual(faulty({ DATABASE_URL: 'postgres://app@localhost/postern' }), ['MASTER_KEY'])
})

test('a fault is not repeated by the rule that depends on it', () => {
  assert.deepEqual(faulty({ DATABASE_URL: 'postgres://app@localhost/postern', MASTER_KEY: 'short' }), ['MASTER_KEY'])
  assert.deepEqual(faulty({ DATABASE_URL: 'postgres://app@localhost/postern', MASTER_KEY_FILE: '/nowhere' }), [
    'MASTER_KEY_FILE',
  ])
})

test('a database on another machine needs TLS that checks who answers (controls.md row 10, A172)', () => {
  const urlOf = (DATABASE_URL: string) => load({ DATABASE_URL, MASTER_KEY: key }).databaseUrl?.reveal()
  const local = [
    'postgres://app@localhost/postern',
    'postgresql://app@127.0.0.1:5433/postern',
    'postgres:///postern?host=/run/postgresql',
    'postgres://%2Frun%2Fpostgresql/postern',
  ]
  for (const url of local) assert.equal(urlOf(url), url)
  for (const mode of ['require', 'verify-ca', 'verify-full', 'disable&sslmode=verify-full']) {
    const strict = urlOf(`postgres://app:x9@db.internal/postern?sslmode=${mode}&ssl=0&uselibpqcompat=true`)
    assert.equal(strict, 'postgres://app:x9@db.internal/postern?sslmode=verify-full')
  }
  const plain = [
    'postgres://app@db/postern',
    'postgres://app@db/postern?ssl=true',
    'postgres://app@db/postern?sslmode=prefer',
    'postgres://app@db/postern?sslmode=no-verify',
    'postgres://app@localhost/postern?host=db',
    'postgres://app@db/postern?sslmode=require&sslmode=disable',
    'postgres://app@localhost/postern?host=/run&host=db',
  ]
  for (const DATABASE_URL of plain) {
    assert.deepEqual(faulty({ DATABASE_URL, MASTER_KEY: key }), ['DATABASE_URL'], DATABASE_URL)
    load({ DATABASE_URL, MASTER_KEY: key, DANGEROUSLY_PLAINTEXT_DATABASE: 'true' })
  }
})

test('a database URL names its server itself', () => {
  for (const DATABASE_URL of [
    'postgres:///postern',
    'postgres://app@db',
    'mysql://app@db/x',
    'db',
    'postgres://%zz/x',
  ]) {
    assert.deepEqual(faulty({ DATABASE_URL, MASTER_KEY: key }), ['DATABASE_URL'], DATABASE_URL)
  }
})

test('a default database password is refused on another machine (A172)', () => {
  const DATABASE_URL = 'postgres://app:ChangeMe@db/postern?sslmode=verify-full'
  assert.deepEqual(faulty({ DATABASE_URL, MASTER_KEY: key }), ['DATABASE_URL'])
})

test('a secret may stand in a file, and not in both places (design.md §10)', () => {
  const config = load({ MASTER_KEY_FILE: '/run/key' }, () => `${key}\n`)
  assert.equal(config.masterKey?.kind === 'key' && config.masterKey.key.reveal().toString('base64url'), key)
  assert.deepEqual(faulty({ MASTER_KEY_FILE: '/nowhere' }), ['MASTER_KEY_FILE'])
  assert.deepEqual(faultsOf({ MASTER_KEY_FILE: '/empty' }, () => '\n').faults[0]?.problem, 'the file is empty')
  assert.deepEqual(
    faultsOf({ MASTER_KEY: key, MASTER_KEY_FILE: '/run/key' }, () => key).faults[0]?.problem,
    'MASTER_KEY is set too',
  )
})

test('no secret shows in a fault or in a printed configuration (controls.md row 36)', () => {
  const secret = 'x'.repeat(8) + randomBytes(4).toString('hex')
  assert.ok(!faultsOf({ DATABASE_URL: `http://app:${secret}@db/x`, MASTER_KEY: secret }).message.includes(secret))
  const config = load({ DATABASE_URL: `postgres://app:${secret}@localhost/x`, MASTER_KEY: `a passphrase ${secret}` })
  for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config)]) assert.ok(!text.includes(secret))
})

test('trusted proxies are a count or address blocks, never everybody (controls.md row 4)', () => {
  assert.equal(load({ TRUST_PROXY: '0' }).trustProxy, false)
  assert.equal(load({ TRUST_PROXY: '2' }).trustProxy, 2)
  assert.deepEqual(load({ TRUST_PROXY: '10.0.0.0/8, fd00::/8,192.0.2.1' }).trustProxy, [
    '10.0.0.0/8',
    'fd00::/8',
    '192.0.2.1',
  ])
  for (const TRUST_PROXY of [
    'true',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0/8',
    '11',
    '10.0.0.0/8,',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
  ]) {
    assert.deepEqual(faulty({ TRUST_PROXY }), ['TRUST_PROXY'], TRUST_PROXY)
  }
})

test('OUTBOUND_ALLOW takes hosts with their ports', () => {
  assert.deepEqual(load({ OUTBOUND_ALLOW: 'Mail.internal:25, [::1]:8080' }).outboundAllow, [
    'mail.internal:25',
    '[::1]:8080',
  ])
  for (const OUTBOUND_ALLOW of ['mail.internal', 'mail:99999', '*:80', 'http://a:80', 'a:80,,b:80']) {
    assert.deepEqual(faulty({ OUTBOUND_ALLOW }), ['OUTBOUND_ALLOW'], OUTBOUND_ALLOW)
  }
})
