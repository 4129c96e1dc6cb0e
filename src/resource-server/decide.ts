import { blockList, isNetwork, type Networks } from '../base/networks.ts'
import { numericDate } from '../base/numeric-date.ts'
import type { AccessToken } from './access-token.ts'

type ClaimValue = string | number | boolean

/**
 * Names, each of which has to be a scope of the token or a claim that is `true`; or claims with the value, or one of the
 * values, that each has to have or to list. That a claim is there is never enough.
 */
export type RequiredClaims = readonly string[] | Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>

/** What a route demands of a request, beside a good token. Whatever is left out is not demanded. */
export interface PolicyOptions {
  /** Every one of these scopes. */
  readonly requiredScopes?: readonly string[] | undefined
  readonly requiredClaims?: RequiredClaims | undefined
  /** Every one of these roles. */
  readonly requiredRoles?: readonly string[] | undefined
  /**
   * Addresses and CIDR blocks that requests may come from, as a list or as what a claim of the token says. Nothing but a
   * list of networks lets anybody in. Comes on top of the token, never in its place.
   */
  readonly allowedNetworks?: readonly string[] | ((token: AccessToken) => unknown) | undefined
  /** The user must have signed in no longer ago, in seconds. RFC 9470 §4 */
  readonly maxAge?: number | undefined
  /** The authentication context, or one of several. RFC 9470 §4 */
  readonly acr?: string | readonly string[] | undefined
}

/** The same, read once, so that a request only compares. */
export interface Policy {
  readonly scopes: readonly string[]
  readonly claims: RequiredClaims
  readonly roles: readonly string[]
  readonly networks: ((token: AccessToken) => Networks) | undefined
  readonly isDeviceNeeded: boolean
  readonly maxAge: number | undefined
  readonly acrValues: readonly string[] | undefined
}

/** What is known of one request when it is judged. */
export interface Facts {
  readonly token: AccessToken
  /** `undefined` when it could not be told. */
  readonly address: string | undefined
  readonly isDeviceVerified: boolean
  readonly now: Date
}

/** The rule that a request broke. */
export type Breach = 'network' | 'scope' | 'claim' | 'role' | 'device' | 'sign_in'

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const isNetworkList = (value: unknown): value is readonly string[] =>
  isList(value) && value.every((entry) => typeof entry === 'string' && isNetwork(entry))

/** @throws TypeError for rules that cannot be meant: they are found when the service starts, not when it is attacked */
export function readPolicy(options: PolicyOptions, isDeviceNeeded: boolean): Policy {
  const { requiredScopes = [], requiredClaims = [], requiredRoles = [], allowedNetworks, maxAge, acr } = options
  if (maxAge !== undefined && !(maxAge >= 0)) throw new TypeError('maxAge is a number of seconds')
  return {
    scopes: requiredScopes,
    claims: requiredClaims,
    roles: requiredRoles,
    networks: allowedNetworks && networksOf(allowedNetworks),
    isDeviceNeeded,
    maxAge,
    acrValues: typeof acr === 'string' ? [acr] : acr,
  }
}

function networksOf(allowed: NonNullable<PolicyOptions['allowedNetworks']>): Policy['networks'] {
  if (typeof allowed === 'function') {
    return (token) => {
      const networks = allowed(token)
      return blockList(isNetworkList(networks) ? networks : [])
    }
  }
  if (!isNetworkList(allowed)) throw new TypeError('allowedNetworks is a list of addresses and CIDR blocks')
  const networks = blockList(allowed)
  return () => networks
}

/**
 * Judges a request whose token is good against the policy of a route: the first rule that it breaks, or `undefined`.
 * A fresh sign-in is asked for last, so that nobody is sent to one that would not help.
 */
export function decide(policy: Policy, { token, address, isDeviceVerified, now }: Facts): Breach | undefined {
  if (policy.networks && !(address !== undefined && policy.networks(token).includes(address))) return 'network'
  if (!policy.scopes.every((scope) => token.scopes.includes(scope))) return 'scope'
  if (!hasClaims(token, policy.claims)) return 'claim'
  if (!policy.roles.every((role) => token.roles.includes(role))) return 'role'
  if (policy.isDeviceNeeded && !isDeviceVerified) return 'device'
  if (!isSignInEnough(policy, token, now)) return 'sign_in'
  return undefined
}

function hasClaims(token: AccessToken, required: RequiredClaims): boolean {
  if (isList(required)) return required.every((name) => token.scopes.includes(name) || claimOf(token, name) === true)
  return Object.entries(required).every(([name, accepted]) => {
    const value = claimOf(token, name)
    const values: readonly unknown[] = isList(value) ? value : [value]
    return (isList(accepted) ? accepted : [accepted]).some((one) => values.includes(one))
  })
}

const claimOf = ({ claims }: AccessToken, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined

/** RFC 9470 §5: `auth_time` and `acr` say how and when; a token that says neither proves neither. */
function isSignInEnough({ maxAge, acrValues }: Policy, { claims }: AccessToken, now: Date): boolean {
  const { acr, auth_time: authTime } = claims
  if (acrValues !== undefined && (acr === undefined || !acrValues.includes(acr))) return false
  return maxAge === undefined || (authTime !== undefined && numericDate(now) - authTime <= maxAge)
}
