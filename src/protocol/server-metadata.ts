import { ACR_VALUES } from './authentication-context.ts'
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES } from './client.ts'
import { CODE_CHALLENGE_METHODS } from './pkce.ts'
import { PROMPTS } from './prompt.ts'
import { RESPONSE_MODES } from './response-mode.ts'
import { OWN_SCOPES } from './scope.ts'
import { STANDARD_CLAIMS } from './standard-claims.ts'

/** Where each endpoint is, below the issuer. The routes are registered from this very list. */
export const ENDPOINTS = {
  authorization_endpoint: '/authorize',
  token_endpoint: '/token',
  revocation_endpoint: '/revoke',
  introspection_endpoint: '/introspect',
  userinfo_endpoint: '/userinfo',
  jwks_uri: '/jwks',
  end_session_endpoint: '/logout',
} as const

/** The metadata document, computed from the lists that serve requests. RFC 8414 §2, OIDC Discovery §3 */
export function serverMetadata(issuer: string, signingAlgs: readonly string[]): Record<string, unknown> {
  const authenticated = CLIENT_AUTHENTICATION_METHODS.filter((method) => method !== 'none')
  return {
    issuer,
    ...Object.fromEntries(Object.entries(ENDPOINTS).map(([name, path]) => [name, issuer + path])),
    response_types_supported: ['code'],
    response_modes_supported: RESPONSE_MODES,
    grant_types_supported: GRANT_TYPES,
    scopes_supported: OWN_SCOPES,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      ...STANDARD_CLAIMS,
    ],
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgs,
    acr_values_supported: ACR_VALUES,
    prompt_values_supported: PROMPTS,
    code_challenge_methods_supported: CODE_CHALLENGE_METHODS,
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION_METHODS,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION_METHODS,
    introspection_endpoint_auth_methods_supported: authenticated,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}
