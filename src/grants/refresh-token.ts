import { exhaustive } from '../base/exhaustive.ts'
import type { Caller } from '../clients/authenticate-client.ts'
import { OAuthError } from '../protocol/error.ts'
import { required } from '../protocol/parameters.ts'
import { targetResource } from '../protocol/resource.ts'
import { narrowedScope, parseScope } from '../protocol/scope.ts'
import { claimsFor } from '../protocol/standard-claims.ts'
import type { AccessFacts } from '../store/liveness.ts'
import type { Family } from '../store/refresh-families.ts'
import { refreshRetryNoticed, refreshReused } from '../telemetry/audit.ts'
import { refreshGrantOf, userGrantOf } from '../tokens/authorization.ts'
import { type OwnRefreshToken, readRefreshToken } from '../tokens/verify.ts'
import { type Target, targetByRoles, targetOf } from './audience.ts'
import type { Grant, GrantDeps } from './grant.ts'
import { refuseDenied } from './refuse-denied.ts'

/** Exchanges a refresh token for the next one in its family. RFC 6749 §6, RFC 9700 §4.14.2 */
export const refreshToken: Grant = {
  type: 'refresh_token',
  async redeem(deps, caller, parameters) {
    // Whatever fails up to here is no evidence against the family, and ends nothing. design.md §4.3
    const token = await readRefreshToken(deps, required(parameters, 'refresh_token'))
    if (token?.client_id !== caller.client.clientId) throw refusal('not a good refresh token of this client')
    const scope = narrowedScope(parseScope(token.scope), parameters.get('scope'))
    targetResource(token.resource, parameters.list('resource'))
    const target = await targetOf(deps, token.resource, parameters.list('resource'), scope)

    const first = await rotate(deps, caller, token, false)
    const rotation = first.outcome === 'held' ? await rotateAllowed(deps, caller, token, first.access) : first
    switch (rotation.outcome) {
      case 'rotated':
      case 'retried': // the same successor again: RS256 signs equal claims to equal bytes
        return authorizationOf(rotation.family, caller, await targetByRoles(deps, target, rotation.family.user))
      case 'lost-timeline':
        deps.log.error({ familyId: token.fid, reason: rotation.reason }, LOST_TIMELINE)
        throw refusal(`${rotation.outcome}: ${rotation.reason}`)
      case 'reused': // the same statement has ended the family
      case 'ended':
        throw refusal(`${rotation.outcome}: ${rotation.reason}`)
      case 'held': // what was judged is not held again
        throw refusal('the access policy was not asked')
      default:
        return exhaustive(rotation)
    }
  },
}

/** A good signature under what the database does not know: the operator has to be told. design.md §4.2 */
const LOST_TIMELINE =
  'a refresh token is younger than the database: an older copy was restored, or writes were lost (or its user or client was deleted)'

/** Asks the access policy, where the client or a role of the user restricts where tokens are had, and then goes on. */
async function rotateAllowed(deps: GrantDeps, caller: Caller, token: OwnRefreshToken, access: AccessFacts) {
  await refuseDenied(deps, caller, access, { userId: token.sub, familyId: token.fid })
  return await rotate(deps, caller, token, true)
}

async function rotate(deps: GrantDeps, caller: Caller, token: OwnRefreshToken, isJudged: boolean) {
  const { client, from } = caller
  const facts = { userId: token.sub, clientId: client.clientId, familyId: token.fid }
  const presented = {
    familyId: token.fid,
    clientId: client.clientId,
    jti: Buffer.from(token.jti, 'base64url'),
    issuedAtSeconds: token.iat,
  }
  const successor = {
    jti: deps.random.bytes(16),
    kid: (await deps.keys.current()).kid,
    attempt: deps.random.bytes(16),
    address: from.address,
  }
  const policy = {
    retrySeconds: client.refreshRetrySeconds ?? deps.config.refreshRetrySeconds,
    idleSeconds: client.refreshTokenIdleSeconds,
    rotates: client.refreshRotation,
    isRestricted: client.requireCompliantDevice || client.allowedNetworks.length > 0,
    isJudged,
  }
  const rotation = await deps.store.refreshFamilies.rotate(
    presented,
    successor,
    policy,
    refreshReused(deps, from, facts),
  )
  if (rotation.outcome === 'retried') {
    const { retries, rotatedFrom } = rotation.family
    const isElsewhere = rotatedFrom !== null && rotatedFrom !== from.address
    const reason = isElsewhere ? 'another network' : retries === SUSPICIOUS_RETRIES ? 'many in a row' : undefined
    if (reason) await deps.store.audit.record(refreshRetryNoticed(deps, from, facts, { retries, reason }))
  }
  return rotation
}

const SUSPICIOUS_RETRIES = 5

function authorizationOf(family: Family, caller: Caller, target: Target) {
  const refresh = refreshGrantOf(family)
  const source = { ...family.user, email: family.user.email ?? undefined }
  return {
    client: caller.client,
    now: family.now,
    ...target,
    user: userGrantOf(family),
    ...(refresh ? { refresh } : {}),
    // The same ID token as at the sign-in, without its nonce. OIDC Core §12.2
    ...(family.scope.includes('openid')
      ? { idToken: { nonce: undefined, claims: claimsFor(source, [], family.claims.idToken) } }
      : {}),
  }
}

const refusal = (cause: string) => new OAuthError('invalid_grant', 'the refresh token is not valid', { cause })
