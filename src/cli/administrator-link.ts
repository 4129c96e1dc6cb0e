import { type Invitation, invite } from '../accounts/invitation.ts'
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

/** Invites the owner of an address to make an account, as the operator. Roles must exist. */
export const newInvitation = (deps: LinkDeps, email: string, roles: readonly string[]): Promise<Invitation> =>
  invite(deps, { email, roles, language: 'en' }, operated(deps, 'invitation.created', { detail: { roles } }))
