import { z } from 'zod'
import { isNetwork } from '../base/networks.ts'
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES } from './client.ts'
import { isRegistrableCallUri, isRegistrableRedirectUri, originsOf } from './redirect-uri.ts'
import { isResourceIdentifier } from './resource.ts'
import { isScopeToken } from './scope.ts'

const CLIENT_ID = /^[A-Za-z0-9._~-]{1,100}$/ // safe in a URL and in a Basic user name alike
const redirectUri = z.string().refine(isRegistrableRedirectUri, {
  error: 'must be https, http on a loopback address, or a private-use scheme with a dot; no fragment, no user info',
})
const callUri = z.string().refine(isRegistrableCallUri, {
  error: 'must be https, or http on a loopback address; no fragment, no user info',
})
// As pages link it: what `URL` would mend (a missing slash, a backslash, a blank) is refused, and so is user info.
const webUri = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .regex(/^https:\/\/[\w.:[\]-]+(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/, { error: 'must be an https URL' })
  .max(2048)
const seconds = z.int().min(1)
/** Whoever proves to be the client may lose an answer for longer than a bearer of its token may. design.md §4.2 */
const LONGEST_RETRY_SECONDS = 1800
const LONGEST_PUBLIC_RETRY_SECONDS = 60
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text, {
    error: 'must be an origin: scheme, host and port alone',
  })
/** CIDR, or one address. RFC 4632 §3.1 */
export const network = z.string().refine(isNetwork, { error: 'must be an address or a block such as 10.0.0.0/8' })
const printable = z.string().regex(/^[^\p{C}]*$/u, { error: 'must not contain control characters' })

/** The policy of a client as an administrator writes it, with the names of RFC 7591 §2 where it has them. */
export const clientMetadata = z
  .strictObject({
    client_id: z.string().regex(CLIENT_ID, { error: 'must be 1 to 100 of A-Z a-z 0-9 . _ ~ -' }),
    client_name: printable.min(1).max(100).optional(),
    token_endpoint_auth_method: z.enum(CLIENT_AUTHENTICATION_METHODS).optional(),
    redirect_uris: z.array(redirectUri).max(100).default([]),
    post_logout_redirect_uris: z.array(redirectUri).max(100).default([]),
    backchannel_logout_uri: callUri.optional(),
    backchannel_logout_session_required: z.boolean().default(false),
    allowed_origins: z.array(origin).max(100).optional(),
    grant_types: z.array(z.enum(GRANT_TYPES)).min(1).optional(),
    response_types: z.array(z.literal('code')).optional(),
    scope: z.string().default('openid'),
    resources: z.array(z.string().refine(isResourceIdentifier, { error: 'must be an absolute URI' })).default([]),
    first_party: z.boolean().default(false),
    require_pkce: z.boolean().default(true),
    require_mfa: z.boolean().default(false),
    allowed_networks: z.array(network).max(100).default([]),
    require_compliant_device: z.boolean().default(false),
    client_uri: webUri.optional(),
    logo_uri: webUri.optional(),
    policy_uri: webUri.optional(),
    tos_uri: webUri.optional(),
    contacts: z.array(printable.max(254)).max(10).default([]),
    access_token_lifetime_seconds: seconds.max(86_400).optional(),
    refresh_token_lifetime_seconds: seconds.max(604_800).optional(),
    refresh_token_idle_seconds: seconds.max(604_800).optional(),
    refresh_retry_seconds: z.int().min(0).max(LONGEST_RETRY_SECONDS).optional(),
    refresh_rotation: z.boolean().default(true),
    disabled: z.boolean().default(false),
  })
  .transform((given) => {
    const grantTypes = given.grant_types ?? ['authorization_code' as const, 'refresh_token' as const]
    return {
      clientId: given.client_id,
      clientName: given.client_name ?? given.client_id,
      tokenEndpointAuthMethod: given.token_endpoint_auth_method ?? 'none',
      redirectUris: given.redirect_uris,
      postLogoutRedirectUris: given.post_logout_redirect_uris,
      backchannelLogoutUri: given.backchannel_logout_uri,
      backchannelLogoutSessionRequired: given.backchannel_logout_session_required,
      allowedOrigins: given.allowed_origins ?? originsOf(given.redirect_uris),
      grantTypes,
      scope: [...new Set(given.scope.split(' ').filter((token) => token !== ''))],
      resources: given.resources,
      firstParty: given.first_party,
      requirePkce: given.require_pkce,
      requireMfa: given.require_mfa,
      allowedNetworks: given.allowed_networks,
      requireCompliantDevice: given.require_compliant_device,
      clientUri: given.client_uri,
      logoUri: given.logo_uri,
      policyUri: given.policy_uri,
      tosUri: given.tos_uri,
      contacts: given.contacts,
      accessTokenLifetimeSeconds: given.access_token_lifetime_seconds,
      refreshTokenLifetimeSeconds: given.refresh_token_lifetime_seconds,
      refreshTokenIdleSeconds: given.refresh_token_idle_seconds,
      refreshRetrySeconds: given.refresh_retry_seconds,
      refreshRotation: given.refresh_rotation,
      disabled: given.disabled,
    }
  })
  .superRefine((client, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    const isPublic = client.tokenEndpointAuthMethod === 'none'
    const usesCode = client.grantTypes.includes('authorization_code')
    if (usesCode && client.redirectUris.length === 0) refuse('redirect_uris', 'authorization_code needs at least one')
    if (client.grantTypes.includes('refresh_token') && !usesCode) {
      refuse('grant_types', 'refresh_token needs authorization_code')
    }
    if (isPublic && client.grantTypes.includes('client_credentials')) {
      refuse('grant_types', 'client_credentials needs a confidential client (RFC 6749 §4.4)')
    }
    if (isPublic && !client.requirePkce) refuse('require_pkce', 'may be lifted for a confidential client only')
    if (isPublic && !client.refreshRotation) {
      refuse('refresh_rotation', 'a public client has to rotate (RFC 9700 §4.14.2)')
    }
    if (isPublic && (client.refreshRetrySeconds ?? 0) > LONGEST_PUBLIC_RETRY_SECONDS) {
      refuse('refresh_retry_seconds', `may be more than ${LONGEST_PUBLIC_RETRY_SECONDS} for a confidential client only`)
    }
    if (!client.scope.every(isScopeToken)) refuse('scope', 'is malformed (RFC 6749 §3.3)')
  })

/** A client's policy, checked as a whole. */
export type ClientPolicy = z.output<typeof clientMetadata>
export type ClientMetadata = z.input<typeof clientMetadata>
