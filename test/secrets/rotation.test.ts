import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import pg from 'pg'
import { addSeconds } from '../../src/base/numeric-date.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDeps } from '../../src/deps.ts'
import { openSecretSource } from '../../src/secrets/secret-source.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startPostgres } from '../support/postgres.ts'
import { startVault } from './fake-vault.ts'

const noFiles = (): string => assert.fail('no file is read')
const masterKey = randomBytes(32).toString('base64url')
const POSTERN = fileURLToPath(new URL('../../src/postern.mjs', import.meta.url))

/** A database that a role of its own owns, and its address without a user. */
async function ownedDatabase(t: TestContext) {
  const { url: adminUrl, drop } = await (await startPostgres()).createDatabase()
  const owner = `postern_owner_${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  const name = new URL(adminUrl).pathname.slice(1)
  await client.query(
    `create role ${owner} nologin; alter database ${name} owner to ${owner}; grant all on schema public to ${owner}`,
  )
  // What an administrator does once, so that the server need not own what it works on. Another test may do it too.
  await client.query('create role postern_app nologin').catch(() => undefined)
  await client.query(`grant postern_app to ${owner}`)
  await client.end()
  t.after(async () => {
    await drop()
    const last = new pg.Client({ connectionString: (await startPostgres()).url })
    await last.connect()
    await last.query(`drop role ${owner}`)
    await last.end()
  })
  const bare = new URL(adminUrl)
  bare.username = ''
  bare.password = ''
  return { adminUrl, url: bare.href, owner }
}

test('credentials rotate under load: no request fails, and a lease ends when its last connection has (controls.md row 36)', async (t) => {
  let seconds = 0
  const clock = { now: () => addSeconds(new Date('2026-06-01T00:00:00Z'), seconds) }
  const { adminUrl, url, owner } = await ownedDatabase(t)
  const vault = await startVault({
    now: clock.now,
    leaseSeconds: 1000,
    leaseMaxSeconds: 1000,
    database: { adminUrl, owner },
  })
  t.after(() => vault.close())
  vault.kv = { MASTER_KEY: masterKey, DATABASE_URL: url, DATABASE_POOL_SIZE: '4' }
  const asked = { ...vault.approle, VAULT_KV_PATH: 'secret/data/postern', VAULT_DATABASE_ROLE: 'postern' }
  const source = await openSecretSource(asked, noFiles, clock)
  const lines: string[] = []
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } })
  const { databaseCredentials } = source
  const config = loadConfig(source.variables, noFiles)
  const opened = await openDeps({ config, log, purpose: 'serve', databaseCredentials })
  const { deps, database } = opened

  let stopped = false
  const users = new Set<string>()
  let done = 0
  const worker = async (name: string) => {
    while (!stopped) {
      await deps.store.leases.take(name, '01980000-0000-7000-8000-000000000000', 60)
      const { rows } = await database.run((db) => sql<{ user: string }>`select session_user as user`.execute(db))
      for (const { user } of rows) users.add(user)
      done += 1
    }
  }
  const workers = Array.from({ length: 8 }, (_, index) => worker(`worker-${index}`))
  for (let rotation = 1; rotation <= 5; rotation++) {
    const before = databaseCredentials?.current().username
    seconds += 600
    await source.keep(log)
    assert.notEqual(databaseCredentials?.current().username, before)
    while (vault.leases.size > 1) {
      await turn() // the load goes over the old connections
      await source.keep(log)
    }
  }
  stopped = true
  await Promise.all(workers)
  assert.ok(done > 50)
  assert.ok(users.size >= 5, `${users.size} roles were used`)
  assert.deepEqual(lines, [])
  assert.deepEqual(vault.sessionsAtEnd, [0, 0, 0, 0, 0])

  await opened.close()
  await source.close()
  assert.equal(vault.leases.size, 0)
  assert.deepEqual(vault.sessionsAtEnd, [0, 0, 0, 0, 0, 0])
})

test('credentials that somebody took away are replaced as soon as the database refuses them', async (t) => {
  const clock = { now: () => new Date('2026-06-01T00:00:00Z') }
  const { adminUrl, url, owner } = await ownedDatabase(t)
  const vault = await startVault({ now: clock.now, database: { adminUrl, owner } })
  t.after(() => vault.close())
  const source = await openSecretSource({ ...vault.approle, VAULT_DATABASE_ROLE: 'postern' }, noFiles, clock)
  const config = loadConfig(
    { DATABASE_URL: url, MASTER_KEY: masterKey, DATABASE_POOL_SIZE: '2', VAULT_DATABASE_ROLE: 'postern' },
    noFiles,
  )
  const log = createLog({ level: 'silent' })
  const opened = await openDeps({ config, log, purpose: 'serve', databaseCredentials: source.databaseCredentials })
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  const [lease] = [...vault.leases.values()]
  assert.ok(lease)
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [lease.username])
  await vault.revoke(lease)
  await client.end()
  await assert.rejects(opened.deps.store.time(), { name: 'StoreUnavailable' })
  await source.keep(log)
  await opened.deps.store.time()
  await opened.close()
  await source.close()
})

test('the server starts from a vault alone, commands ask it too, and both give everything back (controls.md row 36)', async (t) => {
  const { adminUrl, url, owner } = await ownedDatabase(t)
  const vault = await startVault({ now: () => new Date(), database: { adminUrl, owner } })
  t.after(() => vault.close())
  vault.kv = { MASTER_KEY: masterKey, DATABASE_URL: url }
  const port = await freePort()
  const env = {
    PATH: process.env.PATH,
    ...vault.approle,
    VAULT_KV_PATH: 'secret/data/postern',
    VAULT_DATABASE_ROLE: 'postern',
    PORT: String(port),
  }
  const server = spawn(process.execPath, [POSTERN, 'start'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  for await (const line of createInterface({ input: server.stdout })) {
    said.push(line)
    if (line.includes('"ready"')) break
  }
  server.stdout.resume()
  const [during] = [...vault.leases.values()]
  assert.ok(during)

  const command = spawn(process.execPath, [POSTERN, 'key', 'list', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const parts: Buffer[] = []
  command.stdout.on('data', (part: Buffer) => parts.push(part))
  const [code] = await once(command, 'close')
  assert.equal(code, 0)
  assert.equal(JSON.parse(Buffer.concat(parts).toString()).keys.length, 2)
  assert.deepEqual([...vault.leases.values()], [during], 'the lease of the command has ended with it')

  server.kill('SIGTERM')
  await once(server, 'exit')
  assert.equal(server.exitCode, 0)
  assert.equal(vault.leases.size, 0)
  assert.equal(vault.tokens.size, 0)
  assert.deepEqual(vault.sessionsAtEnd, [0, 0])
  assert.ok(!said.join().includes(vault.secretId))
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
