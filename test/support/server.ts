import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/base/digest.ts'
import { addSeconds } from '../../src/base/numeric-date.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import { loadConfig } from '../../src/config/config.ts'
import { type Deps, openDeps } from '../../src/deps.ts'
import type { Resource } from '../../src/protocol/client.ts'
import { type ClientMetadata, clientMetadata } from '../../src/protocol/client-metadata.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { BrowserSession } from './browser-session.ts'
import { startPostgres } from './postgres.ts'

const ISSUER = 'https://gate.example'
export const PASSWORD = 'Correct-Horse-7-Staple!'
const MASTER_KEY = randomBytes(32).toString('base64url')

/** Time that stands where it is put: the node's and, by the same offset, the database's. */
export interface TestClock {
  now(): Date
  advance(seconds: number): void
  readonly offsetSeconds: number
}

function testClock(): TestClock {
  let offsetSeconds = 0
  return {
    now: () => addSeconds(new Date(), offsetSeconds),
    advance: (seconds) => {
      offsetSeconds += seconds
    },
    get offsetSeconds() {
      return offsetSeconds
    },
  }
}

export type TestServer = Awaited<ReturnType<typeof startServer>>
/** What a journey asks: such a server, or processes that listen. */
type Asked = Pick<TestServer, 'browser' | 'post'>

export type EngineName = 'PostgreSQL' | 'PGlite'
export const ENGINE_NAMES: readonly EngineName[] = ['PostgreSQL', 'PGlite']

/** A database for one server: its settings, and what throws it away. */
async function storage(engine: EngineName) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
  const discardFolder = () => rm(folder, { recursive: true, force: true })
  if (engine === 'PGlite') return { settings: { DATA_DIR: folder }, discard: discardFolder }
  const { url, drop } = await (await startPostgres()).createDatabase()
  const discard = async () => {
    await drop()
    await discardFolder()
  }
  return { settings: { DATA_DIR: folder, DATABASE_URL: url }, discard }
}

/** A whole server over a database of its own, asked through `inject`. Its suite closes it. */
export async function startServer(settings: Readonly<Record<string, string>> = {}, engine: EngineName = 'PostgreSQL') {
  const clock = testClock()
  const lines: string[] = []
  const database = await storage(engine)
  const config = loadConfig(
    {
      ISSUER,
      MASTER_KEY,
      ...database.settings,
      SIGN_UP: 'open',
      LOG_LEVEL: 'trace',
      LIMIT_AUTH_PER_MINUTE: '1000',
      CEILING_CLIENT_AUTH_PER_MINUTE: '1000',
      ...settings,
    },
    () => {
      throw new Error('no file is read in tests')
    },
  )
  const log = createLog({ level: config.logLevel, destination: { write: (line: string) => void lines.push(line) } })
  const opened = await openDeps({ config, log, purpose: 'serve', clock, offsetSeconds: () => clock.offsetSeconds })
  const app = await buildApp(opened.deps)
  const close = async () => {
    await app.close()
    await opened.close()
    await database.discard()
  }
  const { deps } = opened
  return {
    app,
    close,
    deps,
    clock,
    config,
    database: opened.database,
    /** Every line that was logged. */
    log: lines,
    browser: (address?: string) => new BrowserSession(app, new URL(config.issuer).origin, address),
    register: (metadata: Partial<ClientMetadata>) => register(deps, metadata),
    registerResource: (resource: Resource) =>
      deps.store.resources.put(resource, administrationEvent(deps, 'resource.put', 'operator', {})),
    makeUser: (roles: readonly string[] = []) => makeUser(deps, roles),
    /** POSTs a form to the back channel. */
    async post(path: string, form: Record<string, string> | string, headers: Record<string, string> = {}) {
      return await app.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
      })
    },
    /** The types of the audit events so far, oldest first. */
    async audited(): Promise<readonly string[]> {
      const rows = await opened.database.db.selectFrom('audit_event').select('type').orderBy('id').execute()
      return rows.map(({ type }) => type)
    },
  }
}

/** Registers a client; a public one with one https redirect URI unless told otherwise. */
export async function register(deps: Deps, metadata: Partial<ClientMetadata>) {
  const clientId = metadata.client_id ?? `client-${randomBytes(6).toString('hex')}`
  const policy = clientMetadata.parse({
    client_id: clientId,
    client_name: 'Acme',
    scope: 'openid profile email offline_access',
    ...(metadata.grant_types?.includes('client_credentials')
      ? {}
      : { redirect_uris: ['https://app.example/callback'] }),
    ...metadata,
  })
  await deps.store.clients.put(policy, administrationEvent(deps, 'client.put', 'operator', { clientId }))
  const clientSecret = `cs_${randomBytes(32).toString('base64url')}`
  if (policy.tokenEndpointAuthMethod !== 'none') {
    const secret = { id: newId(systemRandom, new Date()), digest: digestOf(clientSecret) }
    await deps.store.clients.addSecret(
      clientId,
      secret,
      administrationEvent(deps, 'client.secret_added', 'operator', { clientId }),
    )
  }
  const [redirectUri = ''] = policy.redirectUris
  return {
    clientId,
    clientSecret,
    redirectUri,
    policy,
    /** The Authorization header of HTTP Basic. */
    basic: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
  }
}

export type TestClient = Awaited<ReturnType<typeof register>>

export async function makeUser(deps: Deps, roles: readonly string[]) {
  const id = newId(systemRandom, new Date())
  const username = `user_${randomBytes(5).toString('hex')}`
  const email = `${username}@mail.example`
  const password = await deps.passwords.hash(PASSWORD)
  if (password === 'busy') throw new Error('too many hashes at once in a test')
  for (const name of roles)
    await deps.store.roles.put({ name, description: '' }, administrationEvent(deps, 'role.put', 'operator', {}))
  const user = { id, username, email, emailVerified: true, claims: { name: 'Ada Example' }, password, roles }
  await deps.store.users.create(user, administrationEvent(deps, 'user.created', 'operator', { userId: id }))
  return { id, username, email, password: PASSWORD }
}

/** A PKCE pair. */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The address of an authorization request; a parameter given as undefined is left out. */
export function authorizeUrl(
  client: TestClient,
  challenge: string,
  more: Readonly<Record<string, string | undefined>> = {},
): string {
  const parameters = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: 'openid profile email',
    state: 'a-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  }
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return `/authorize?${new URLSearchParams(given)}`
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
  readonly scope: string
  readonly expires_in: number
}

/** The parameters of an answer that left us by redirect. */
export function answerIn(location: unknown): Readonly<Record<string, string>> {
  return typeof location === 'string' ? Object.fromEntries(new URL(location).searchParams) : {}
}

/** Signs a user in through the pages, allows the client, and gives the code that came back. */
export async function obtainCode(
  server: Asked,
  client: TestClient,
  user: { readonly username: string; readonly password: string },
  more: Readonly<Record<string, string | undefined>> = {},
  browser: BrowserSession = server.browser(`198.51.100.${Math.floor(Math.random() * 250)}`),
) {
  const { verifier, challenge } = pkce()
  let page = await browser.follow(await browser.get(authorizeUrl(client, challenge, more), { fromElsewhere: true }))
  if (page.body.includes('id="sign-in-form"')) {
    page = await browser.follow(await browser.submit(page, { username: user.username, password: user.password }))
  }
  if (page.body.includes('name="decision"'))
    page = await browser.follow(await browser.submit(page, { decision: 'allow' }))
  const answer = answerIn(page.headers.location)
  if (!answer.code) throw new Error(`no code: ${page.statusCode} ${page.headers.location ?? page.body.slice(0, 2000)}`)
  return { code: answer.code, verifier, browser, answer }
}

/** The form of a code's redemption. */
export const codeForm = (client: TestClient, code: string, verifier: string): Record<string, string> => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: client.redirectUri,
  code_verifier: verifier,
  ...(client.policy.tokenEndpointAuthMethod === 'client_secret_basic' ? {} : { client_id: client.clientId }),
  ...(client.policy.tokenEndpointAuthMethod === 'client_secret_post' ? { client_secret: client.clientSecret } : {}),
})

export const credentialsOf = (client: TestClient): Record<string, string> =>
  client.policy.tokenEndpointAuthMethod === 'client_secret_basic' ? { authorization: client.basic } : {}

/** The whole journey: from the authorization request to tokens. */
export async function obtainTokens(
  server: Asked,
  client: TestClient,
  user: { readonly username: string; readonly password: string },
  more: Readonly<Record<string, string | undefined>> = {},
  browser?: BrowserSession,
) {
  const obtained = await obtainCode(server, client, user, more, browser)
  const response = await server.post(
    '/token',
    codeForm(client, obtained.code, obtained.verifier),
    credentialsOf(client),
  )
  if (response.statusCode !== 200) throw new Error(`no tokens: ${response.body}`)
  return { ...obtained, tokens: response.json<Tokens>() }
}

/** Asks for the next tokens of a family. */
export const refresh = (server: Asked, client: TestClient, refreshToken: string, more: Record<string, string> = {}) =>
  server.post(
    '/token',
    {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...(client.policy.tokenEndpointAuthMethod === 'client_secret_basic' ? {} : { client_id: client.clientId }),
      ...(client.policy.tokenEndpointAuthMethod === 'client_secret_post' ? { client_secret: client.clientSecret } : {}),
      ...more,
    },
    credentialsOf(client),
  )

/** Whether an access token is still good at our own endpoints. */
export async function userinfoStatus(server: Pick<TestServer, 'app'>, accessToken: string): Promise<number> {
  const response = await server.app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${accessToken}` } })
  return response.statusCode
}

export const claimsIn = (token: string) => decodeJwt(token)
