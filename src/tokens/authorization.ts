// tokens: what a grant amounts to, the one place that signs it, and the one place that reads it back. A grant returns an
// `Authorization`; it cannot sign, so it cannot forget an audience, a hash or a binding.

import type { AuthenticationEvent } from '../protocol/authentication-context.ts'
import type { Client } from '../protocol/client.ts'
import type { Family } from '../store/refresh-families.ts'

/** The user's part of an authorization. */
export interface UserGrant extends AuthenticationEvent {
  readonly userId: string
  readonly roles: readonly string[]
  readonly familyId: string
  readonly sessionId: string
}

/** The refresh token to sign, from the columns of its family: equal columns sign to equal bytes (RS256 is deterministic). */
export interface RefreshGrant {
  readonly jti: Buffer
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly kid: string
  readonly scope: readonly string[]
  readonly resources: readonly string[]
}

export interface IdTokenGrant {
  readonly nonce: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
}

/** Who may do what where: everything that tokens are minted from. */
export interface Authorization {
  readonly client: Client
  readonly now: Date
  /** The resource the access token is for; this server's issuer where it is for none. */
  readonly audience: string
  readonly scope: readonly string[]
  readonly user?: UserGrant
  readonly refresh?: RefreshGrant
  readonly idToken?: IdTokenGrant
}

/** The user's part, as the family has it. */
export const userGrantOf = (family: Family): UserGrant => ({
  userId: family.user.id,
  roles: family.user.roles,
  familyId: family.id,
  sessionId: family.sessionId,
  authTime: family.authTime,
  acr: family.acr,
  amr: family.amr,
})

/** The refresh token that the family has now; `undefined` when it was given none. */
export const refreshGrantOf = (family: Family): RefreshGrant | undefined =>
  family.jti
    ? {
        jti: family.jti,
        issuedAt: family.rotatedAt,
        expiresAt: family.tokenExpiresAt,
        kid: family.kid,
        scope: family.scope,
        resources: family.resources,
      }
    : undefined
