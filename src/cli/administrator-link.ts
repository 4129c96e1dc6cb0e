import { sealedLetter } from '../accounts/letter.ts'
import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { Deps } from '../deps.ts'
import { operated } from './change.ts'

const LINK_SECONDS = 86_400

/** A page that can be opened once. The URL is a secret: whoever opens it first becomes what it promises. */
export interface OneTimeLink {
  readonly url: string
  readonly expiresInSeconds: number
}

export type LinkDeps = Pick<Deps, 'clock' | 'random' | 'store' | 'config' | 'sealer'>

/** Makes a one-time link to the page that makes an administrator; good for a day. Earlier ones stay good. design.md §11 */
export async function newAdministratorLink(deps: LinkDeps): Promise<OneTimeLink> {
  const token = newToken(deps.random, 'fa_')
  const link = { purpose: 'first-administrator', data: {} } as const
  const event = operated(deps, 'administrator_link.created')
  await deps.store.administration.addLink(digestOf(token), link, LINK_SECONDS, event)
  return { url: `${deps.config.issuer}/first-administrator?token=${token}`, expiresInSeconds: LINK_SECONDS }
}

const INVITATION_SECONDS = 7 * 86_400

export interface Invitation extends OneTimeLink {
  /** Whether the link also goes to the address by mail. */
  readonly isMailed: boolean
}

/** Invites the owner of an address to make an account, with the roles given; good for a week. Roles must exist. */
export async function newInvitation(deps: LinkDeps, email: string, roles: readonly string[]): Promise<Invitation> {
  const token = newToken(deps.random, 'in_')
  const link = { purpose: 'invitation', data: { email, roles } } as const
  const event = operated(deps, 'invitation.created', { detail: { roles } })
  const href = `${deps.config.issuer}/signup?invitation=${token}`
  const letter = { kind: 'invitation' as const, href, lifetimeSeconds: INVITATION_SECONDS }
  const mails = sealedLetter(deps, { to: email, language: 'en', letter }, INVITATION_SECONDS)
  await deps.store.administration.addLink(digestOf(token), link, INVITATION_SECONDS, event, mails)
  return { url: href, expiresInSeconds: INVITATION_SECONDS, isMailed: mails.length > 0 }
}
