// Real server processes, several of them over one database: what only shows between nodes is tested here.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { loadConfig } from '../../src/config/config.ts'
import { openDeps } from '../../src/deps.ts'
import type { Resource } from '../../src/protocol/client.ts'
import type { ClientMetadata } from '../../src/protocol/client-metadata.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { BrowserSession } from './browser-session.ts'
import { startPostgres } from './postgres.ts'
import { type EngineName, makeUser, register } from './server.ts'

const POSTERN = fileURLToPath(new URL('../../src/postern.mjs', import.meta.url))
const READY_MS = 60_000 // on a machine that is busy with other tests
/** Dozens of processes are started: they share what was compiled. */
const COMPILED = join(tmpdir(), 'postern-test-compiled')

export type Settings = Readonly<Record<string, string>>

/** How often each race is run: in `npm test`, or by RACE_ROUNDS. */
export const ROUNDS = Number(process.env.RACE_ROUNDS ?? 5)

/** What limits would otherwise stop fifty callers from one address. */
const WIDE: Settings = {
  SIGN_UP: 'open',
  LIMIT_AUTH_PER_MINUTE: '100000',
  LIMIT_CLIENT_AUTH_PER_MINUTE: '100000',
  CEILING_CLIENT_AUTH_PER_MINUTE: '100000',
  CEILING_CLIENT_PER_MINUTE: '10000000',
  CEILING_ADDRESS_PER_MINUTE: '10000000',
}

export interface Question {
  readonly method?: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string
}

/** Whatever answers like a server under `inject`: one process, or all nodes in turn. */
export interface Asked {
  readonly app: FastifyInstance
  ask(question: Question): Promise<LightMyRequestResponse>
  post(
    path: string,
    form: Record<string, string> | string,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>
  browser(): BrowserSession
}

/** Something that is asked over the network, with what tests ask it by. */
export function askedThrough(origin: string, ask: (question: Question) => Promise<LightMyRequestResponse>): Asked {
  const app = { inject: ask } as unknown as FastifyInstance // of a server, its askers use `inject` alone
  return {
    app,
    ask,
    post: (url, form, headers = {}) =>
      ask({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
      }),
    browser: () => new BrowserSession(app, origin),
  }
}

/** Asks one port, whatever name the issuer has. @throws when the connection is refused or breaks */
function asking(port: number, host: string, agent: Agent) {
  return ({ method = 'GET', url, headers = {}, payload }: Question): Promise<LightMyRequestResponse> =>
    new Promise((resolve, reject) => {
      const body = payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }
      const sent = httpRequest(
        { agent, host: '127.0.0.1', port, path: url, method, headers: { host, ...body, ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.once('error', reject)
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString()
            const { statusCode = 0, headers } = response
            // An answer over the network has those members of inject's answer that tests read.
            const answer = { statusCode, headers, body: text, json: () => JSON.parse(text) }
            resolve(answer as unknown as LightMyRequestResponse)
          })
        },
      )
      sent.once('error', reject)
      sent.end(payload)
    })
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One server process. */
export interface ServerProcess extends Asked {
  readonly pid: number
  readonly port: number
  /** Where it listens, which is not the issuer when several nodes share one. */
  readonly base: string
  /** Everything it has said so far. */
  output(): string
  /** Waits until it has said this. @throws when it ends without */
  said(words: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
  /** Sends a signal to this process alone, and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<Ended>
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/** Runs `postern` with these settings and no others. */
function runPostern(args: readonly string[], settings: Settings): ChildProcess & { readonly pid: number } {
  const { PATH = '', HOME = '/' } = process.env
  const child = spawn(process.execPath, [POSTERN, ...args], {
    env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILED, ...settings },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw new Error('the process could not be started')
  return Object.assign(child, { pid: child.pid })
}

/** What a command said, and how it ended. */
export async function postern(args: readonly string[], settings: Settings, input = '') {
  const child = runPostern(args, settings)
  const said = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    said.stdout += chunk
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    said.stderr += chunk
  })
  child.stdin?.end(input)
  const [code] = await once(child, 'close')
  return { code: Number(code), ...said }
}

/** Starts a server and waits until it is ready. @throws what it said, when it ends before */
export async function startProcess(settings: Settings, args: readonly string[] = []): Promise<ServerProcess> {
  const port = Number(settings.PORT ?? (await freePort()))
  const issuer = settings.ISSUER ?? `http://localhost:${port}`
  const child = runPostern(['start', ...args], { ...settings, PORT: String(port), ISSUER: issuer })
  child.stdin?.end()
  const chunks: Buffer[] = []
  const news = new EventEmitter()
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      news.emit('said')
    })
  const output = () => Buffer.concat(chunks).toString()
  const ended: Promise<Ended> = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const said = async (words: RegExp): Promise<RegExpExecArray> => {
    for (let hasEnded = false; ; ) {
      const found = words.exec(output())
      if (found) return found
      if (hasEnded) throw new Error(`the server ended and never said ${words}:\n${output()}`)
      hasEnded = await Promise.race([once(news, 'said').then(() => false), ended.then(() => true)])
    }
  }
  const agent = new Agent({ keepAlive: true })
  const ask = asking(port, new URL(issuer).host, agent)
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    const how = await ended
    agent.destroy()
    return how
  }
  const isOver = ended.then(() => true)
  const deadline = performance.now() + READY_MS
  for (;;) {
    const isReady = await ask({ url: '/readyz' }).then(
      ({ statusCode }) => statusCode === 200,
      () => false,
    )
    if (isReady) break
    const hasEnded = await Promise.race([isOver, pause(20, false)])
    if (hasEnded) throw new Error(`the server ended before it was ready:\n${output()}`)
    if (performance.now() > deadline) {
      await end('SIGKILL')
      throw new Error(`the server was not ready in time:\n${output()}`)
    }
  }
  const { origin } = new URL(issuer)
  return {
    ...askedThrough(origin, ask),
    pid: child.pid,
    port,
    base: `http://127.0.0.1:${port}`,
    output,
    said,
    ended,
    end,
  }
}

export interface ClusterOptions {
  readonly size?: number
  readonly settings?: Settings
  /** The database as a node is to reach it: through a proxy that a test holds, say. */
  readonly databaseUrlOf?: (index: number, url: string) => string | Promise<string>
}

/** Several nodes with one issuer over one new database, and the same database opened here to set up and to look. */
export async function startCluster({ size = 3, settings = {}, databaseUrlOf }: ClusterOptions = {}) {
  const database = await (await startPostgres()).createDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'postern-cluster-'))
  const issuer = `http://localhost:${await freePort()}` // nobody listens there: every node is asked by its own port
  const common = {
    ISSUER: issuer,
    MASTER_KEY: randomBytes(32).toString('base64url'),
    DATA_DIR: folder,
    ...WIDE,
    ...settings,
  }
  const indexes = Array.from({ length: size }, (_, index) => index)
  const settingsOf = async (index: number): Promise<Settings> => ({
    ...common,
    PORT: String(await freePort()),
    DATABASE_URL: (await databaseUrlOf?.(index, database.url)) ?? database.url,
  })
  const each = await Promise.all(indexes.map(settingsOf))
  const started = await Promise.allSettled(each.map((one) => startProcess(one))) // all at once, on an empty database
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failure = started.find((one) => one.status === 'rejected')
  if (failure) {
    await Promise.all(nodes.map((node) => node.end('SIGKILL')))
    throw failure.reason
  }

  const opened = await openHere({ ...common, DATABASE_URL: database.url })
  const { deps } = opened
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => undefined) // the database may be thrown away under it
  let turn = 0
  /** All nodes in turn, as behind a balancer without any memory. */
  const spread = askedThrough(issuer, (question) => nodes[turn++ % nodes.length]!.ask(question))
  return {
    ...spread,
    nodes,
    issuer,
    deps,
    config: deps.config,
    clock: deps.clock,
    database: opened.database,
    databaseUrl: database.url,
    register: (metadata: Partial<ClientMetadata>) => register(deps, metadata),
    registerResource: (resource: Resource) =>
      deps.store.resources.put(resource, administrationEvent(deps, 'resource.put', 'operator', {})),
    makeUser: (roles: readonly string[] = []) => makeUser(deps, roles),
    async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
      return (await pool.query<Row>(text, [...values])).rows
    },
    /** Ends a node and starts it again at its place and port. */
    async restart(index: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
      const how = await nodes[index]!.end(signal)
      nodes[index] = await startProcess(each[index]!)
      return how
    },
    /** Runs a command of `postern` against the cluster's database. */
    postern: (args: readonly string[], input?: string) =>
      postern(args, { ...common, DATABASE_URL: database.url }, input),
    async close(): Promise<void> {
      await Promise.all(nodes.map((node) => node.end('SIGKILL')))
      await opened.close()
      await pool.end()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>

async function openHere(settings: Settings) {
  const config = loadConfig(settings, () => {
    throw new Error('no file is read in tests')
  })
  return await openDeps({ config, log: createLog({ level: 'silent' }), purpose: 'command' })
}

/** Sends so many calls at once, to the nodes in turn. What could not be answered is `undefined`. */
export async function atOnce<T>(
  nodes: readonly ServerProcess[],
  count: number,
  call: (node: ServerProcess, index: number) => Promise<T>,
): Promise<readonly T[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => call(nodes[index % nodes.length]!, index)))
}

export interface AloneOptions {
  readonly engine?: EngineName
  readonly settings?: Settings
  /** The contents of postern.yaml, applied at every start. */
  readonly declared?: string
}

/** One server as an operator starts it, on the embedded database or on PostgreSQL, with its data in a folder of its own. */
export async function startAlone({ engine = 'PGlite', settings = {}, declared }: AloneOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-alone-'))
  const dataDir = join(folder, 'data')
  const database = engine === 'PGlite' ? undefined : await (await startPostgres()).createDatabase()
  const port = await freePort()
  const all: Settings = {
    PORT: String(port),
    ISSUER: `http://localhost:${port}`,
    DATA_DIR: dataDir,
    ...(database ? { DATABASE_URL: database.url, MASTER_KEY: randomBytes(32).toString('base64url') } : {}),
    ...settings,
  }
  const file = join(folder, 'postern.yaml')
  if (declared !== undefined) await writeFile(file, declared)
  const args = declared === undefined ? [] : ['--apply', file]
  const close = async (): Promise<void> => {
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    let server = await startProcess(all, args)
    return {
      get server() {
        return server
      },
      issuer: all.ISSUER ?? '',
      dataDir,
      settings: all,
      databaseUrl: database?.url,
      async restart(signal: NodeJS.Signals, changed: Settings = {}): Promise<Ended> {
        const how = await server.end(signal)
        server = await startProcess({ ...all, ...changed }, args)
        return how
      },
      async close(): Promise<void> {
        await server.end('SIGKILL')
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

export type LoneServer = Awaited<ReturnType<typeof startAlone>>
