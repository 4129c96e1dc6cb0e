import type { Digest } from '../base/digest.ts'

export const CLIENT_AUTHENTICATION_METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const
export type ClientAuthenticationMethod = (typeof CLIENT_AUTHENTICATION_METHODS)[number]

export const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const
export type GrantType = (typeof GRANT_TYPES)[number]

export interface ClientSecret {
  readonly id: string
  readonly digest: Digest
  readonly expiresAt: Date | undefined
  /** Noted at most once an hour. */
  readonly lastUsedAt: Date | undefined
}

/** An application that may ask for tokens, with its whole policy. RFC 6749 §2, RFC 7591 §2 */
export interface Client {
  readonly clientId: string
  readonly clientName: string
  readonly tokenEndpointAuthMethod: ClientAuthenticationMethod
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Where it is told that a session has ended. OIDC Back-Channel Logout 1.0 §2.2 */
  readonly backchannelLogoutUri: string | undefined
  /** Whether it must be told which one: every logout token of ours names the session. */
  readonly backchannelLogoutSessionRequired: boolean
  readonly allowedOrigins: readonly string[]
  readonly grantTypes: readonly GrantType[]
  /** What it may ask for; all of it when it asks for nothing. */
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  readonly firstParty: boolean
  readonly requirePkce: boolean
  /** Its users need a second factor. */
  readonly requireMfa: boolean
  /** CIDR; empty: any. */
  readonly allowedNetworks: readonly string[]
  /** Only from a device whose posture is known to be compliant. */
  readonly requireCompliantDevice: boolean
  readonly clientUri: string | undefined
  readonly logoUri: string | undefined
  readonly policyUri: string | undefined
  readonly tosUri: string | undefined
  readonly contacts: readonly string[]
  readonly accessTokenLifetimeSeconds: number | undefined
  readonly refreshTokenLifetimeSeconds: number | undefined
  readonly refreshTokenIdleSeconds: number | undefined
  readonly refreshRetrySeconds: number | undefined
  readonly refreshRotation: boolean
  readonly tokensValidFrom: Date | undefined
  readonly disabledAt: Date | undefined
  readonly secrets: readonly ClientSecret[]
}

/** A client that cannot keep a secret. RFC 6749 §2.1 */
export const isPublic = (client: Client): boolean => client.tokenEndpointAuthMethod === 'none'

/** An API that tokens are for. RFC 8707 §2 */
export interface Resource {
  readonly identifier: string
  readonly name: string
  /** Each scope with its description in plain words. */
  readonly scopes: Readonly<Record<string, string>>
  /** Clients that may introspect tokens for it. */
  readonly introspectionClients: readonly string[]
  /** Whether users get there only the scopes that their roles allow. */
  readonly scopesByRole?: boolean
}
