import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { Secret } from '../../src/base/secret.ts'
import { openDatabase, StoreUnavailable } from '../../src/store/database.ts'
import { ENGINES, freshDatabase } from '../support/postgres.ts'

const SKEW_MS = 2_000

for (const { name, fresh } of ENGINES) {
  test(`on ${name}, values come back as the types that the schema says (house.md §7)`, async (t) => {
    const { database, drop } = await fresh()
    t.after(drop)
    const { rows } = await sql`
      select 9007199254740991::int8 as count, '2026-01-02T03:04:05.678Z'::timestamptz as instant, '2026-01-02'::date as day,
        '\\x00ff'::bytea as bytes, array['a', 'b'] as texts, ${JSON.stringify({ a: 1 })}::jsonb as json,
        ${new Date('2026-01-02T03:04:05.678Z')}::timestamptz as given, ${Buffer.from([0, 255])}::bytea as sent,
        current_setting('timezone') as zone`.execute(database.db)
    const instant = new Date('2026-01-02T03:04:05.678Z')
    const bytes = Buffer.from([0, 255])
    assert.deepEqual(rows, [
      {
        count: 9007199254740991,
        instant,
        day: '2026-01-02',
        bytes,
        texts: ['a', 'b'],
        json: { a: 1 },
        given: instant,
        sent: bytes,
        zone: 'UTC',
      },
    ])
  })

  test(`on ${name}, the one time is the database's, moved by the offset of a test (design.md §2.12)`, async (t) => {
    let offset = 0
    const { database, drop } = await fresh({ offsetSeconds: () => offset })
    t.after(drop)
    const distance = async () => (await database.time()).getTime() - Date.now()
    assert.ok(Math.abs(await distance()) < SKEW_MS)
    offset = 3600.5
    assert.ok(Math.abs((await distance()) - 3_600_500) < SKEW_MS)
    const { rows } = await sql<{ later: Date }>`select ${database.now} as later`.execute(database.db)
    assert.ok(Math.abs((rows[0]?.later.getTime() ?? 0) - Date.now() - 3_600_500) < SKEW_MS)
  })

  test(`on ${name}, a transaction that throws leaves nothing (house.md §1.4)`, async (t) => {
    const { database, drop } = await fresh()
    t.after(drop)
    await sql`create table apple (id integer)`.execute(database.db)
    const refusal = new Error('refused')
    const attempt = database.transaction(async (trx) => {
      await sql`insert into apple values (1)`.execute(trx)
      throw refusal
    })
    await assert.rejects(attempt, refusal)
    assert.equal((await sql`select * from apple`.execute(database.db)).rows.length, 0)
  })

  test(`on ${name}, twenty transactions that read and then write lose no write (stack.md §3b)`, async (t) => {
    const { database, drop } = await fresh()
    t.after(drop)
    await sql`create table counter (value integer)`.execute(database.db)
    await sql`insert into counter values (0)`.execute(database.db)
    const add = () =>
      database.transaction(async (trx) => {
        const { rows } = await sql<{ value: number }>`select value from counter for update`.execute(trx)
        await sql`update counter set value = ${(rows[0]?.value ?? 0) + 1}`.execute(trx)
      })
    await Promise.all(Array.from({ length: 20 }, add))
    assert.deepEqual((await sql`select value from counter`.execute(database.db)).rows, [{ value: 20 }])
  })

  test(`on ${name}, statements beside transactions each get their own answer (design.md §2.2)`, async (t) => {
    const { database, drop } = await fresh()
    t.after(drop)
    const ask = async (text: string) => {
      const { rows } = await sql`select ${text}::text as text`.execute(database.db)
      return rows
    }
    const inTransaction = (text: string) =>
      database.transaction(async (trx) => (await sql`select ${text}::text as text, 1 as one`.execute(trx)).rows)
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => (i % 5 === 0 ? inTransaction(`${i}`) : ask(`${i}`))),
    )
    assert.deepEqual(
      answers.flat(),
      Array.from({ length: 400 }, (_, i) => (i % 5 === 0 ? { text: `${i}`, one: 1 } : { text: `${i}` })),
    )
  })
}

test('a serialization failure is tried again until it succeeds (design.md §2.11)', async (t) => {
  const { database, drop } = await freshDatabase()
  t.after(drop)
  await sql`create table counter (value integer)`.execute(database.db)
  await sql`insert into counter values (0)`.execute(database.db)
  let tries = 0
  const add = () =>
    database.transaction(async (trx) => {
      tries++
      await sql`set transaction isolation level repeatable read`.execute(trx)
      const { rows } = await sql<{ value: number }>`select value from counter`.execute(trx)
      await sql`update counter set value = ${(rows[0]?.value ?? 0) + 1}`.execute(trx)
    })
  await Promise.all([add(), add(), add()])
  assert.deepEqual((await sql`select value from counter`.execute(database.db)).rows, [{ value: 3 }])
  assert.ok(tries >= 3)
})

test('a conflict that never ends is given up as unavailable (design.md §4.8)', async (t) => {
  const { database, drop } = await freshDatabase()
  t.after(drop)
  let tries = 0
  const conflict = database.run(async (db) => {
    tries++
    await sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`.execute(db)
  })
  await assert.rejects(conflict, StoreUnavailable)
  assert.equal(tries, 6)
})

test('what a store function does wrong is thrown as it is, once (design.md §4.8)', async (t) => {
  const { database, drop } = await freshDatabase()
  t.after(drop)
  let tries = 0
  const wrong = database.run(async (db) => {
    tries++
    await sql`select * from nowhere`.execute(db)
  })
  await assert.rejects(wrong, { code: '42P01' })
  assert.equal(tries, 1)
})

test('a connection that the server ends is replaced, and its statement done again (design.md §4.8)', async (t) => {
  const { database, url, drop } = await freshDatabase()
  const killer = new pg.Client({ connectionString: url })
  await killer.connect()
  t.after(async () => {
    await killer.end()
    await drop()
  })
  let tries = 0
  const answer = await database.run(async (db) => {
    tries++
    return await db.connection().execute(async (connection) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection)
      if (tries === 1) await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      return (await sql`select ${tries}::integer as tries`.execute(connection)).rows
    })
  })
  assert.deepEqual(answer, [{ tries: 2 }])
})

test('a statement prepared before another node changed its table is prepared anew (design.md §2.11)', async (t) => {
  const { database, url, drop } = await freshDatabase()
  t.after(drop)
  await sql`create table apple (id integer)`.execute(database.db)
  await sql`insert into apple values (1)`.execute(database.db)
  const read = async () => await database.run((db) => sql`select * from apple where id = ${1}::integer`.execute(db))
  assert.deepEqual((await read()).rows, [{ id: 1 }])
  const other = openDatabase({ connection: { kind: 'url', url: new Secret(url) } })
  await sql`alter table apple add column note text`.execute(other.db)
  await other.close()
  assert.deepEqual((await read()).rows, [{ id: 1, note: null }])
})

test('a statement text is planned once for a connection of a PostgreSQL server (stack.md §3)', async (t) => {
  const { database, drop } = await freshDatabase()
  t.after(drop)
  await database.db.connection().execute(async (connection) => {
    for (const value of [1, 2, 3]) await sql`select ${value}::integer as value`.execute(connection)
    const { rows } = await sql`select statement from pg_prepared_statements`.execute(connection)
    assert.deepEqual(rows, [{ statement: 'select $1::integer as value' }])
  })
})

for (const [what, url] of [
  ['nothing listens', 'postgres://postern@127.0.0.1:1/postern'],
  ['there is no socket', 'postgres:///postern?host=/nonexistent&user=postern'],
] as const) {
  test(`a database where ${what} is unavailable, and the error keeps the cause and no password (design.md §4.8)`, async (t) => {
    const database = openDatabase({ connection: { kind: 'url', url: new Secret(url) } })
    t.after(() => database.close())
    await assert.rejects(database.time(), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable)
      assert.match(error.message, /^the database cannot be reached/)
      assert.match(String(error.cause), /ECONNREFUSED|ENOENT/)
      return true
    })
  })
}

test('a server that will not talk TLS is not spoken to where the URL asks for it (design.md §10)', async (t) => {
  const plain = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end('N'))
  })
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  t.after(() => plain.close())
  const address = plain.address()
  assert.ok(address !== null && typeof address === 'object')
  for (const mode of ['require', 'verify-full']) {
    const url = new Secret(`postgres://postern:hush@127.0.0.1:${address.port}/postern?sslmode=${mode}`)
    const database = openDatabase({ connection: { kind: 'url', url } })
    t.after(() => database.close())
    await assert.rejects(database.time(), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable)
      assert.match(String(error.cause), /does not support SSL/)
      return true
    })
  }
})
