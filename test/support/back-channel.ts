// What attacks on the back channel need besides a server: forged tokens, a second node, a database that is cut off, and a
// count of the statements that a request sends.
import { type KeyObject, sign } from 'node:crypto'
import pg from 'pg'
import { buildApp } from '../../src/app.ts'
import { addSeconds } from '../../src/base/numeric-date.ts'
import { openDeps } from '../../src/deps.ts'
import type { TestServer } from './server.ts'

interface Answer {
  readonly statusCode: number
  readonly body: string
}

/** Status and error code of a refusal, as in '400 invalid_grant'; the status alone where nothing was refused. */
export function refusal({ statusCode, body }: Answer): string {
  const error = statusCode >= 400 && body !== '' ? (JSON.parse(body) as { error?: string }).error : undefined
  return [statusCode, error].filter((part) => part !== undefined).join(' ')
}

type Members = Readonly<Record<string, unknown>>
const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A compact JWS with any header and payload, signed with RS256 by a key of the attacker's. */
export function signedWith(key: KeyObject, header: unknown, payload: unknown): string {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

/** The two parts of a compact JWS that can be read. */
export function partsOf(token: string): { readonly header: Members; readonly payload: Members } {
  const [header, payload] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Members)
  return { header: header!, payload: payload! }
}

/** A token of the server's own key that differs from a good one in some members: `undefined` leaves one out. */
export async function altered({ deps }: TestServer, token: string, header: Members, payload: Members): Promise<string> {
  const parts = partsOf(token)
  const input = `${encoded({ ...parts.header, ...header })}.${encoded({ ...parts.payload, ...payload })}`
  return `${input}.${(await (await deps.keys.current()).sign(input)).toString('base64url')}`
}

/** Another node of the same deployment, whose own clock may be off. Its suite closes it before the first one. */
export async function anotherNode(server: TestServer, { aheadSeconds = 0 } = {}): Promise<TestServer> {
  const opened = await openDeps({
    config: server.config,
    log: server.deps.log,
    purpose: 'serve',
    clock: { now: () => addSeconds(server.clock.now(), aheadSeconds) },
    offsetSeconds: () => server.clock.offsetSeconds,
  })
  const app = await buildApp(opened.deps)
  return {
    ...server,
    app,
    deps: opened.deps,
    database: opened.database,
    post: async (path, form, headers = {}) =>
      await app.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
      }),
    close: async () => {
      await app.close()
      await opened.close()
    },
  }
}

/** Cuts every node off from its PostgreSQL database, and lets nobody in until what it gives is called. */
export async function cutDatabase({ config }: TestServer): Promise<() => Promise<void>> {
  const url = new URL(config.databaseUrl!.reveal())
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const administer = async (...statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  await administer(
    `alter database ${name} with allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  )
  return () => administer(`alter database ${name} with allow_connections true`)
}

/** The statements that this process sends to PostgreSQL while something runs; setting up a connection is none. */
export async function statementsDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
  const sent: string[] = []
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { text: string }]
    const text = typeof first === 'string' ? first : first.text
    if (!text.startsWith('set timezone')) sent.push(text)
    return Reflect.apply(query, this, given)
  } as typeof query
  try {
    await work()
    await new Promise((resolve) => setImmediate(resolve)) // what was sent after the answer counts too
  } finally {
    pg.Client.prototype.query = query
  }
  return sent
}
