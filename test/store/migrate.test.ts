import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openDatabase } from '../../src/store/database.ts'
import {
  MigrationChanged,
  MigrationFailed,
  MigrationFilesWrong,
  MigrationOutOfOrder,
  migrate,
  planMigrations,
  SchemaTooNew,
} from '../../src/store/migrate.ts'
import { ENGINES, type FreshDatabase, freshDatabase } from '../support/postgres.ts'

const FILES = {
  '0001_apple.sql': "create table apple (id integer primary key, note text);\ninsert into apple values (1, 'a;b');",
  '0002_pear.sql': 'create table pear (id integer primary key);\ncomment on table pear is $$one; two$$;',
}

async function folderOf(files: Readonly<Record<string, string>>, t: { after(undo: () => Promise<void>): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function tablesOf({ database }: FreshDatabase): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' order by 1`.execute(database.db)
  return rows.map(({ name }) => name)
}

const names = (migrations: readonly { readonly name: string }[]) => migrations.map(({ name }) => name)

for (const { name, fresh } of ENGINES) {
  test(`on ${name}, the migrations of the tree are planned, applied once and then done (design.md §2.11)`, async (t) => {
    const target = await fresh()
    t.after(() => target.drop())
    const files = (await readdir(new URL('../../migrations', import.meta.url))).filter((file) => file.endsWith('.sql'))
    const expected = files.sort().map((file) => file.replace('.sql', ''))
    assert.deepEqual(names(await planMigrations(target.database)), expected)
    assert.deepEqual(await tablesOf(target), [], 'a plan changes nothing')
    assert.deepEqual(names(await migrate(target.database)), expected)
    assert.deepEqual(await planMigrations(target.database), [])
    assert.deepEqual(await migrate(target.database), [])
  })

  test(`on ${name}, a file that fails leaves nothing of itself, and what came before it (house.md §7)`, async (t) => {
    const target = await fresh()
    t.after(() => target.drop())
    const folder = await folderOf({ ...FILES, '0003_plum.sql': 'create table plum (id integer);\nselect 1 / 0;' }, t)
    await assert.rejects(migrate(target.database, folder), (error: unknown) => {
      assert.ok(error instanceof MigrationFailed)
      assert.equal(error.migration, '0003_plum')
      assert.match(String(error.cause), /division by zero/)
      return true
    })
    assert.deepEqual(await tablesOf(target), ['apple', 'pear', 'schema_migration'])
    await writeFile(join(folder, '0003_plum.sql'), 'create table plum (id integer);')
    assert.deepEqual(names(await migrate(target.database, folder)), ['0003_plum'])
  })

  test(`on ${name}, a database of a later release is refused and left as it is (house.md §7)`, async (t) => {
    const target = await fresh()
    t.after(() => target.drop())
    const later = await folderOf(FILES, t)
    const earlier = await folderOf({ '0001_apple.sql': FILES['0001_apple.sql'] }, t)
    await migrate(target.database, later)
    await assert.rejects(planMigrations(target.database, earlier), SchemaTooNew)
    await assert.rejects(migrate(target.database, earlier), SchemaTooNew)
  })

  test(`on ${name}, a changed file is refused before anything pending is applied (house.md §7)`, async (t) => {
    const target = await fresh()
    t.after(() => target.drop())
    const folder = await folderOf({ '0001_apple.sql': FILES['0001_apple.sql'] }, t)
    await migrate(target.database, folder)
    await writeFile(join(folder, '0001_apple.sql'), 'create table apple (id bigint primary key);')
    await writeFile(join(folder, '0002_pear.sql'), FILES['0002_pear.sql'])
    await assert.rejects(migrate(target.database, folder), (error: unknown) => {
      assert.ok(error instanceof MigrationChanged)
      return error.migration === '0001_apple'
    })
    assert.deepEqual(await tablesOf(target), ['apple', 'schema_migration'])
  })
}

test('other line ends are no change of a migration (house.md §7)', async (t) => {
  const target = await freshDatabase()
  t.after(() => target.drop())
  const folder = await folderOf(FILES, t)
  await migrate(target.database, folder)
  const windows = await folderOf({}, t)
  await cp(folder, windows, { recursive: true })
  await writeFile(join(windows, '0001_apple.sql'), FILES['0001_apple.sql'].replaceAll('\n', '\r\n'))
  assert.deepEqual(await planMigrations(target.database, windows), [])
})

test('a file numbered below an applied one is refused (house.md §7)', async (t) => {
  const target = await freshDatabase()
  t.after(() => target.drop())
  const folder = await folderOf(FILES, t)
  await rename(join(folder, '0001_apple.sql'), join(folder, '0003_apple.sql'))
  await migrate(target.database, folder)
  await writeFile(join(folder, '0001_fig.sql'), 'create table fig (id integer);')
  await assert.rejects(migrate(target.database, folder), MigrationOutOfOrder)
})

test('files that are not numbered, or numbered twice, are refused (house.md §7)', async (t) => {
  const target = await freshDatabase()
  t.after(() => target.drop())
  const unnumbered = await folderOf({ 'apple.sql': 'select 1' }, t)
  const twice = await folderOf({ '0001_apple.sql': 'select 1', '0001_pear.sql': 'select 1' }, t)
  await assert.rejects(planMigrations(target.database, unnumbered), MigrationFilesWrong)
  await assert.rejects(planMigrations(target.database, twice), MigrationFilesWrong)
})

test('five nodes that start at once apply each migration once, and all go on (design.md §2.11)', async (t) => {
  const target = await freshDatabase()
  t.after(() => target.drop())
  const slow = '\nselect pg_sleep(0.05);'
  const many = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [`000${i + 1}_t${i}.sql`, `create table t${i} (id integer);${slow}`]),
  )
  const folder = await folderOf(many, t)
  const nodes = Array.from({ length: 5 }, () => openDatabase({ connection: target.connection }))
  t.after(() => Promise.all(nodes.map((node) => node.close())))
  const applied = await Promise.all(nodes.map((node) => migrate(node, folder)))
  assert.deepEqual(names(applied.flat()).sort(), ['0001_t0', '0002_t1', '0003_t2', '0004_t3', '0005_t4', '0006_t5'])
  for (const node of nodes) assert.deepEqual(await planMigrations(node, folder), [])
})
