import type { Client } from './client.ts'
import { OAuthError, PageError } from './error.ts'
import type { Parameters } from './parameters.ts'
import { matchesRegistered } from './redirect-uri.ts'
import { type ResponseMode, responseMode } from './response-mode.ts'

declare const registered: unique symbol

/** Where an authorization response may go. Only `returnAddress` makes one, so code that would redirect elsewhere does not compile. */
export interface ReturnAddress {
  readonly redirectUri: string
  readonly state: string | undefined
  readonly responseMode: ResponseMode
  readonly [registered]: true
}

const STATE = /^[\x20-\x7e]{1,2048}$/ // 1*VSCHAR, RFC 6749 appendix A.5

/**
 * Establishes the one fact that must hold before any answer may be sent by redirect: the client named this very address
 * beforehand. RFC 6749 §4.1.2.1, RFC 9700 §4.1.3
 * A state that is repeated or malformed is not echoed; `refuseUnusableState` then refuses the request.
 * @throws PageError: shown to the user, never sent to the client
 */
export function returnAddress(client: Client, parameters: Parameters): ReturnAddress {
  const redirectUri = parameters.get('redirect_uri')
  if (redirectUri === undefined || parameters.repeated.includes('redirect_uri')) {
    throw new PageError('invalid_redirect_uri', { cause: 'missing or repeated', clientName: client.clientName })
  }
  if (!matchesRegistered(client.redirectUris, redirectUri)) {
    throw new PageError('invalid_redirect_uri', { cause: 'not registered', clientName: client.clientName })
  }
  const state = parameters.repeated.includes('state') ? undefined : parameters.get('state')
  return proved({
    redirectUri,
    state: state !== undefined && STATE.test(state) ? state : undefined,
    responseMode: responseMode(parameters.get('response_mode'), redirectUri) ?? 'query',
  })
}

/** Refuses a state that could not be given back as it came. RFC 6749 §4.1.2 */
export function refuseUnusableState(parameters: Parameters): void {
  const state = parameters.get('state')
  if (state !== undefined && !STATE.test(state)) throw new OAuthError('invalid_request', 'state is malformed')
}

/** The address of a stored request, which `returnAddress` had proved; the client may have changed since. */
export function returnAddressOf(
  client: Client,
  request: Omit<ReturnAddress, typeof registered>,
): ReturnAddress | undefined {
  return matchesRegistered(client.redirectUris, request.redirectUri) ? proved(request) : undefined
}

const proved = (address: Omit<ReturnAddress, typeof registered>): ReturnAddress => address as ReturnAddress
