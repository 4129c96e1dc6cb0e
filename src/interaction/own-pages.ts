import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import { NO_CLAIMS } from '../protocol/claims-request.ts'
import type { Client } from '../protocol/client.ts'

/**
 * Our own pages, in the place of a client: nothing is issued to them, so nothing has to be allowed. Signing in for one is
 * the same row and the same question as signing in for an app, only that it ends on a path of ours.
 */
export const OWN_PAGES: Client = {
  clientId: '',
  clientName: '',
  tokenEndpointAuthMethod: 'none',
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: undefined,
  backchannelLogoutSessionRequired: false,
  allowedOrigins: [],
  grantTypes: [],
  scope: [],
  resources: [],
  firstParty: true,
  requirePkce: true,
  requireMfa: false,
  allowedNetworks: [],
  requireCompliantDevice: false,
  clientUri: undefined,
  logoUri: undefined,
  policyUri: undefined,
  tosUri: undefined,
  contacts: [],
  accessTokenLifetimeSeconds: undefined,
  refreshTokenLifetimeSeconds: undefined,
  refreshTokenIdleSeconds: undefined,
  refreshRetrySeconds: undefined,
  refreshRotation: true,
  tokensValidFrom: undefined,
  disabledAt: undefined,
  secrets: [],
}

export interface OwnDemand {
  /** How old the sign-in may be; a change of a credential asks for a fresh one. */
  readonly maxAgeSeconds?: number
  /** Whether a second factor has to be there. */
  readonly demandsMfa?: boolean
}

/** The request behind a page of our own. @param path below the issuer, and ours: never taken from a parameter */
export const ownPageRequest = (
  path: string,
  { maxAgeSeconds, demandsMfa = false }: OwnDemand = {},
): AuthorizationRequest => ({
  clientId: OWN_PAGES.clientId,
  redirectUri: '',
  state: undefined,
  responseMode: 'query',
  scope: [],
  resources: [],
  codeChallenge: undefined,
  nonce: undefined,
  prompt: [],
  maxAgeSeconds,
  acrValues: demandsMfa ? ['urn:postern:mfa'] : [],
  claims: NO_CLAIMS,
  loginHint: undefined,
  uiLocales: undefined,
  hintedSubject: undefined,
  query: '',
  ownPath: path,
})
