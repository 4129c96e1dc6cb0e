// store: the only room with SQL. A store function is one fact; it runs through `run` or `transaction`, which do it again
// when the database asked for that, and time is the database's own.
import { Kysely, PostgresDialect, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Secret } from '../base/secret.ts'
import type { CredentialSource } from './credentials.ts'
import { createPool, forgetStatements, type Pool } from './pool.ts'
import { isStale, retried } from './retry.ts'
import type { Schema } from './schema.ts'

export { StoreUnavailable } from './retry.ts'

/** Where the database is: a PostgreSQL server by URL, or the embedded one by the folder of its socket. */
export type Connection =
  | {
      readonly kind: 'url'
      readonly url: Secret<string>
      readonly maxConnections?: number
      /** Instead of those in the URL, and changing while the server runs. */
      readonly credentials?: CredentialSource
    }
  | { readonly kind: 'embedded'; readonly socketFolder: string; readonly port: number }

export interface DatabaseOptions {
  readonly connection: Connection
  /** How far the time of the database is moved, in seconds. For tests; absent in production. */
  readonly offsetSeconds?: () => number
  /** Told of what no caller waits for: a connection that breaks while idle. */
  readonly onError?: (error: Error) => void
}

export interface Database {
  readonly db: Kysely<Schema>
  readonly engine: 'embedded' | 'postgres'
  /**
   * The one time that decides, as an SQL expression. It is read anew after a wait for a lock, so an index can't be
   * searched by it: where one should be, write `(select ${now})`.
   */
  readonly now: RawBuilder<Date>
  /**
   * Runs one store function, and again after a conflict or a lost connection, so what it did may have been done already.
   * Random values are drawn before it.
   * @throws StoreUnavailable when the database can't be reached
   */
  run<T>(fact: (db: Kysely<Schema>) => Promise<T>): Promise<T>
  /** All statements or none; again as `run`. Awaits nothing but its own SQL: the embedded engine has one session. */
  transaction<T>(fact: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /** A transaction with the rights of the login, which owns the tables: to migrate, and to drop or erase what is audited. */
  asOwner<T>(fact: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /** From now on every connection works as the role that cannot change the audit. It has to be there. */
  workAsAppRole(): void
  /** How many connections are lent, and how many callers wait for one. */
  load: Pool['load']
  /** The time that decides, for readiness and skew. */
  time(): Promise<Date>
  close(): Promise<void>
}

/** Opens the store's database. Connects when the first statement needs it. */
export function openDatabase({ connection, offsetSeconds, onError }: DatabaseOptions): Database {
  const pool = createPool(connection, onError)
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const now = () => nowPlus(offsetSeconds?.() ?? 0)
  const run = <T>(fact: (db: Kysely<Schema>) => Promise<T>): Promise<T> =>
    retried(
      () => fact(db),
      (error) => {
        if (isStale(error)) forgetStatements(pool)
      },
    )
  const transaction: Database['transaction'] = (fact) => run((each) => each.transaction().execute(fact))
  return {
    db,
    engine: connection.kind === 'url' ? 'postgres' : 'embedded',
    get now() {
      return now()
    },
    run,
    transaction,
    asOwner: (fact) =>
      transaction(async (trx) => {
        await sql`set local role to default`.execute(trx)
        return await fact(trx)
      }),
    workAsAppRole: () => pool.workAsAppRole(),
    load: pool.load,
    time: () => run(async (each) => theOne((await sql<{ now: Date }>`select ${now()} as now`.execute(each)).rows).now),
    close: () => db.destroy(),
  }
}

function nowPlus(seconds: number): RawBuilder<Date> {
  return seconds === 0
    ? sql<Date>`clock_timestamp()`
    : sql<Date>`(clock_timestamp() + make_interval(secs => ${seconds}))`
}

function theOne<T>(rows: readonly T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('a select without a condition gives a row')
  return row
}
