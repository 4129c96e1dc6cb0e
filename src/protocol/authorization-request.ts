import { type ClaimsRequest, parseClaims } from './claims-request.ts'
import type { Client, Resource } from './client.ts'
import { OAuthError } from './error.ts'
import { type Parameters, refuseRepeated, required } from './parameters.ts'
import { codeChallenge } from './pkce.ts'
import { type Prompt, parseMaxAge, parsePrompt } from './prompt.ts'
import { requestedResources } from './resource.ts'
import { type ResponseMode, responseMode } from './response-mode.ts'
import { type ReturnAddress, refuseUnusableState } from './return-address.ts'
import { requestedScope } from './scope.ts'

/** An authorization request that passed every check that needs no user. RFC 6749 §4.1.1, OIDC Core §3.1.2.1 */
export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string | undefined
  readonly responseMode: ResponseMode
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  readonly codeChallenge: string | undefined
  readonly nonce: string | undefined
  readonly prompt: readonly Prompt[]
  readonly maxAgeSeconds: number | undefined
  readonly acrValues: readonly string[]
  readonly claims: ClaimsRequest
  readonly loginHint: string | undefined
  readonly uiLocales: string | undefined
  /** The subject of the `id_token_hint`, once its signature was checked. */
  readonly hintedSubject: string | undefined
  /** The request as it came, by which an expired page starts it again, to be judged anew. */
  readonly query: string
  /** Where it ends when it is for a page of our own: nothing is issued then. */
  readonly ownPath?: string
  /** Whether the user's roles allow nothing of the scope that was asked. */
  readonly isBeyondRoles?: boolean
}

const LONGEST = 2048

/**
 * Judges the parameters of an authorization request, after its return address is proved: what is thrown here may be
 * sent there. Does not check `id_token_hint`, which takes a key. RFC 6749 §4.1.2.1
 * @throws OAuthError
 */
export function authorizationRequest(
  client: Client,
  address: ReturnAddress,
  parameters: Parameters,
  resources: readonly Resource[],
): Omit<AuthorizationRequest, 'hintedSubject' | 'query'> {
  refuseRepeated(parameters)
  refuseUnusableState(parameters)
  if (parameters.get('request')) throw new OAuthError('request_not_supported', 'request objects are not supported')
  if (parameters.get('request_uri')) throw new OAuthError('request_uri_not_supported', 'request_uri is not supported')
  if (responseMode(parameters.get('response_mode'), address.redirectUri) === undefined) {
    throw new OAuthError('invalid_request', 'response_mode is not supported')
  }
  if (required(parameters, 'response_type') !== 'code') {
    throw new OAuthError('unsupported_response_type', 'response_type must be code')
  }
  if (!client.grantTypes.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'the client may not use the authorization code grant')
  }
  const challenge = codeChallenge(client, parameters.get('code_challenge'), parameters.get('code_challenge_method'))
  const scope = requestedScope(client, parameters.get('scope'))
  const claims = parseClaims(parameters.get('claims'))
  return {
    clientId: client.clientId,
    redirectUri: address.redirectUri,
    state: address.state,
    responseMode: address.responseMode,
    scope,
    resources: requestedResources(client, parameters.list('resource'), scope, resources),
    codeChallenge: challenge,
    nonce: bounded(parameters, 'nonce'),
    prompt: parsePrompt(parameters.get('prompt')),
    maxAgeSeconds: parseMaxAge(parameters.get('max_age')),
    acrValues: [...tokens(bounded(parameters, 'acr_values')), ...claims.acrValues],
    claims,
    loginHint: bounded(parameters, 'login_hint'),
    uiLocales: bounded(parameters, 'ui_locales'),
  }
}

function bounded(parameters: Parameters, name: 'nonce' | 'acr_values' | 'login_hint' | 'ui_locales') {
  const value = parameters.get(name)
  if (value !== undefined && value.length > LONGEST) throw new OAuthError('invalid_request', `${name} is too long`)
  return value
}

const tokens = (text: string | undefined): readonly string[] => (text ?? '').split(' ').filter((token) => token !== '')
