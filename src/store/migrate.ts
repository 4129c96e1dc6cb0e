import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompiledQuery, type Kysely, sql } from 'kysely'
import { takeAppRole } from './app-role.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** A numbered SQL file. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly checksum: string
  readonly text: string
}

/** The database has been migrated by a later release. Nothing was changed. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
  constructor() {
    super('the database was migrated by a later release: run that release, or restore a backup made before it')
  }
}

/** A file that this database has seen is no longer what it was. Nothing was changed. */
export class MigrationChanged extends Error {
  override readonly name = 'MigrationChanged'
  readonly migration: string
  constructor(migration: string) {
    super('a migration that this database has applied was changed since: put its file back, and write a new one')
    this.migration = migration
  }
}

/** A file has a lower number than one that was applied before it came. Nothing was changed. */
export class MigrationOutOfOrder extends Error {
  override readonly name = 'MigrationOutOfOrder'
  readonly migration: string
  constructor(migration: string) {
    super('a migration is numbered below one that this database has applied: give it the next free number')
    this.migration = migration
  }
}

/** A migration was refused by the database, and left nothing behind. Those before it stay applied. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed'
  readonly migration: string
  constructor(migration: string, cause: unknown) {
    super('a migration failed and was rolled back: its cause says why; mend that and migrate again', { cause })
    this.migration = migration
  }
}

/** The files of a folder are no row of numbered migrations. */
export class MigrationFilesWrong extends Error {
  override readonly name = 'MigrationFilesWrong'
  constructor() {
    super(
      'the migrations are damaged: each is named like 0001_user.sql, with a number of its own; install the release again',
    )
  }
}

const FILE_NAME = /^(\d{4})_[a-z0-9_-]+\.sql$/
/** In the tree and in the build they lie at different heights. */
const FOLDERS = ['../migrations', '../../migrations'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The migrations that would be applied now, in order. Changes nothing, and refuses as `migrate` does. */
export async function planMigrations(database: Database, folder?: string): Promise<readonly Migration[]> {
  const known = readMigrations(folder)
  return database.run(async (db) => pending(known, await appliedTo(db)))
}

/**
 * Applies what is pending, each file in a transaction of its own. Any number of nodes may do this at once: the primary key
 * of the row that stands for a migration makes the others wait, and then pass over it. Afterwards the server works as its
 * own role, which has rights on the new tables too.
 * @returns the migrations that this call applied
 * @throws SchemaTooNew, MigrationChanged, MigrationOutOfOrder: having changed nothing
 * @throws MigrationFailed
 */
export async function migrate(database: Database, folder?: string): Promise<readonly Migration[]> {
  const plan = await planMigrations(database, folder)
  if (plan.length > 0) await createTable(database)
  const done: Migration[] = []
  for (const migration of plan) {
    if (await apply(database, migration)) done.push(migration)
  }
  await takeAppRole(database)
  return done
}

/** @returns whether it was this call that applied it */
async function apply(database: Database, { version, name, checksum, text }: Migration): Promise<boolean> {
  let statement = false
  try {
    return await database.asOwner(async (trx) => {
      statement = false
      await sql`set local statement_timeout = 0`.execute(trx) // the wait for another node, and a large table, take their time
      const { rows } = await sql`
        insert into schema_migration (version, name, checksum, applied_at)
        values (${version}, ${name}, ${checksum}, clock_timestamp())
        on conflict (version) do nothing returning version`.execute(trx)
      if (rows.length === 0) return false
      statement = true
      await trx.executeQuery(CompiledQuery.raw(text)) // without parameters it may hold many statements
      return true
    })
  } catch (error) {
    throw statement ? new MigrationFailed(name, error) : error
  }
}

/** Two nodes that create a table at once can collide in the catalogue, whatever `if not exists` says: the second try finds it. */
async function createTable(database: Database): Promise<void> {
  const create = () =>
    database.asOwner((db) =>
      sql`create table if not exists schema_migration (
        version    integer primary key,
        name       text not null,
        checksum   text not null,
        applied_at timestamptz not null
      )`.execute(db),
    )
  await create().catch(create)
}

interface Applied {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

async function appliedTo(db: Kysely<Schema>): Promise<readonly Applied[]> {
  const { rows: found } = await sql<{ exists: boolean }>`
    select to_regclass('schema_migration') is not null as exists`.execute(db)
  if (found[0]?.exists !== true) return []
  const { rows } = await sql<Applied>`select version, name, checksum from schema_migration order by version`.execute(db)
  return rows
}

function pending(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const files = new Map(known.map((each) => [each.version, each]))
  const last = applied.at(-1)?.version ?? 0
  if (applied.some(({ version }) => !files.has(version))) throw new SchemaTooNew()
  const changed = applied.find(({ version, checksum }) => files.get(version)?.checksum !== checksum)
  if (changed) throw new MigrationChanged(changed.name)
  const done = new Set(applied.map(({ version }) => version))
  const rest = known.filter(({ version }) => !done.has(version))
  const late = rest.find(({ version }) => version < last)
  if (late) throw new MigrationOutOfOrder(late.name)
  return rest
}

/** Reads the numbered files of a folder, in order. @throws MigrationFilesWrong */
function readMigrations(folder = FOLDERS.find(existsSync)): readonly Migration[] {
  if (folder === undefined) throw new MigrationFilesWrong()
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => readMigration(folder, file))
  if (new Set(migrations.map(({ version }) => version)).size !== migrations.length) throw new MigrationFilesWrong()
  return migrations
}

function readMigration(folder: string, file: string): Migration {
  const number = FILE_NAME.exec(file)?.[1]
  if (number === undefined) throw new MigrationFilesWrong()
  const text = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n') // a checkout may have changed the line ends
  const checksum = createHash('sha256').update(text).digest('hex')
  return { version: Number(number), name: file.slice(0, -'.sql'.length), checksum, text }
}
