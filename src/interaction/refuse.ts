import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { OAuthError } from '../protocol/error.ts'
import type { Store } from '../store/index.ts'
import type { Standing } from '../store/sessions.ts'
import { type Provenance, policyDenied } from '../telemetry/audit.ts'
import { refusalOf, type Step } from './next-step.ts'

export interface RefuseDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'audit'>
}

/**
 * The refusal that the client is told of. What the access policy denied is recorded first, with the rule: the client and
 * the user learn no more than that. NIST SP 800-207 §2.1
 */
export async function refuse(
  deps: RefuseDeps,
  step: Extract<Step, { step: 'refuse' }>,
  { session, user }: Standing,
  clientId: string | undefined,
  from: Provenance,
): Promise<OAuthError> {
  if (step.code === 'access_denied') {
    const facts = {
      ...(clientId !== undefined && { clientId }), // a page of our own has none
      ...(user && { userId: user.id }),
      ...(session && { sessionId: session.id }),
    }
    await deps.store.audit.record(policyDenied(deps, from, { ...facts, reason: step.reason }))
  }
  return refusalOf(step)
}
