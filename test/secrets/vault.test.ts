import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { addSeconds } from '../../src/base/numeric-date.ts'
import { loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'
import { openSecretSource } from '../../src/secrets/secret-source.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { type FakeVault, startVault } from './fake-vault.ts'

const read = (path: string) => readFileSync(path, 'utf8')
const noFiles = (): string => assert.fail('no file is read')
const masterKey = randomBytes(32).toString('base64url')
const KV = { VAULT_KV_PATH: 'secret/data/postern' }
const DATABASE = { VAULT_DATABASE_ROLE: 'postern' }

function testClock() {
  let seconds = 0
  return {
    now: () => addSeconds(new Date('2026-06-01T00:00:00Z'), seconds),
    advance: (by: number) => {
      seconds += by
    },
  }
}

async function start(t: TestContext, options: Partial<Parameters<typeof startVault>[0]> = {}) {
  const clock = testClock()
  const vault = await startVault({ now: clock.now, ...options })
  t.after(() => vault.close())
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
  const open = (more: Record<string, string>) => openSecretSource({ ...vault.approle, ...more }, noFiles, clock)
  return { clock, vault, lines, log, open }
}

async function faultsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults.map(({ variable, problem }) => `${variable}: ${problem}`)
    throw error
  }
  return []
}
const count = ({ asked }: FakeVault, request: string) => asked.filter((each) => each === request).length

suite('settings from the vault (controls.md row 36)', () => {
  test('the keys of a KV secret are settings, beside those of the environment; other keys are not', async (t) => {
    const { vault, open } = await start(t)
    vault.kv = { MASTER_KEY: masterKey, PORT: 4000, VAULT_ADDR: 'https://elsewhere.example', somebody: 'else' }
    const { variables, close } = await open({ ...KV, LOG_LEVEL: 'warn', VAULT_NAMESPACE: 'team/a' })
    const config = loadConfig(variables, noFiles)
    assert.ok(config.masterKey?.kind === 'key')
    assert.equal(config.masterKey.key.reveal().toString('base64url'), masterKey)
    assert.equal(config.port, 4000)
    assert.equal(config.logLevel, 'warn')
    assert.equal(variables.VAULT_ADDR, vault.address)
    assert.equal('somebody' in variables, false)
    assert.equal(vault.headers['x-vault-namespace'], 'team/a')
    assert.equal(vault.headers['x-vault-request'], 'true')
    await close()
    assert.equal(vault.tokens.size, 0, 'the token that was made for us is ended')
  })

  test('a token in the place of an AppRole is used, and not ended, for it is not ours', async (t) => {
    const { vault, clock } = await start(t)
    vault.kv = { MASTER_KEY: masterKey }
    const token = vault.newToken()
    const source = await openSecretSource({ VAULT_ADDR: vault.address, VAULT_TOKEN: token, ...KV }, noFiles, clock)
    assert.equal(source.variables.MASTER_KEY, masterKey)
    await source.close()
    assert.ok(vault.tokens.has(token))
  })

  test('without a question to a vault none is asked, though the tools of one have set its variables', async () => {
    const variables = { VAULT_ADDR: 'https://vault.example:8200', VAULT_TOKEN: 'a-token' }
    const source = await openSecretSource(variables, noFiles, testClock())
    assert.deepEqual(source.variables, variables)
    assert.equal(source.databaseCredentials, undefined)
  })

  test('a setting that is in the vault and in the environment is refused: one of them would be forgotten', async (t) => {
    const { vault, open } = await start(t)
    vault.kv = { MASTER_KEY: masterKey, DATABASE_URL: ['no', 'text'] }
    assert.deepEqual(await faultsOf(open({ ...KV, MASTER_KEY_FILE: 'a-file' })), [
      'MASTER_KEY: it is set in the environment, and in the vault',
      'DATABASE_URL: the vault holds no text for it',
    ])
  })

  test('what is wrong with a vault is told with its setting, and never with a secret (A172)', async (t) => {
    const { vault, open, clock } = await start(t)
    const explained = async (more: Record<string, string>, expected: RegExp) => {
      const [told = '', ...others] = await faultsOf(open(more))
      assert.match(told, expected)
      assert.deepEqual(others, [])
      assert.ok(!told.includes(vault.secretId))
    }
    await explained({ ...KV, VAULT_SECRET_ID: 'wrong' }, /^VAULT_ADDR: asked to log in: the vault refused it/)
    await explained({ VAULT_KV_PATH: 'secret/data/other' }, /^VAULT_KV_PATH: .*nothing there/)
    await explained({ VAULT_KV_PATH: 'auth/token/lookup-self' }, /^VAULT_KV_PATH: .*another version of the engine/)
    await explained({ VAULT_DATABASE_ROLE: 'other' }, /^VAULT_DATABASE_ROLE: .*nothing there/)
    vault.policyDenies = 'secret/'
    await explained(KV, /^VAULT_KV_PATH: .*denied/)
    vault.isSealed = true
    await explained(KV, /^VAULT_ADDR: .*sealed/)
    const token = { VAULT_ADDR: vault.address, VAULT_TOKEN: 'hvs.expired', ...KV }
    vault.isSealed = false
    assert.match((await faultsOf(openSecretSource(token, noFiles, clock))).join(), /^VAULT_ADDR: .*denied/)
    await vault.close()
    await explained(KV, /^VAULT_ADDR: .*out of reach/)
  })

  test('half a login, two logins, and a vault over plain http elsewhere are refused (A172)', async () => {
    const open = (variables: Record<string, string>) => faultsOf(openSecretSource(variables, read, testClock()))
    const names = async (variables: Record<string, string>) => (await open(variables)).map((told) => told.split(':')[0])
    const VAULT_ADDR = 'https://vault.example:8200'
    assert.deepEqual(await names({ ...KV, VAULT_TOKEN: 'a-token' }), ['VAULT_ADDR'])
    assert.deepEqual(await names({ ...KV, VAULT_ADDR }), ['VAULT_ROLE_ID'])
    assert.deepEqual(await names({ ...KV, VAULT_ADDR, VAULT_ROLE_ID: 'a' }), ['VAULT_SECRET_ID'])
    assert.deepEqual(await names({ ...KV, VAULT_ADDR, VAULT_TOKEN: 't', VAULT_ROLE_ID: 'a' }), ['VAULT_TOKEN'])
    for (const address of ['http://vault.example:8200', 'https://vault.example/v1', 'https://u:p@vault.example']) {
      assert.deepEqual(await names({ ...KV, VAULT_ADDR: address, VAULT_TOKEN: 't' }), ['VAULT_ADDR'], address)
    }
    for (const path of ['../sys/raw', 'secret/data/../../sys', '/secret/data/postern', 'secret/data/a?version=1']) {
      assert.deepEqual(await names({ VAULT_ADDR, VAULT_TOKEN: 't', VAULT_KV_PATH: path }), ['VAULT_KV_PATH'], path)
    }
    assert.throws(() => loadConfig({ VAULT_DATABASE_ROLE: 'postern' }, noFiles), /DATABASE_URL: .*no database/)
    const DATABASE_URL = 'postgres://somebody@localhost/postern'
    assert.throws(
      () => loadConfig({ MASTER_KEY: masterKey, VAULT_DATABASE_ROLE: 'r', DATABASE_URL }, noFiles),
      /names a user/,
    )
  })
})

suite('what the vault leases (controls.md row 36)', () => {
  test('the token and the lease are renewed at half of their lives, and not before', async (t) => {
    const { vault, clock, log, lines, open } = await start(t, { tokenSeconds: 1000, leaseSeconds: 1000 })
    const source = await open(DATABASE)
    const first = source.databaseCredentials?.current()
    clock.advance(499)
    await source.keep(log)
    assert.equal(count(vault, 'POST /v1/auth/token/renew-self') + count(vault, 'POST /v1/sys/leases/renew'), 0)
    for (let half = 0; half < 5; half++) {
      clock.advance(500)
      await source.keep(log)
    }
    assert.equal(count(vault, 'POST /v1/auth/token/renew-self'), 5)
    assert.equal(count(vault, 'POST /v1/sys/leases/renew'), 5)
    assert.equal(count(vault, 'GET /v1/database/creds/postern'), 1)
    assert.equal(source.databaseCredentials?.current(), first)
    assert.deepEqual(lines, [])
    await source.close()
    assert.equal(vault.leases.size, 0)
  })

  test('a lease near its last moment is replaced, and ends when its last connection has ended', async (t) => {
    const { vault, clock, log, open } = await start(t, { leaseSeconds: 1000, leaseMaxSeconds: 1400 })
    const source = await open(DATABASE)
    const { databaseCredentials: credentials } = source
    assert.ok(credentials)
    const old = credentials.current()
    credentials.opened(old)
    credentials.opened(old)
    clock.advance(500)
    await source.keep(log) // 900 s are left, more than half
    assert.equal(credentials.current(), old)
    clock.advance(450)
    await source.keep(log) // 450 s would be left for good
    const next = credentials.current()
    assert.notEqual(next.username, old.username)
    assert.notEqual(next.password.reveal(), old.password.reveal())
    credentials.closed(old)
    await source.keep(log)
    assert.equal(vault.leases.size, 2, 'one connection is still open')
    credentials.closed(old)
    await source.keep(log)
    assert.deepEqual(
      [...vault.leases.values()].map(({ username }) => username),
      [next.username],
    )
    await source.close()
  })

  test('a lease that somebody revoked, and one that the database refuses, are replaced', async (t) => {
    const { vault, clock, log, open } = await start(t)
    const source = await open(DATABASE)
    const first = source.databaseCredentials?.current()
    source.databaseCredentials?.refused()
    await source.keep(log)
    const second = source.databaseCredentials?.current()
    assert.notEqual(second?.username, first?.username)
    for (const lease of [...vault.leases.values()]) await vault.revoke(lease)
    clock.advance(1800)
    await source.keep(log)
    assert.notEqual(source.databaseCredentials?.current().username, second?.username)
    assert.equal(vault.leases.size, 1)
    await source.close()
  })

  test('a token that cannot live on is replaced by a new login, and with it the lease that would end with it', async (t) => {
    const { vault, clock, log, open } = await start(t, { tokenSeconds: 1000, tokenMaxSeconds: 1400 })
    const source = await open(DATABASE)
    const first = source.databaseCredentials?.current()
    clock.advance(500)
    await source.keep(log)
    assert.equal(count(vault, 'POST /v1/auth/approle/login'), 1)
    clock.advance(450)
    await source.keep(log)
    assert.equal(count(vault, 'POST /v1/auth/approle/login'), 2)
    assert.notEqual(source.databaseCredentials?.current(), first)
    clock.advance(460) // the first token is gone, and its lease with it
    await source.keep(log)
    assert.equal(vault.leases.size, 1)
    assert.equal([...vault.leases.values()][0]?.username, source.databaseCredentials?.current().username)
    await source.close()
  })

  test('a token that was revoked is replaced when it is denied', async (t) => {
    const { vault, clock, log, open, lines } = await start(t)
    const source = await open(DATABASE)
    vault.tokens.clear()
    clock.advance(1800)
    await source.keep(log)
    await source.keep(log)
    assert.equal(vault.tokens.size, 1)
    assert.equal([...vault.leases.values()][0]?.username, source.databaseCredentials?.current().username)
    assert.deepEqual(lines, [])
    await source.close()
  })

  test('a policy that denies the end of a lease costs that lease its early end, and nothing else', async (t) => {
    const { vault, clock, log, open } = await start(t, { leaseSeconds: 1000, leaseMaxSeconds: 1000 })
    const source = await open(DATABASE)
    vault.policyDenies = 'sys/leases/revoke'
    clock.advance(600)
    for (let times = 0; times < 5; times++) await source.keep(log)
    assert.equal(count(vault, 'POST /v1/auth/approle/login'), 1)
    assert.equal(count(vault, 'GET /v1/database/creds/postern'), 2)
    await source.close()
  })

  test('a token file that an agent has replaced is read again', async (t) => {
    const { vault, clock, log } = await start(t, { tokenSeconds: 1000, tokenMaxSeconds: 1000 })
    let file = vault.newToken()
    const variables = { VAULT_ADDR: vault.address, VAULT_TOKEN_FILE: 'token', ...DATABASE }
    const source = await openSecretSource(variables, () => file, clock)
    clock.advance(600)
    file = vault.newToken()
    await source.keep(log)
    assert.equal(
      [...vault.leases.values()].find(({ token }) => token === file)?.username,
      source.databaseCredentials?.current().username,
    )
    await source.close()
  })

  test('while the vault is sealed the last credentials are used on, one line is logged, and then all goes on', async (t) => {
    const { vault, clock, log, lines, open } = await start(t)
    const source = await open(DATABASE)
    const first = source.databaseCredentials?.current()
    vault.isSealed = true
    clock.advance(1000)
    for (let times = 0; times < 10; times++) await source.keep(log)
    assert.equal(source.databaseCredentials?.current(), first)
    assert.equal(lines.length, 1)
    assert.match(lines.join(), /"level":"error".*the vault could not be asked/)
    vault.isSealed = false
    await source.keep(log)
    assert.ok(count(vault, 'POST /v1/auth/token/renew-self') > 0)
    vault.isSealed = true
    clock.advance(1000)
    await source.keep(log)
    assert.equal(lines.length, 2, 'another outage is told again')
    vault.isSealed = false
    await source.close()
    assert.ok(!lines.join().includes(first?.password.reveal() ?? ''))
  })

  test('a vault that is gone when the server ends keeps nothing from ending', async (t) => {
    const { vault, open } = await start(t)
    const source = await open(DATABASE)
    await vault.close()
    await source.close()
  })
})
