// Who administers in tests: users with roles and an authenticator, and their two ways in.
import assert from 'node:assert/strict'
import { digestOf } from '../../src/base/digest.ts'
import { newId, newToken } from '../../src/base/random.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import type { BrowserSession } from './browser-session.ts'
import { obtainTokens, type TestClient, type TestServer } from './server.ts'

/** A server, or a cluster of them. */
type Administered = Pick<
  TestServer,
  'app' | 'browser' | 'config' | 'database' | 'deps' | 'makeUser' | 'post' | 'register'
> & {
  readonly clock: Pick<TestServer['clock'], 'now'>
}

export const API = '/admin/api/v1'
const MFA = ['pwd', 'otp', 'mfa']

/** How somebody is signed in. */
export interface SignedIn {
  /** `false`: by the password alone. */
  readonly isMfa?: boolean
}

/** A user with roles, who is signed in in a browser; with a second factor unless told otherwise. */
export async function signInAs(server: Administered, roles: readonly string[], { isMfa = true }: SignedIn = {}) {
  const user = await server.makeUser(roles)
  const browser = server.browser()
  await beginSession(server, user.id, browser, isMfa)
  return { user, browser }
}

/** An administrator with everything. */
export const signInAsAdministrator = (server: Administered) => signInAs(server, ['administrator'])

/** Makes the session that a full sign-in makes, without the pages. */
export async function beginSession(server: Administered, userId: string, browser: BrowserSession, isMfa = true) {
  const { deps } = server
  const now = server.clock.now()
  const user = await deps.store.users.find({ id: userId })
  assert.ok(user)
  const secrets = { strict: newToken(deps.random, 'ss_'), lax: newToken(deps.random, 'sl_') }
  const sessionId = newId(deps.random, now)
  if (isMfa) await addFactor(server, userId, sessionId)
  await deps.store.sessions.signIn(
    {
      sessionId,
      userId,
      userEpoch: user.epoch,
      strictDigest: digestOf(secrets.strict),
      laxDigest: digestOf(secrets.lax),
      authTime: now,
      acr: isMfa ? 'urn:postern:mfa' : 'urn:postern:pwd',
      amr: isMfa ? MFA : ['pwd'],
      address: '192.0.2.0/24',
      userAgent: 'Test',
      maxSeconds: deps.config.sessionMaxSeconds,
      interactionId: undefined,
      device: undefined,
      isKnownDevice: true,
    },
    undefined,
    administrationEvent(deps, 'user.signed_in', `user:${userId}`, { userId }),
  )
  const { cookiePrefix } = deps.config
  browser.cookies.set(`${cookiePrefix}session`, { value: secrets.strict, sameSite: 'Strict' })
  browser.cookies.set(`${cookiePrefix}session-lax`, { value: secrets.lax, sameSite: 'Lax' })
  return { sessionId }
}

async function addFactor({ deps, database, clock }: Administered, userId: string, sessionId: string): Promise<void> {
  const id = newId(deps.random, clock.now())
  const secret = deps.sealer.seal(deps.random.bytes(20), `totp/secret/${id}`)
  const now = clock.now()
  await database.db
    .insertInto('totp')
    .values({ id, user_id: userId, name: 'Phone', secret, session_id: sessionId, created_at: now, confirmed_at: now })
    .execute()
}

/** The client through which administrators get tokens for the API. */
export const registerAdminClient = (server: Administered): Promise<TestClient> =>
  server.register({ scope: 'openid postern:admin', first_party: true })

/** A caller of the admin API by token. */
export async function apiAs(
  server: Administered,
  client: TestClient,
  roles: readonly string[],
  options: SignedIn & { readonly scope?: string } = {},
) {
  const { user, browser } = await signInAs(server, roles, options)
  const scope = options.scope ?? 'openid postern:admin'
  const { tokens } = await obtainTokens(server, client, user, { scope }, browser)
  return { user, browser, token: tokens.access_token, call: callWith(server, tokens.access_token) }
}

export type AdminCall = ReturnType<typeof callWith>

/** Calls the admin API with a token. */
export const callWith =
  (server: Administered, token: string | undefined) =>
  (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    server.app.inject({
      method,
      url: API + path,
      headers: {
        host: new URL(server.config.issuer).host,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      remoteAddress: '198.51.100.7',
    })

/** Calls the admin API as a page of the console would: by its session, from our origin, with the token for changes. */
export async function callWithSession(server: Administered, browser: BrowserSession) {
  const { config } = server.deps
  const cookie = `${config.cookiePrefix}session=${browser.cookies.get(`${config.cookiePrefix}session`)?.value}`
  const base = { cookie, origin: config.origin }
  const csrf = String((await callWith(server, undefined)('GET', '/me', undefined, base)).headers['x-csrf-token'])
  return (...[method, path, body, headers]: Parameters<AdminCall>) =>
    callWith(server, undefined)(method, path, body, { ...base, 'x-csrf-token': csrf, ...headers })
}
