import { type Clock, systemClock } from '../base/clock.ts'
import { sha256Base64url } from '../base/digest.ts'
import { type BearerRefusal, bearerRefusal, type Protection } from '../protocol/bearer-challenge.ts'
import { OAuthError, type OAuthErrorCode } from '../protocol/error.ts'
import { isScopeToken } from '../protocol/scope.ts'
import type { AccessToken } from './access-token.ts'
import { clientAddress, type Hops } from './client-address.ts'
import { type Breach, decide, type Policy, type PolicyOptions, readPolicy } from './decide.ts'
import { presentedToken, type TokenPlaces } from './presented-token.ts'
import type { Verifier } from './verify-access-token.ts'

/** Why a request was let in or refused: the rule that it broke, or what was wrong with its token. */
export type Reason = 'allowed' | 'no_token' | 'fault' | Breach | OAuthErrorCode

/** One line of the access log. The path, the address and the device id are the caller's words. */
export interface Decision {
  readonly outcome: 'allow' | 'deny'
  readonly reason: Reason
  readonly at: Date
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** As `trustedProxies` found it. */
  readonly address: string | undefined
  readonly deviceId: string | undefined
  /** Of a verified token alone. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** SHA-256 of the token's `jti`, in base64url: it tells tokens apart and is good for nothing else. */
  readonly jtiDigest: string | undefined
  readonly policyVersion: string | undefined
  /** What lies behind a refusal or a fault. For your log, never for the caller. */
  readonly cause: unknown
}

export interface GuardOptions extends PolicyOptions, Omit<Protection, 'acrValues' | 'maxAge'> {
  /**
   * Whether a device is compliant, and the one that this token was given to; nothing but `true` lets the request in.
   * The id comes from the caller's X-Device-ID and only picks a row: compare what that row is bound to with the token
   * (`token.claims.sid`, `token.subject`), and how old its posture is. A token with a `device_id` claim of its own
   * is asked about that device alone.
   */
  readonly verifyDevice?: ((deviceId: string, token: AccessToken) => boolean | Promise<boolean>) | undefined
  /** How many proxies stand in front, each of which appends to X-Forwarded-For: 0 by default. */
  readonly trustedProxies?: number | undefined
  /** Told of each decision before it takes effect. When it fails, nobody is let in: there is no access without its record. */
  readonly onDecision?: ((decision: Decision) => void | Promise<void>) | undefined
  /** Stands in each decision, to tell which rules were in force. */
  readonly policyVersion?: string | undefined
  readonly clock?: Clock | undefined
}

/** What an adapter reads from a request of its framework. */
export interface GuardedRequest extends Hops, TokenPlaces {
  readonly method: string
  /** X-Device-ID. */
  readonly deviceId: string | undefined
}

export type Admission = { readonly accessToken: AccessToken } | { readonly refusal: BearerRefusal }

const LONGEST_DEVICE_ID = 256

const REFUSALS: Readonly<Record<Breach | 'fault', OAuthError>> = {
  network: new OAuthError('access_denied', 'the request comes from a network that is not allowed'),
  scope: new OAuthError('insufficient_scope', 'the access token does not have the scope that this needs'),
  claim: new OAuthError('insufficient_scope', 'the access token does not have the claims that this needs'),
  role: new OAuthError('insufficient_scope', 'the access token does not have the role that this needs'),
  device: new OAuthError('access_denied', 'the device is not known to be compliant'),
  sign_in: new OAuthError('insufficient_user_authentication', 'this needs a more recent or a stronger sign-in'),
  fault: new OAuthError('access_denied', 'access could not be decided'),
}

/**
 * Makes the policy enforcement point that every adapter shares. A request without a good token is refused with 401, one that
 * breaks a rule with 403 (401 where a new sign-in would help, RFC 9470 §3), and so is one for which a rule fails to run.
 * While the issuer cannot be asked the answer is 503; any other fault of the verifier is thrown on, and lets nobody through.
 */
export function createGuard(
  verifier: Verifier,
  options: GuardOptions = {},
): (request: GuardedRequest) => Promise<Admission> {
  const { trustedProxies = 0, clock = systemClock } = options
  if (!Number.isInteger(trustedProxies) || trustedProxies < 0)
    throw new TypeError('trustedProxies is a number of proxies')
  const policy = readPolicy(options, options.verifyDevice !== undefined)
  const protection = protectionOf(options, policy)

  return async (request) => {
    const address = clientAddress(request, trustedProxies)
    const record = (reason: Reason, token: AccessToken | undefined, cause: unknown) =>
      options.onDecision?.(decisionOf(request, { reason, token, cause, address, at: clock.now(), options }))
    const deny = async (reason: Reason, error: OAuthError | undefined, token?: AccessToken, cause?: unknown) => {
      try {
        await record(reason, token, cause)
      } catch {
        // It stays a refusal, recorded or not.
      }
      return { refusal: bearerRefusal(error, protection) }
    }

    let token: AccessToken
    try {
      const text = presentedToken(request)
      if (text === undefined) return await deny('no_token', undefined)
      token = await verifier.verify(text)
    } catch (error) {
      if (error instanceof OAuthError) return await deny(error.code, error, undefined, error.cause)
      await deny('fault', REFUSALS.fault, undefined, error)
      throw error
    }
    try {
      const isDeviceVerified = await verifyDevice(options, request.deviceId, token)
      const breach = decide(policy, { token, address, isDeviceVerified, now: clock.now() })
      if (breach) return await deny(breach, REFUSALS[breach], token)
      await record('allowed', token, undefined)
      return { accessToken: token }
    } catch (cause) {
      return await deny('fault', REFUSALS.fault, token, cause)
    }
  }
}

/** What a challenge says: the scopes that would help, those among the claims too. RFC 6750 §3 */
function protectionOf(
  { realm, resourceMetadata }: GuardOptions,
  { scopes, claims, acrValues, maxAge }: Policy,
): Protection {
  const names: readonly unknown[] = Array.isArray(claims) ? claims : []
  const claimed = names.filter((name) => typeof name === 'string').filter(isScopeToken)
  return { realm, resourceMetadata, requiredScopes: [...new Set([...scopes, ...claimed])], acrValues, maxAge }
}

/** "Trusting client input" is what a device's id in a header would be: the token's own word goes first. controls.md row 3 */
async function verifyDevice(
  { verifyDevice: verify }: GuardOptions,
  picked: string | undefined,
  token: AccessToken,
): Promise<boolean> {
  if (!verify) return false
  const bound = token.claims.device_id
  const deviceId = picked ?? bound
  if (typeof deviceId !== 'string' || deviceId === '' || deviceId.length > LONGEST_DEVICE_ID) return false
  if (bound !== undefined && bound !== deviceId) return false
  return (await verify(deviceId, token)) === true
}

interface Told {
  readonly reason: Reason
  readonly token: AccessToken | undefined
  readonly cause: unknown
  readonly address: string | undefined
  readonly at: Date
  readonly options: GuardOptions
}

function decisionOf({ method, url, deviceId }: GuardedRequest, { reason, token, options, ...told }: Told): Decision {
  return {
    ...told,
    outcome: reason === 'allowed' ? 'allow' : 'deny',
    reason,
    method,
    path: url.replace(/[?#].*$/s, ''),
    deviceId: deviceId?.slice(0, LONGEST_DEVICE_ID),
    subject: token?.subject,
    clientId: token?.clientId,
    jtiDigest: token && sha256Base64url(token.claims.jti),
    policyVersion: options.policyVersion,
  }
}
