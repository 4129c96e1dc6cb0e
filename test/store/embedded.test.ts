import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import pg from 'pg'
import { openDatabase } from '../../src/store/database.ts'
import {
  attachEmbedded,
  type Embedded,
  EmbeddedInUse,
  EmbeddedVersionMismatch,
  startEmbedded,
} from '../../src/store/embedded.ts'
import { EMBEDDED_MAJOR, readSeed } from '../../src/store/embedded-folder.ts'
import { upkeep } from '../../src/store/embedded-upkeep.ts'

const CHILD = fileURLToPath(new URL('../support/embedded-child.ts', import.meta.url))

async function dataFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-data-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const openOn = ({ socketFolder, port }: Embedded) =>
  openDatabase({ connection: { kind: 'embedded', socketFolder, port } })

const clientOf = async ({ socketFolder, port }: Embedded) => {
  const client = new pg.Client({ host: socketFolder, port, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A process that starts, or attaches to, the database of a folder, and says how that went in a line. */
function startChild(t: TestContext, how: 'start' | 'attach' | 'write', folder: string) {
  const child: ChildProcess = spawn(process.execPath, [CHILD, how, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout)
  const lines = createInterface({ input: child.stdout })
  return { child, lines, first: once(lines, 'line').then(([line]) => String(line)) }
}

test('only its owner can reach the database: socket 0600, folder 0700 (design.md §2.6)', async (t) => {
  const folder = await dataFolder(t)
  const embedded = await startEmbedded(join(folder, 'new', 'data'))
  t.after(() => embedded.close())
  assert.equal(embedded.owner, true)
  assert.ok(embedded.socketFolder.startsWith(folder))
  assert.equal(statSync(join(embedded.socketFolder, `.s.PGSQL.${embedded.port}`)).mode & 0o777, 0o600)
  assert.equal(statSync(embedded.socketFolder).mode & 0o777, 0o700)
})

test('a data folder whose socket path would be cut gets a short one of its own (stack.md §0.4)', async (t) => {
  const folder = join(await dataFolder(t), 'deep'.repeat(20), 'deeper'.repeat(10))
  const embedded = await startEmbedded(folder)
  const attached = await attachEmbedded(folder)
  assert.ok(Buffer.byteLength(embedded.socketFolder) < 80)
  assert.equal(statSync(embedded.socketFolder).mode & 0o777, 0o700)
  assert.equal(attached.socketFolder, embedded.socketFolder)
  assert.equal(attached.owner, false)
  const client = await clientOf(attached)
  assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }])
  await client.end()
  await embedded.close()
  assert.equal(existsSync(embedded.socketFolder), false, 'nothing is left in the temporary folder')
})

test('what is written stays, and a folder can be opened again after it was closed (design.md §11)', async (t) => {
  const folder = await dataFolder(t)
  const first = await startEmbedded(folder)
  const database = openOn(first)
  await sql`create table apple (id integer)`.execute(database.db)
  await sql`insert into apple values (1)`.execute(database.db)
  await database.close()
  await first.close()
  const second = await startEmbedded(folder)
  const again = openOn(second)
  assert.deepEqual((await sql`select * from apple`.execute(again.db)).rows, [{ id: 1 }])
  const { rows } = await sql`
    select current_setting('fsync') as fsync, current_setting('wal_sync_method') as method,
      current_setting('synchronous_commit') as commit`.execute(again.db)
  assert.deepEqual(rows, [{ fsync: 'on', method: 'fsync', commit: 'on' }])
  await again.close()
  await second.close()
})

test('a folder that is served is refused, and still served (stack.md §0.4)', async (t) => {
  const folder = await dataFolder(t)
  const embedded = await startEmbedded(folder)
  t.after(() => embedded.close())
  await assert.rejects(startEmbedded(folder), EmbeddedInUse)
  const other = startChild(t, 'start', folder)
  assert.equal(await other.first, 'EmbeddedInUse')
  const database = openOn(embedded)
  t.after(() => database.close())
  assert.ok((await database.time()) instanceof Date)
})

test('of twenty processes that start at once one serves, and the others say why not (stack.md §0.4)', async (t) => {
  const folder = await dataFolder(t)
  const said = await Promise.all(Array.from({ length: 20 }, () => startChild(t, 'start', folder).first))
  assert.deepEqual(said.sort(), [...Array.from({ length: 19 }, () => 'EmbeddedInUse'), 'serving'])
})

test('of commands that run at once each gets the one database, started by the first (design.md §11)', async (t) => {
  const folder = await dataFolder(t)
  const said = await Promise.all(Array.from({ length: 5 }, () => startChild(t, 'attach', folder).first))
  assert.deepEqual(
    said,
    Array.from({ length: 5 }, () => 'serving'),
  )
})

test('after kill -9 every acknowledged row is there, and what the dead one left is cleared away (stack.md §3)', async (t) => {
  const folder = await dataFolder(t)
  const { child, lines, first } = startChild(t, 'write', folder)
  assert.equal(await first, '1')
  let acknowledged = 1
  lines.on('line', (line) => {
    acknowledged = Number(line)
    if (acknowledged === 200) child.kill('SIGKILL')
  })
  await once(lines, 'close')
  assert.ok(acknowledged >= 200)
  const again = await startEmbedded(folder)
  t.after(() => again.close())
  const client = await clientOf(again)
  const { rows } = await client.query('select count(*)::integer as count from apple')
  await client.end()
  assert.ok(rows[0].count >= acknowledged, `${rows[0].count} of ${acknowledged}`)
})

test('a first start that was killed half way through unpacking is begun anew (stack.md §3)', async (t) => {
  const folder = await dataFolder(t)
  const half = join(folder, 'database', 'cluster.half')
  mkdirSync(join(half, 'base'), { recursive: true })
  writeFileSync(join(half, 'PG_VERSION'), EMBEDDED_MAJOR)
  const embedded = await startEmbedded(folder)
  await embedded.close()
  assert.deepEqual(readdirSync(join(folder, 'database')).sort(), ['cluster', 'lock'])
})

test('the cluster of another PostgreSQL version is refused and left untouched (stack.md §0.4)', async (t) => {
  const folder = await dataFolder(t)
  const cluster = join(folder, 'database', 'cluster')
  mkdirSync(cluster, { recursive: true })
  for (const version of ['17\n', '']) {
    writeFileSync(join(cluster, 'PG_VERSION'), version)
    await assert.rejects(startEmbedded(folder), EmbeddedVersionMismatch)
    assert.deepEqual(readdirSync(cluster), ['PG_VERSION'])
    assert.equal(readFileSync(join(cluster, 'PG_VERSION'), 'utf8'), version)
  }
})

test('the seed is of the version that the engine is (stack.md §3)', async (t) => {
  const seeded = readSeed().find(([path]) => path === 'PG_VERSION')?.[1]
  assert.equal(
    Buffer.from(seeded ?? [])
      .toString()
      .trim(),
    EMBEDDED_MAJOR,
  )
  const embedded = await startEmbedded(await dataFolder(t))
  t.after(() => embedded.close())
  const client = await clientOf(embedded)
  const { rows } = await client.query('select version()')
  await client.end()
  assert.match(rows[0].version, new RegExp(`^PostgreSQL ${EMBEDDED_MAJOR}\\.`))
})

/** A client that speaks the protocol by hand, so that it can stop anywhere. */
async function rawClient({ socketFolder, port }: Embedded) {
  const socket = createConnection(join(socketFolder, `.s.PGSQL.${port}`))
  const startup = Buffer.from('\0\0\0\0\0\x03\0\0user\0postgres\0database\0postgres\0\0')
  startup.writeInt32BE(startup.length)
  socket.write(startup)
  await once(socket, 'data')
  const send = async (type: string, body: string) => {
    const message = Buffer.from(`${type}\0\0\0\0${body}`)
    message.writeInt32BE(message.length - 1, 1)
    socket.write(message)
    await once(socket, 'data')
  }
  return { send, die: () => socket.destroy() }
}

test('a client that dies inside a transaction, or inside a statement, stops nobody (stack.md §3b)', async (t) => {
  const embedded = await startEmbedded(await dataFolder(t))
  t.after(() => embedded.close())
  const database = openOn(embedded)
  t.after(() => database.close())
  await sql`create table apple (id integer)`.execute(database.db)
  const inTransaction = await rawClient(embedded)
  await inTransaction.send('Q', 'begin; insert into apple values (1)\0')
  const waiting = sql`select * from apple`.execute(database.db)
  inTransaction.die()
  assert.deepEqual((await waiting).rows, [], 'rolled back')
  const inStatement = await rawClient(embedded)
  await inStatement.send('P', '\0select * from nowhere\0\0\0') // refused; all is ignored now until a Sync
  inStatement.die()
  assert.deepEqual((await sql`select ${1}::integer as one`.execute(database.db)).rows, [{ one: 1 }])
})

test('nonsense on the socket closes that connection and no other (stack.md §3b)', async (t) => {
  const embedded = await startEmbedded(await dataFolder(t))
  t.after(() => embedded.close())
  for (const nonsense of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\0\0\0\0\0', '\x7f\xff\xff\xff\0\0\0\0']) {
    const socket = createConnection(join(embedded.socketFolder, `.s.PGSQL.${embedded.port}`))
    socket.on('error', () => undefined)
    socket.write(nonsense, 'latin1')
    await once(socket, 'close')
  }
  const database = openOn(embedded)
  t.after(() => database.close())
  assert.ok((await database.time()) instanceof Date)
})

test('a statement longer than a packet and an answer longer than a page arrive whole (stack.md §3b)', async (t) => {
  const embedded = await startEmbedded(await dataFolder(t))
  t.after(() => embedded.close())
  const database = openOn(embedded)
  t.after(() => database.close())
  const texts = Array.from({ length: 4 }, (_, i) => `${i}`.repeat(300_000))
  const answers = await Promise.all(
    texts.map((text) => sql<{ text: string }>`select ${text}::text as text`.execute(database.db)),
  )
  assert.deepEqual(
    answers.map(({ rows }) => rows[0]?.text.length),
    texts.map((text) => text.length),
  )
  assert.ok(answers.every(({ rows }, i) => rows[0]?.text === texts[i]))
})

test('upkeep cuts the log and clears dead rows, which nothing else would do (design.md §2.13)', async (t) => {
  const folder = await dataFolder(t)
  const embedded = await startEmbedded(folder)
  t.after(() => embedded.close())
  const client = await clientOf(embedded)
  await client.query('create table apple (id integer primary key, note text)')
  await client.query(`insert into apple select g, repeat('a', 200) from generate_series(1, 10000) g`)
  for (let i = 0; i < 6; i++) await client.query(`update apple set note = repeat('${i}', 200)`)
  const log = async () => {
    const { rows } = await client.query(
      'select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()',
    )
    return rows[0].bytes
  }
  assert.ok((await log()) > 16 * 1024 * 1024)
  await client.query('select pg_stat_force_next_flush()') // counted at most once a second otherwise
  await upkeep({ host: embedded.socketFolder, port: embedded.port })
  assert.ok((await log()) < 1024 * 1024)
  const { rows } = await client.query(`
    select n_dead_tup::integer as dead, vacuum_count::integer as vacuums from pg_stat_user_tables where relname = 'apple'`)
  await client.end()
  assert.deepEqual(rows, [{ dead: 0, vacuums: 1 }])
})
