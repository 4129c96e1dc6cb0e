import type { Client } from '../protocol/client.ts'

type Described = Omit<Client, 'secrets' | 'tokensValidFrom' | 'disabledAt'> & { readonly disabled: boolean }

/** What a client may do, by the names that the file, the command line and RFC 7591 §2 have for it. Holds no secret. */
export const metadataOf = (client: Described): Readonly<Record<string, unknown>> => ({
  client_id: client.clientId,
  client_name: client.clientName,
  token_endpoint_auth_method: client.tokenEndpointAuthMethod,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  allowed_origins: client.allowedOrigins,
  grant_types: client.grantTypes,
  scope: client.scope.join(' '),
  resources: client.resources,
  first_party: client.firstParty,
  require_pkce: client.requirePkce,
  client_uri: client.clientUri,
  logo_uri: client.logoUri,
  policy_uri: client.policyUri,
  tos_uri: client.tosUri,
  contacts: client.contacts,
  access_token_lifetime_seconds: client.accessTokenLifetimeSeconds,
  refresh_token_lifetime_seconds: client.refreshTokenLifetimeSeconds,
  refresh_token_idle_seconds: client.refreshTokenIdleSeconds,
  refresh_retry_seconds: client.refreshRetrySeconds,
  refresh_rotation: client.refreshRotation,
  disabled: client.disabled,
})

/** The same of a client as it is stored. */
export const storedMetadata = (client: Client): Readonly<Record<string, unknown>> =>
  metadataOf({ ...client, disabled: client.disabledAt !== undefined })
