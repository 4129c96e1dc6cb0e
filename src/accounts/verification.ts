import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { UserLink } from '../store/action-tokens.ts'
import type { Store } from '../store/index.ts'
import type { EmailLink } from '../store/mail-links.ts'
import type { Outgoing } from '../store/outbox.ts'
import { canonical, type User } from '../store/users.ts'
import { mailLinkEvent, type Provenance } from '../telemetry/audit.ts'
import { type LetterDeps, sealedLetter } from './letter.ts'
import { type EmailFault, emailFault } from './names.ts'
import { type Addressee, accountOf, emailChangedNotices, emailChangeRequestedNotice, languageOf } from './notices.ts'

export interface VerificationDeps extends LetterDeps {
  readonly store: Pick<Store, 'users' | 'mailLinks' | 'throttle'>
}

/** So many links a person may have sent: the address that they name need not be theirs. */
const LINKS = { calls: 5, periodSeconds: 3600 }

/** Too many links were asked for. */
interface Wait {
  readonly outcome: 'wait'
  readonly seconds: number
}

const chargeLink = (deps: VerificationDeps, userId: string): Promise<number> =>
  deps.store.throttle.take([digestOf(`verification\0mails\0${userId}`)], LINKS, deps.random.bytes(16))

const LINK_SECONDS = 86_400

/** A link that proves an address, and the mail that carries it there. */
export interface AddressProof {
  readonly links: readonly UserLink[]
  readonly mails: readonly Outgoing[]
}

function proof(
  deps: LetterDeps,
  user: Addressee,
  from: Provenance,
  email: string,
  link: Pick<UserLink, 'purpose' | 'data'>,
): { readonly link: UserLink; readonly mails: readonly Outgoing[] } {
  const token = newToken(deps.random, 've_')
  const href = `${deps.config.issuer}/verify-email?token=${token}`
  const letter = { kind: 'verify-email' as const, ...accountOf(user), email, href, lifetimeSeconds: LINK_SECONDS }
  return {
    link: { ...link, digest: digestOf(token), lifetimeSeconds: LINK_SECONDS },
    mails: sealedLetter(deps, { to: email, language: languageOf(user, from), letter }, LINK_SECONDS),
  }
}

/** The proof of a new account's address, to be stored with the account. It is bound to the address: no other is proved by it. */
export function newAddressProof(deps: LetterDeps, user: Addressee, from: Provenance): AddressProof {
  if (user.email === null) return { links: [], mails: [] }
  const { link, mails } = proof(deps, user, from, user.email, { purpose: 'verification', data: { email: user.email } })
  return mails.length === 0 ? { links: [], mails } : { links: [link], mails } // a link that nobody gets is none
}

/** Mails a link that proves the present address, in place of an earlier one. There are five such mails an hour. */
export async function resendVerification(
  deps: VerificationDeps,
  user: Pick<User, 'id' | 'emailVerified'> & Addressee,
  from: Provenance,
): Promise<{ readonly outcome: 'sent' } | Wait> {
  if (user.email === null || user.emailVerified) return { outcome: 'sent' }
  const seconds = await chargeLink(deps, user.id)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const { link, mails } = proof(deps, user, from, user.email, { purpose: 'verification', data: { email: user.email } })
  const event = mailLinkEvent(deps, 'email.verification_requested', from, user.id)
  await deps.store.mailLinks.addEmailLink(user.id, link, mails, event)
  return { outcome: 'sent' }
}

/**
 * Asks for a change of address: it comes about when the link that goes to the new one is opened, and the old one is told
 * before. A change of the password stops it. There are five such mails an hour. Sees neither to a fresh sign-in nor to how
 * often it is asked which addresses are taken.
 */
export async function requestEmailChange(
  deps: VerificationDeps,
  user: Pick<User, 'id' | 'epoch'> & Addressee,
  email: string,
  from: Provenance,
): Promise<{ readonly outcome: 'asked' | 'same' | EmailFault } | Wait> {
  const fault = emailFault(email)
  if (fault) return { outcome: fault }
  const present = user.email === null ? null : canonical(user.email)
  if (canonical(email) === present) return { outcome: 'same' }
  if (await deps.store.users.find({ login: email })) return { outcome: 'taken' }
  const seconds = await chargeLink(deps, user.id)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const data = { email, from: present, epoch: user.epoch }
  const { link, mails } = proof(deps, user, from, email, { purpose: 'email-change', data })
  const told = emailChangeRequestedNotice(deps, user, from, email)
  const event = mailLinkEvent(deps, 'email.change_requested', from, user.id)
  await deps.store.mailLinks.addEmailLink(user.id, link, [...mails, ...told], event)
  return { outcome: 'asked' }
}

/** Withdraws a change of address. @returns whether there was one */
export const cancelEmailChange = (deps: VerificationDeps, userId: string, from: Provenance): Promise<boolean> =>
  deps.store.mailLinks.cancelEmailChange(userId, mailLinkEvent(deps, 'email.change_cancelled', from, userId))

/** Which address the link with this token proves. Nothing is spent. */
export const findEmailLink = (
  { store }: Pick<VerificationDeps, 'store'>,
  token: string,
): Promise<EmailLink | undefined> => store.mailLinks.findEmailLink(digestOf(token))

/**
 * Takes an address for proved, by the link that went there, or changes to it; both addresses are told of a change.
 * @returns the address, or `undefined` when the link is not, or no longer, good
 */
export async function proveEmail(deps: VerificationDeps, token: string, from: Provenance): Promise<string | undefined> {
  const found = await findEmailLink(deps, token)
  if (!found) return undefined
  const { owner, email, purpose } = found
  const digest = digestOf(token)
  const isDone =
    purpose === 'verification'
      ? await deps.store.mailLinks.verifyEmail(digest, mailLinkEvent(deps, 'email.verified', from, owner.id))
      : await deps.store.mailLinks.changeEmail(
          digest,
          email,
          mailLinkEvent(deps, 'email.changed', from, owner.id),
          emailChangedNotices(deps, owner, from, email),
        )
  return isDone ? email : undefined
}
