import { OAuthError } from './error.ts'

const BEARER = /^bearer(?: |$)/i
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads the access token of an Authorization header: the scheme in any case, one space, one token. RFC 6750 §2.1
 * @returns `undefined` when there is no header, or one of another scheme: nothing was presented
 * @throws OAuthError invalid_request for a bearer header that is malformed
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !BEARER.test(authorization)) return undefined
  const token = authorization.slice('bearer '.length)
  if (!B64TOKEN.test(token)) throw new OAuthError('invalid_request', 'the Authorization header is malformed')
  return token
}

/** What a protected resource tells about itself in a challenge. */
export interface Protection {
  readonly realm?: string | undefined
  readonly requiredScopes?: readonly string[] | undefined
  /** The URL of the metadata document. RFC 9728 §5.1 */
  readonly resourceMetadata?: string | undefined
  /** Which sign-ins would do, told where one is what is missing. RFC 9470 §3 */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago a sign-in may be, in seconds, told where one is what is missing. RFC 9470 §3 */
  readonly maxAge?: number | undefined
}

/**
 * Writes the WWW-Authenticate header of a resource that takes bearer tokens. RFC 6750 §3
 * A request that presented no token learns no error code (§3.1): pass `undefined`.
 */
export function bearerChallenge(
  error: OAuthError | undefined,
  { realm, requiredScopes, resourceMetadata, acrValues, maxAge }: Protection,
) {
  const isSignInMissing = error?.code === 'insufficient_user_authentication'
  const parameters = {
    realm,
    error: error?.code,
    error_description: error?.message,
    scope: requiredScopes?.length ? requiredScopes.join(' ') : undefined,
    acr_values: isSignInMissing ? acrValues?.join(' ') : undefined,
    max_age: isSignInMissing ? maxAge?.toString() : undefined,
    resource_metadata: resourceMetadata,
  }
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${quoted(value)}`,
  )
  return `Bearer ${written.join(', ')}`.trimEnd()
}

/** A quoted-string; what cannot stand in a header is left out. RFC 9110 §5.6.4 */
const quoted = (value: string): string => `"${value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`

/** The answer to a request that a protected resource refuses. */
export interface BearerRefusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error: string; readonly error_description: string }
}

/** Puts a refusal into status, headers and JSON; `undefined` is the request that presented no token. RFC 6750 §3.1 */
export function bearerRefusal(error: OAuthError | undefined, protection: Protection): BearerRefusal {
  const { status, code, message } = error ?? new OAuthError('invalid_token', 'an access token is required')
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  // What no other token can mend, such as a network, is no challenge: access_denied is no error of RFC 6750 §3.1.
  const isChallenge = status < 500 && code !== 'access_denied'
  if (isChallenge) headers['www-authenticate'] = bearerChallenge(error, protection)
  return { status, headers, body: { error: code, error_description: message } }
}

/** Demands every one of the scopes. RFC 6750 §3.1 */
export function requireScopes(granted: readonly string[], required: readonly string[]): void {
  if (required.every((scope) => granted.includes(scope))) return
  throw new OAuthError('insufficient_scope', 'the access token does not have the scope that this needs')
}
