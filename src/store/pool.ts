import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import pg from 'pg'
import { type CredentialSource, clientOf, isLoginRefused, isOutdated } from './credentials.ts'
import type { Connection } from './database.ts'
import { isLost, isUnanswered, NotConnected } from './retry.ts'

const CONNECTIONS = 10
const CONNECT_MS = 5_000 // also the wait for a free connection: longer than this, and the node sheds load
const STATEMENT_MS = 10_000
const ANSWER_MS = 11_000 // longer than the server's own limit: only a dead network needs it. Our callers wait for 15 s
const SCRIPT_MS = 2 ** 31 - 1 // a migration may rewrite a large table
const CONNECTION_LIFE_SECONDS = 30 * 60 // so that nodes find a new primary or a new replica in time
const MAX_NAMES = 1_000

/** On a PostgreSQL server. The embedded engine has one session, whose settings are given at its start. */
const SESSION = `set timezone = 'UTC'; set statement_timeout = ${STATEMENT_MS}; set idle_in_transaction_session_timeout = ${STATEMENT_MS * 3}`

const INT8 = 20
const DATE = 1082
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === INT8) return Number // counts and byte lengths: nothing here comes near 2^53
    if (oid === DATE) return String // a day has no instant
    return pg.types.getTypeParser(oid, format)
  },
}

/** A pool as Kysely wants it, over the driver's. */
export interface Pool extends PostgresPool {
  readonly names: StatementNames | undefined
  workAsAppRole(): void
  /** How many connections are lent, and how many callers wait for one. */
  load(): { readonly inUse: number; readonly waiting: number }
}

/** Makes the pool of connections. Statements have names on a PostgreSQL server: it then plans each once per connection. */
export function createPool(connection: Connection, onError?: (error: Error) => void): Pool {
  const pool = new pg.Pool({
    ...addressOf(connection),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'postern',
    types,
  })
  pool.on('error', (error) => onError?.(error)) // an idle connection broke; the pool has dropped it
  // One that is lent can break between two statements: the next one fails, so this is told already. Unheard, it would end
  // the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const names = connection.kind === 'url' ? new StatementNames() : undefined
  const credentials = connection.kind === 'url' ? connection.credentials : undefined
  const restricted = new WeakSet<pg.PoolClient>()
  let worksAsAppRole = false
  const connect = async () => {
    const client = await pool.connect().catch((cause) => notConnected(cause, credentials))
    if (worksAsAppRole && !restricted.has(client)) {
      await restrict(client, onError)
      restricted.add(client)
    }
    return client
  }
  return {
    names,
    options: pool.options,
    connect: async () => new PooledConnection(await connect(), names),
    end: () => pool.end(),
    workAsAppRole: () => {
      worksAsAppRole = true
    },
    load: () => ({ inUse: pool.totalCount - pool.idleCount, waiting: pool.waitingCount }),
  }
}

/** The role went, or a login that came later may not become it. */
const NO_ROLE = ['42501', '22023']

/** Without the role things go on as they do where there never was one; `doctor` says so. */
async function restrict(client: pg.PoolClient, onError: ((error: Error) => void) | undefined): Promise<void> {
  try {
    await client.query('set role postern_app')
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_ROLE.includes(String(error.code))) return onError?.(error)
    client.release(true)
    throw error
  }
}

function notConnected(cause: unknown, credentials: CredentialSource | undefined): never {
  if (isLoginRefused(cause)) credentials?.refused()
  throw new NotConnected(cause)
}

/** Gives every statement a new name, since what the server holds under the old ones no longer fits the schema. */
export const forgetStatements = (pool: Pool): void => pool.names?.clear()

function addressOf(connection: Connection): pg.PoolConfig {
  if (connection.kind === 'embedded') {
    const { socketFolder, port } = connection
    return { host: socketFolder, port, user: 'postgres', database: 'postgres', max: CONNECTIONS }
  }
  return {
    connectionString: asLibpqReadsIt(connection.url.reveal()),
    max: connection.maxConnections ?? CONNECTIONS,
    maxLifetimeSeconds: CONNECTION_LIFE_SECONDS,
    onConnect: (client) => client.query(SESSION),
    ...(connection.credentials && { Client: clientOf(connection.credentials) }),
  }
}

/** `sslmode` then means what PostgreSQL's documentation says: `require` encrypts, `verify-full` proves the server as well. */
const asLibpqReadsIt = (url: string): string => `${url}${url.includes('?') ? '&' : '?'}uselibpqcompat=true`

const COMMANDS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COMMIT', 'ROLLBACK'] as const

/** What Kysely tells apart; any other command has nothing to count. */
const commandOf = (command: string) => COMMANDS.find((each) => each === command) ?? 'SELECT'

/** A connection that the pool has lent. */
class PooledConnection implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #names: StatementNames | undefined
  /** Why it is of no more use. Nothing is asked of it then, a rollback neither: it would wait for an answer that never comes. */
  #failure: unknown

  constructor(client: pg.PoolClient, names: StatementNames | undefined) {
    this.#client = client
    this.#names = names
  }

  query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    text: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== 'string') throw new Error('no cursor was configured')
    return this.#query<R>(text, [...values])
  }

  async #query<R>(text: string, values: unknown[]): Promise<PostgresQueryResult<R>> {
    if (this.#failure !== undefined) throw this.#failure
    const isScript = values.length === 0 && text.includes(';')
    const name = values.length > 0 ? this.#names?.nameOf(text) : undefined
    const query = { text, values, query_timeout: isScript ? SCRIPT_MS : ANSWER_MS, ...(name && { name }) }
    try {
      const result = await this.#client.query(query)
      return { command: commandOf(result.command), rowCount: result.rowCount ?? 0, rows: result.rows }
    } catch (error) {
      if (isUnanswered(error) || isLost(error)) this.#failure = error
      throw error
    }
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#failure !== undefined || isOutdated(this.#client))
  }
}

/** The name of each statement text. Bounded: texts beyond the bound are planned at each use. */
class StatementNames {
  readonly #names = new Map<string, string>()
  #made = 0

  nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined || this.#names.size >= MAX_NAMES) return known
    const name = `s${++this.#made}`
    this.#names.set(text, name)
    return name
  }

  clear(): void {
    this.#names.clear()
  }
}
