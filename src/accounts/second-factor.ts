import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import type { Outgoing } from '../store/outbox.ts'
import type { RaisedSession } from '../store/second-factors.ts'
import { factorEvent, type Provenance } from '../telemetry/audit.ts'
import type { LetterDeps } from './letter.ts'
import { factorAddedNotice, recoveryCodeUsedNotice } from './notices.ts'
import { issueRecoveryCodes, matchRecoveryCode, type RecoveryDeps } from './recovery-codes.ts'
import type { SessionSecrets } from './sign-in.ts'
import { chargeCode, refundCode, type ThrottleDeps } from './throttle.ts'
import { matchCode, normalisedCode, type TotpDeps } from './totp.ts'

export interface SecondFactorDeps extends TotpDeps, RecoveryDeps, LetterDeps {
  readonly store: Pick<Store, 'secondFactors' | 'recoveryCodes' | 'throttle' | 'audit' | 'users'>
  readonly config: ThrottleDeps['config'] & LetterDeps['config']
}

/** Who gives a code, and in which session: that session is raised, and gets new secrets. */
export interface FactorPlace {
  readonly userId: string
  readonly sessionId: string
  readonly from: Provenance
}

export type FactorOutcome =
  | { readonly outcome: 'proved'; readonly secrets: SessionSecrets }
  | { readonly outcome: 'wrong' | 'busy' }
  | { readonly outcome: 'wait'; readonly seconds: number }

interface Raising {
  readonly session: RaisedSession
  readonly secrets: SessionSecrets
}

function raising({ random }: SecondFactorDeps, { sessionId }: FactorPlace, amr: readonly string[]): Raising {
  const secrets = { strict: newToken(random, 'ss_'), lax: newToken(random, 'sl_') }
  const digests = { strictDigest: digestOf(secrets.strict), laxDigest: digestOf(secrets.lax) }
  return { secrets, session: { id: sessionId, ...digests, acr: 'urn:postern:mfa', amr } }
}

/** Proves a second factor by the code of an authenticator; each time step counts once. RFC 6238 §5.2, RFC 8176 §2 */
export async function proveTotp(deps: SecondFactorDeps, place: FactorPlace, typed: string): Promise<FactorOutcome> {
  return await limited(deps, place, async () => {
    const authenticators = await deps.store.secondFactors.listTotp(place.userId)
    const match = matchCode(deps, authenticators, normalisedCode(typed))
    if (!match) return { outcome: 'wrong' }
    const { session, secrets } = raising(deps, place, ['pwd', 'otp', 'mfa'])
    const event = factorEvent(deps, 'factor.proved', place, { totp: match.id })
    const isSpent = await deps.store.secondFactors.spendTotp(place.userId, match.id, match.step, session, event)
    return isSpent ? { outcome: 'proved', secrets } : { outcome: 'wrong' }
  })
}

/** Proves a second factor by a recovery code, which is gone then. */
export async function proveRecoveryCode(
  deps: SecondFactorDeps,
  place: FactorPlace,
  typed: string,
): Promise<FactorOutcome> {
  return await limited(deps, place, async () => {
    const match = await matchRecoveryCode(deps, place.userId, typed)
    if (match === 'wrong' || match === 'busy') return { outcome: match }
    const { session, secrets } = raising(deps, place, ['pwd', 'mfa'])
    const event = factorEvent(deps, 'recovery_code.used', place, {})
    const notices = await codeUsedNotices(deps, place)
    const isSpent = await deps.store.recoveryCodes.spend(place.userId, match.id, session, event, notices)
    return isSpent ? { outcome: 'proved', secrets } : { outcome: 'wrong' }
  })
}

async function codeUsedNotices(deps: SecondFactorDeps, { userId, from }: FactorPlace): Promise<readonly Outgoing[]> {
  const user = await deps.store.users.find({ id: userId })
  const left = await deps.store.recoveryCodes.count(userId)
  return user ? recoveryCodeUsedNotice(deps, user, from, left - 1) : []
}

/**
 * Makes an enrolment count by its first code. With the first factor come the recovery codes.
 * Does not check that the session is fresh, or that a user with a factor has proved it: whoever shows the page does.
 */
export async function confirmEnrolment(
  deps: SecondFactorDeps,
  place: FactorPlace,
  typed: string,
): Promise<FactorOutcome> {
  return await limited(deps, place, async () => {
    const { secondFactors } = deps.store
    const enrolment = await secondFactors.findEnrolment(place.userId, place.sessionId)
    const match = enrolment && matchCode(deps, [enrolment], normalisedCode(typed))
    if (!match) return { outcome: 'wrong' }
    const isFirst = (await secondFactors.listTotp(place.userId)).length === 0
    const { session, secrets } = raising(deps, place, ['pwd', 'otp', 'mfa'])
    const event = factorEvent(deps, 'factor.enrolled', place, { totp: match.id })
    const user = await deps.store.users.find({ id: place.userId })
    const notices = user ? factorAddedNotice(deps, user, place.from, enrolment.name) : []
    const isConfirmed = await secondFactors.confirmTotp(place.userId, match.id, match.step, session, event, notices)
    if (!isConfirmed) return { outcome: 'wrong' }
    if (isFirst) {
      const issued = factorEvent(deps, 'recovery_codes.issued', place, {})
      await issueRecoveryCodes(deps, place.userId, place.sessionId, issued)
    }
    return { outcome: 'proved', secrets }
  })
}

/** One counter over every way to enter a code. What was right is given back: only guesses are limited. design.md §6 */
async function limited(
  deps: SecondFactorDeps,
  place: FactorPlace,
  attempt: () => Promise<FactorOutcome>,
): Promise<FactorOutcome> {
  const seconds = await chargeCode(deps, place.userId)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const result = await attempt()
  if (result.outcome === 'proved') await refundCode(deps, place.userId)
  if (result.outcome === 'wrong') await deps.store.audit.record(factorEvent(deps, 'factor.failed', place, {}))
  return result
}
