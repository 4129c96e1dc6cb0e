import type { UserClaims } from '../protocol/standard-claims.ts'
import type { Outgoing } from '../store/outbox.ts'
import type { Provenance } from '../telemetry/audit.ts'
import { type Letter, type LetterDeps, sealedLetter } from './letter.ts'

// What is told after a credential changed, so that its owner notices when somebody else did it. Each is handed to the store
// function of the change, whose statement writes it.

/** Whom a mail is for. Without an address there is none. */
export interface Addressee {
  readonly username: string
  readonly email: string | null
  readonly claims: UserClaims
}

/** Where a change came from; an operator's has no place. */
type From = Provenance | undefined

const LIFETIME_SECONDS = 86_400

/** A person's language: what their profile says, else that of the request at hand. */
export const languageOf = ({ claims }: Pick<Addressee, 'claims'>, from: From): string =>
  claims.locale ?? from?.language ?? 'en'

/** What a letter says of whose account it is about. */
export const accountOf = ({ username, claims }: Addressee) => ({
  account: username,
  ...(claims.name === undefined ? {} : { name: claims.name }),
})

const factsOf = ({ clock }: LetterDeps, user: Addressee, from: From) => ({
  ...accountOf(user),
  event: { time: clock.now(), ...(from ? { userAgent: from.userAgent, address: from.address } : {}) },
})

function notice(deps: LetterDeps, user: Addressee, from: From, letter: Letter): readonly Outgoing[] {
  if (user.email === null) return []
  return sealedLetter(deps, { to: user.email, language: languageOf(user, from), letter }, LIFETIME_SECONDS)
}

/** The password was changed. */
export const passwordChangedNotice = (deps: LetterDeps, user: Addressee, from: From) =>
  notice(deps, user, from, { kind: 'password-changed', ...factsOf(deps, user, from) })

/** An authenticator was added. @param factor what its user calls it */
export const factorAddedNotice = (deps: LetterDeps, user: Addressee, from: From, factor: string) =>
  notice(deps, user, from, { kind: 'factor-added', ...factsOf(deps, user, from), factor })

/** An authenticator was removed. */
export const factorRemovedNotice = (deps: LetterDeps, user: Addressee, from: From, factor: string) =>
  notice(deps, user, from, { kind: 'factor-removed', ...factsOf(deps, user, from), factor })

/** New recovery codes replaced the old ones. */
export const recoveryCodesRenewedNotice = (deps: LetterDeps, user: Addressee, from: From) =>
  notice(deps, user, from, { kind: 'recovery-codes-renewed', ...factsOf(deps, user, from) })

/** A recovery code was spent. @param left how many there are now */
export const recoveryCodeUsedNotice = (deps: LetterDeps, user: Addressee, from: From, left: number) =>
  notice(deps, user, from, { kind: 'recovery-code-used', ...factsOf(deps, user, from), left })

/** Somebody signed in on a device that was not known. */
export const newDeviceNotice = (deps: LetterDeps, user: Addressee, from: From) =>
  notice(deps, user, from, { kind: 'new-device', ...factsOf(deps, user, from) })

/** To the present address, before it changes: the time to stop it. */
export const emailChangeRequestedNotice = (deps: LetterDeps, user: Addressee, from: From, email: string) =>
  notice(deps, user, from, { kind: 'email-change-requested', ...factsOf(deps, user, from), email })

/** To both addresses, after the change. @param user with the old one */
export function emailChangedNotices(deps: LetterDeps, user: Addressee, from: From, email: string): readonly Outgoing[] {
  const told = (to: string | null, side: 'old' | 'new') =>
    notice(deps, { ...user, email: to }, from, { kind: 'email-changed', ...factsOf(deps, user, from), email, side })
  return [...told(user.email, 'old'), ...told(email, 'new')]
}

/** Strangers tried too many passwords: how the owner gets in all the same. design.md §6 */
export const strangersShutOutNotice = (deps: LetterDeps, user: Addressee) =>
  notice(deps, user, undefined, { kind: 'strangers-shut-out', ...accountOf(user) })

/** The last message. */
export const accountDeletedNotice = (deps: LetterDeps, user: Addressee, from: From) =>
  notice(deps, user, from, { kind: 'account-deleted', ...factsOf(deps, user, from) })
