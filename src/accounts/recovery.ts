import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { Store } from '../store/index.ts'
import type { ResetOwner } from '../store/mail-links.ts'
import { canonical, type User } from '../store/users.ts'
import { mailLinkEvent, type Provenance } from '../telemetry/audit.ts'
import { type LetterDeps, sealedLetter } from './letter.ts'
import { accountOf, languageOf, passwordChangedNotice } from './notices.ts'
import type { Passwords } from './password.ts'
import { ownWords, type PasswordFault, type PasswordPolicy, passwordFaults } from './password-policy.ts'
import { chargeAttempt, type ThrottleDeps } from './throttle.ts'

export interface RecoveryByMailDeps extends LetterDeps {
  readonly store: Pick<Store, 'users' | 'mailLinks'> & ThrottleDeps['store']
  readonly passwords: Passwords
  readonly config: LetterDeps['config'] & ThrottleDeps['config'] & { readonly passwordPolicy: PasswordPolicy }
}

/** How long a link to a new password is good. */
export const RESET_SECONDS = 900

/** So many mails an owner gets, however often somebody asks. */
const MAILS = { calls: 5, periodSeconds: 3600 }

/**
 * Mails a link to a new password to the owner of an account, if there is one who can be reached. Whether there is: the same
 * outcome, after the same statements. The limits too are those of what was typed, and what limits the owner's mails alone
 * says nothing.
 * @param interactionId where the owner goes on afterwards
 * @returns the seconds to wait; 0 when it was done
 */
export async function requestReset(
  deps: RecoveryByMailDeps,
  login: string,
  from: Provenance,
  interactionId: string | undefined,
): Promise<number> {
  const seconds = await chargeAttempt(deps, from.address, `reset\0${canonical(login)}`)
  if (seconds > 0) return seconds

  const found = await deps.store.users.find({ login })
  const isSpared = await isSparedMails(deps, found?.id ?? canonical(login))
  const user = isSpared || found?.disabledAt || found?.email === null ? undefined : found
  const language = languageOf(user ?? NOBODY, from)
  const event = mailLinkEvent(deps, 'password.reset_requested', from, user?.id)
  await mailReset(deps, user, { language, interactionId }, event)
  return 0
}

/**
 * Mails a link to a new password to an owner whom an administrator wants to have one. Does not check that they can sign in.
 * @returns false where they have had all the mails of an hour
 */
export async function sendReset(deps: RecoveryByMailDeps, user: User, event: AuditEvent): Promise<boolean> {
  if (await isSparedMails(deps, user.id)) return false
  await mailReset(deps, user, { language: languageOf(user, undefined), interactionId: undefined }, event)
  return true
}

const isSparedMails = async ({ store, random }: RecoveryByMailDeps, owner: string): Promise<boolean> =>
  (await store.throttle.take([digestOf(`reset\0mails\0${owner}`)], MAILS, random.bytes(16))) > 0

/** Writes the link and its mail; for nobody, as much that leads nowhere. */
async function mailReset(
  deps: RecoveryByMailDeps,
  user: User | undefined,
  { language, interactionId }: { readonly language: string; readonly interactionId: string | undefined },
  event: AuditEvent,
): Promise<void> {
  const token = newToken(deps.random, 'rp_')
  const letter = {
    kind: 'reset-password' as const,
    ...accountOf(user ?? NOBODY),
    href: `${deps.config.issuer}/reset-password?token=${token}`,
    lifetimeSeconds: RESET_SECONDS,
  }
  const mails = sealedLetter(deps, { to: user?.email ?? '', language, letter }, RESET_SECONDS)
  const bound = { email: canonical(user?.email ?? ''), epoch: user?.epoch ?? 0, interaction: interactionId }
  await deps.store.mailLinks.addReset(
    user?.id,
    { digest: digestOf(token), purpose: 'reset', data: bound, lifetimeSeconds: RESET_SECONDS },
    user ? mails : mails.map((mail) => ({ ...mail, payload: undefined })),
    event,
  )
}

const NOBODY = { username: '', email: null, claims: {} }

/** Whose password the link with this token may set. Nothing is spent. */
export const findReset = (
  { store }: { readonly store: Pick<Store, 'mailLinks'> },
  token: string,
): Promise<ResetOwner | undefined> => store.mailLinks.findReset(digestOf(token))

export type ResetOutcome =
  | { readonly outcome: 'reset' | 'link-gone' | 'busy' }
  | { readonly outcome: 'refused'; readonly faults: readonly PasswordFault[] }
  | { readonly outcome: 'wait'; readonly seconds: number }

/**
 * Sets a new password for the owner of a link, once: every session and grant ends, and nobody is signed in by it. A second
 * factor stays due. Only the address is charged, so that no stranger can keep an owner from it. ASVS 6.4.3
 */
export async function resetPassword(
  deps: RecoveryByMailDeps,
  token: string,
  password: string,
  from: Provenance,
): Promise<ResetOutcome> {
  const seconds = await chargeAttempt(deps, from.address, undefined)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const user = await findReset(deps, token)
  if (!user) return { outcome: 'link-gone' }
  const faults = passwordFaults(deps.config.passwordPolicy, password, ownWords(user, deps.config.issuer))
  if (faults.length > 0) return { outcome: 'refused', faults }
  const hashed = await deps.passwords.hash(password)
  if (hashed === 'busy') return { outcome: 'busy' }
  const event = mailLinkEvent(deps, 'password.reset', from, user.id)
  const notices = passwordChangedNotice(deps, user, from)
  const isDone = await deps.store.mailLinks.resetPassword(digestOf(token), hashed, event, notices)
  return { outcome: isDone ? 'reset' : 'link-gone' }
}
