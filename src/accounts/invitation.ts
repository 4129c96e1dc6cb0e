import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { Store } from '../store/index.ts'
import { type LetterDeps, sealedLetter } from './letter.ts'

const INVITATION_SECONDS = 7 * 86_400

export interface Invitation {
  /** A secret: whoever opens it first makes the account. */
  readonly url: string
  readonly expiresInSeconds: number
  /** Whether the link also goes to the address by mail. */
  readonly isMailed: boolean
}

/** Invites the owner of an address to make an account, with the roles given; good for a week. Roles must exist. */
export async function invite(
  deps: LetterDeps & { readonly store: Pick<Store, 'administration'> },
  { email, roles, language }: { readonly email: string; readonly roles: readonly string[]; readonly language: string },
  event: AuditEvent,
): Promise<Invitation> {
  const token = newToken(deps.random, 'in_')
  const link = { purpose: 'invitation', data: { email, roles } } as const
  const href = `${deps.config.issuer}/signup?invitation=${token}`
  const letter = { kind: 'invitation' as const, href, lifetimeSeconds: INVITATION_SECONDS }
  const mails = sealedLetter(deps, { to: email, language, letter }, INVITATION_SECONDS)
  await deps.store.administration.addLink(digestOf(token), link, INVITATION_SECONDS, event, mails)
  return { url: href, expiresInSeconds: INVITATION_SECONDS, isMailed: mails.length > 0 }
}
