import { denial } from '../accounts/policy.ts'
import type { Caller } from '../clients/authenticate-client.ts'
import { OAuthError } from '../protocol/error.ts'
import type { AccessFacts } from '../store/liveness.ts'
import { policyDenied } from '../telemetry/audit.ts'
import type { GrantDeps } from './grant.ts'

/** Whose grant it is. */
export interface GrantOwner {
  readonly userId: string
  readonly sessionId?: string
  readonly familyId: string
}

/**
 * Refuses tokens of a user where the access policy denies them: in this network, or on this device. Says so in the audit.
 * Comes before anything is spent, so that the grant is there when the reason has gone. NIST SP 800-207 §2.1
 */
export async function refuseDenied(
  deps: GrantDeps,
  { client, from, ip }: Caller,
  { allowedNetworks, device }: AccessFacts,
  owner: GrantOwner,
): Promise<void> {
  const reason = denial({ client, allowedNetworks, device, address: ip, now: deps.clock.now() })
  if (!reason) return
  const { userId, sessionId, familyId } = owner
  const facts = { clientId: client.clientId, userId, familyId, ...(sessionId && { sessionId }), reason }
  await deps.store.audit.record(policyDenied(deps, from, facts))
  throw new OAuthError('invalid_grant', 'the policy does not allow this', { cause: reason })
}

/** Refuses a client's own token outside the client's networks. */
export async function refuseOutsider(deps: GrantDeps, { client, from, ip }: Caller): Promise<void> {
  const { allowedNetworks } = client
  const own = { allowedNetworks, requireCompliantDevice: false } // a device is a user's
  const reason = denial({ client: own, allowedNetworks: [], device: undefined, address: ip, now: deps.clock.now() })
  if (!reason) return
  await deps.store.audit.record(policyDenied(deps, from, { clientId: client.clientId, reason }))
  throw new OAuthError('access_denied', 'the policy does not allow this', { cause: reason })
}
