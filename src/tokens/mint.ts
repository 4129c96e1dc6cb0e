import { createHash } from 'node:crypto'
import { addSeconds, numericDate } from '../base/numeric-date.ts'
import type { Random } from '../base/random.ts'
import type { Signer } from '../keys/signer.ts'
import type { KeyRing } from '../keys/signing-keys.ts'
import { type EndedSession, logoutTokenClaims } from '../protocol/logout-token.ts'
import { formatScope } from '../protocol/scope.ts'
import type { Authorization, IdTokenGrant, RefreshGrant, UserGrant } from './authorization.ts'
import type { TOKEN_TYPES } from './verify.ts'

/** What a client gets. RFC 6749 §5.1, OIDC Core §3.1.3.3 */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
}

export interface MintDeps {
  readonly random: Random
  readonly keys: KeyRing
  readonly config: { readonly issuer: string; readonly accessTokenSeconds: number; readonly idTokenSeconds: number }
}

type Claims = Readonly<Record<string, unknown>>

/**
 * Signs what was authorized: an access token always (RFC 9068 §2), a refresh and an ID token where the authorization has
 * them. The only place that signs tokens. Judges nothing: everything that can refuse has run before.
 */
export async function mintTokens(deps: MintDeps, authorization: Authorization): Promise<TokenResponse> {
  const { client, now, refresh, idToken, user } = authorization
  const lifetime = client.accessTokenLifetimeSeconds ?? deps.config.accessTokenSeconds
  const key = await deps.keys.current()
  const accessToken = signJwt(key, 'at+jwt', accessClaims(deps, authorization, lifetime))
  const refreshToken = refresh && signRefreshToken(deps, authorization, refresh)
  const signedIdToken =
    idToken && user
      ? accessToken.then((token) => signJwt(key, 'JWT', idClaims(deps, authorization, user, idToken, token, now)))
      : undefined
  const [access_token, refresh_token, id_token] = await Promise.all([accessToken, refreshToken, signedIdToken])
  return {
    access_token,
    token_type: 'Bearer',
    expires_in: lifetime,
    scope: formatScope(authorization.scope),
    ...(refresh_token === undefined ? {} : { refresh_token }),
    ...(id_token === undefined ? {} : { id_token }),
  }
}

/** Signs what tells a client that a session has ended. OIDC Back-Channel Logout 1.0 §2.4 */
export async function mintLogoutToken(
  { config, random, keys }: MintDeps,
  session: EndedSession,
  now: Date,
): Promise<string> {
  const jti = random.bytes(16).toString('base64url')
  return await signJwt(await keys.current(), 'logout+jwt', logoutTokenClaims(config.issuer, session, jti, now))
}

/** RFC 9068 §2.2 */
function accessClaims(deps: MintDeps, { client, now, audience, scope, user }: Authorization, lifetime: number): Claims {
  return {
    iss: deps.config.issuer,
    sub: user?.userId ?? client.clientId, // "the sub … SHOULD correspond to the client itself", RFC 9068 §2.2
    aud: audience,
    client_id: client.clientId,
    scope: formatScope(scope),
    iat: numericDate(now),
    exp: numericDate(addSeconds(now, lifetime)),
    jti: deps.random.bytes(16).toString('base64url'),
    type: 'access',
    roles: user?.roles ?? [], // always there, so that a validator need not know whose token it is
    ...(user ? { fid: user.familyId, ...authenticationClaims(user) } : {}),
  }
}

const authenticationClaims = (user: UserGrant): Claims => ({
  sid: user.sessionId,
  auth_time: numericDate(user.authTime),
  acr: user.acr,
  amr: user.amr,
})

/** Equal columns give equal bytes, so a retry gets the very token that was lost, while the key's private half is held. */
async function signRefreshToken(
  deps: MintDeps,
  { client, user }: Authorization,
  { jti, issuedAt, expiresAt, kid, scope, resources }: RefreshGrant,
): Promise<string> {
  const { issuer } = deps.config
  return await signJwt(await deps.keys.currentOr(kid), 'rt+jwt', {
    iss: issuer,
    sub: user?.userId,
    aud: issuer,
    client_id: client.clientId,
    scope: formatScope(scope),
    resource: resources,
    iat: numericDate(issuedAt),
    exp: numericDate(expiresAt),
    jti: jti.toString('base64url'),
    fid: user?.familyId,
    type: 'refresh',
  })
}

/** OIDC Core §2 */
function idClaims(
  deps: MintDeps,
  { client }: Authorization,
  user: UserGrant,
  { nonce, claims }: IdTokenGrant,
  accessToken: string,
  now: Date,
): Claims {
  return {
    ...claims,
    iss: deps.config.issuer,
    sub: user.userId,
    aud: client.clientId,
    azp: client.clientId,
    iat: numericDate(now),
    exp: numericDate(addSeconds(now, deps.config.idTokenSeconds)),
    ...authenticationClaims(user),
    ...(nonce === undefined ? {} : { nonce }),
    at_hash: accessTokenHash(accessToken),
  }
}

/** "the left-most half of the hash of the octets of the ASCII representation of the access_token". OIDC Core §3.1.3.6 */
const accessTokenHash = (token: string): string =>
  createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url')

async function signJwt(key: Signer, typ: (typeof TOKEN_TYPES)[number], claims: Claims): Promise<string> {
  const input = `${encoded({ alg: key.alg, typ, kid: key.kid })}.${encoded(claims)}`
  return `${input}.${(await key.sign(input)).toString('base64url')}`
}

const encoded = (part: Claims): string => Buffer.from(JSON.stringify(part)).toString('base64url')
