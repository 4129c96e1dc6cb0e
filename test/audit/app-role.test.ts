import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { CompiledQuery, sql } from 'kysely'
import { newId, systemRandom } from '../../src/base/random.ts'
import { Secret } from '../../src/base/secret.ts'
import { appRoleState } from '../../src/store/app-role.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { upkeep } from '../../src/store/embedded-upkeep.ts'
import { createStore } from '../../src/store/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { ENGINES, freshDatabase } from '../support/postgres.ts'

const AUDIT_TABLES = ['audit_event', 'audit_subject', 'audit_seal', 'audit_checkpoint']
const DENIED = { code: '42501' }
const run = (database: Database, statement: string) => database.db.executeQuery(CompiledQuery.raw(statement))

for (const { name, fresh } of ENGINES) {
  suite(`the role of the server on ${name}`, () => {
    test('what is audited can be added to, and neither changed nor removed (A178)', async (t) => {
      const { database, drop } = await fresh({ migrated: true })
      t.after(drop)
      const store = createStore(database, { sessionIdleSeconds: 3600 })
      const clock = { now: () => new Date() }
      const event = administrationEvent({ clock, random: systemRandom }, 'role.put', 'operator', {})
      await store.roles.put({ name: 'reader', description: '' }, event)
      assert.equal((await sql`select 1 from audit_event`.execute(database.db)).rows.length, 1)
      for (const table of AUDIT_TABLES) {
        const column = table === 'audit_subject' ? 'address' : table === 'audit_event' ? 'type' : 'seq'
        await assert.rejects(run(database, `update ${table} set ${column} = default`), DENIED, table)
        await assert.rejects(run(database, `delete from ${table}`), DENIED, table)
        await assert.rejects(run(database, `truncate ${table} cascade`), DENIED, table)
        await assert.rejects(run(database, `drop table ${table} cascade`), DENIED, table)
        await assert.rejects(run(database, `alter table ${table} disable trigger all`), DENIED, table)
      }
      await assert.rejects(run(database, 'delete from audit_head'), DENIED)
      await assert.rejects(run(database, 'update audit_queue set event_id = event_id'), DENIED)
      await assert.rejects(run(database, 'update schema_migration set name = name'), DENIED)
      assert.equal(await appRoleState(database), 'ready')
    })

    test('a table of a later migration is given to it (design.md §7)', async (t) => {
      const { database, drop } = await fresh()
      t.after(drop)
      const folder = await mkdtemp(join(tmpdir(), 'postern-migrations-'))
      t.after(() => rm(folder, { recursive: true }))
      await writeFile(join(folder, '0001_apple.sql'), 'create table apple (id integer);')
      await migrate(database, folder)
      await writeFile(join(folder, '0002_pear.sql'), 'create table pear (id integer);')
      await migrate(database, folder)
      await run(database, 'insert into pear values (1)')
      await run(database, 'update pear set id = 2')
      assert.deepEqual((await run(database, 'delete from pear returning id')).rows, [{ id: 2 }])
      await assert.rejects(run(database, 'truncate pear'), DENIED)
      await assert.rejects(run(database, 'drop table pear'), { code: '42501' })
    })
  })
}

/** A login of the test server, and a database that it owns. */
async function loginWith(attributes: string) {
  const { url, database, drop } = await freshDatabase()
  const name = `login_${newId(systemRandom, new Date()).replaceAll('-', '')}`
  await run(database, `create role ${name} login password '${name}' ${attributes}`)
  await run(database, `grant all on schema public to ${name}`)
  const mine = new URL(url)
  mine.username = name
  mine.password = name
  const own = openDatabase({ connection: { kind: 'url', url: new Secret(mine.href) } })
  return {
    name,
    own,
    owner: database,
    drop: async () => {
      await own.close()
      await database.asOwner(async (db) => {
        await db.executeQuery(CompiledQuery.raw(`drop owned by ${name} cascade`))
        await db.executeQuery(CompiledQuery.raw(`drop role ${name}`))
      })
      await drop()
    },
  }
}

test('a login that may make roles takes the role though it is no superuser (design.md §7)', async (t) => {
  const { own, drop } = await loginWith('createrole')
  t.after(drop)
  const { rows: before } = await sql<{ there: boolean }>`
    select exists (select 1 from pg_roles where rolname = 'postern_app') as there`.execute(own.db)
  await migrate(own)
  // Another deployment of the same server may have made it before: then this login has no say over it.
  const state = await appRoleState(own)
  assert.equal(state, before[0]?.there ? 'not-granted' : 'ready')
})

test('a login that may not become the role works as itself, and the state says why (design.md §7)', async (t) => {
  const { own, owner, name, drop } = await loginWith('')
  t.after(drop)
  await migrate(own)
  const found = await sql`select 1 from pg_roles where rolname = 'postern_app'`.execute(own.db)
  assert.equal(await appRoleState(own), found.rows.length > 0 ? 'not-granted' : 'missing')
  await run(own, "update audit_event set type = 'x'")

  await migrate(owner) // makes the role
  await owner.asOwner((db) => db.executeQuery(CompiledQuery.raw(`grant postern_app to ${name}`)))
  await migrate(own)
  assert.equal(await appRoleState(own), 'ready')
  await assert.rejects(run(own, "update audit_event set type = 'x'"), DENIED)
})

test('the embedded engine is tidied as the role, too (design.md §7)', async (t) => {
  const [, embedded] = ENGINES
  assert.ok(embedded)
  const { database, connection, drop } = await embedded.fresh({ migrated: true })
  t.after(drop)
  assert.ok(connection.kind === 'embedded')
  await run(
    database,
    "insert into role (name, created_at, updated_at) select 'r' || n, now(), now() from generate_series(1, 5000) as g (n)",
  )
  await run(database, 'delete from role')
  await run(database, 'select pg_stat_force_next_flush()') // counted at most once a second otherwise
  await upkeep({ host: connection.socketFolder, port: connection.port })
  const vacuumed = "select vacuum_count::int as n from pg_stat_user_tables where relname = 'role'"
  assert.deepEqual((await run(database, vacuumed)).rows, [{ n: 1 }])
  await run(database, 'checkpoint')
})

test('rights that somebody added to the role are taken back (A178)', async (t) => {
  const { database, drop } = await freshDatabase({ migrated: true })
  t.after(drop)
  await database.asOwner((db) => db.executeQuery(CompiledQuery.raw('grant all on audit_event to postern_app')))
  assert.equal(await appRoleState(database), 'wrong-rights')
  await migrate(database)
  assert.equal(await appRoleState(database), 'ready')
  await assert.rejects(run(database, 'delete from audit_event'), DENIED)
})

test('nodes that start at once all end up with the role (design.md §2.11)', async (t) => {
  const { connection, database, drop } = await freshDatabase()
  t.after(drop)
  const nodes = Array.from({ length: 5 }, () => openDatabase({ connection }))
  t.after(() => Promise.all(nodes.map((node) => node.close())))
  await Promise.all(nodes.map((node) => migrate(node)))
  for (const node of [...nodes, database]) assert.equal(await appRoleState(node), 'ready')
  for (const node of nodes) await assert.rejects(run(node, 'delete from audit_event'), DENIED)
})
