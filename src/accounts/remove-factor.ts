import { isId } from '../base/random.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { Store } from '../store/index.ts'
import { factorEvent } from '../telemetry/audit.ts'
import type { LetterDeps } from './letter.ts'
import { type Addressee, factorRemovedNotice } from './notices.ts'
import type { FactorPlace } from './second-factor.ts'

export interface RemoveFactorDeps extends LetterDeps {
  readonly store: Pick<Store, 'secondFactors' | 'users'>
}

/**
 * Removes an authenticator of its owner, who is told by mail. The last one stays where the policy demands a second factor.
 * Does not check that the sign-in is fresh.
 */
export async function removeFactor(
  deps: RemoveFactorDeps,
  place: FactorPlace,
  id: string,
  isRequired: boolean,
): Promise<'removed' | 'required' | 'unknown'> {
  const factors = await deps.store.secondFactors.listTotp(place.userId)
  const factor = isId(id) ? factors.find((each) => each.id === id) : undefined
  if (!factor) return 'unknown'
  if (factors.length === 1 && isRequired) return 'required'
  const user = await deps.store.users.find({ id: place.userId })
  const notices = user ? factorRemovedNotice(deps, user, place.from, factor.name) : []
  const event = factorEvent(deps, 'factor.removed', place, { totp: id })
  return (await deps.store.secondFactors.removeTotp(place.userId, id, event, notices)) ? 'removed' : 'unknown'
}

/** Removes every factor of a user who has lost them; they are signed out, and told by mail. @returns how many there were */
export async function resetFactors(
  deps: RemoveFactorDeps,
  user: Addressee & { readonly id: string },
  event: AuditEvent,
): Promise<number> {
  const factors = await deps.store.secondFactors.listTotp(user.id)
  const named = factors.map(({ name }) => name).join(', ')
  const notices = factors.length > 0 ? factorRemovedNotice(deps, user, undefined, named) : []
  await deps.store.secondFactors.reset(user.id, event, notices)
  return factors.length
}
