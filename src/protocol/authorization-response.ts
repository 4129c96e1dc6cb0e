import type { OAuthError } from './error.ts'
import type { ReturnAddress } from './return-address.ts'

/** What goes back to the client through the browser. */
export interface AuthorizationResponse {
  readonly to: ReturnAddress
  readonly fields: Readonly<Record<string, string>>
}

/** A code for the client. The issuer is named in every answer, so that it cannot be mixed up. RFC 6749 §4.1.2, RFC 9207 §2 */
export const codeResponse = (issuer: string, to: ReturnAddress, code: string): AuthorizationResponse => ({
  to,
  fields: { code, ...common(issuer, to) },
})

/** A refusal for the client. RFC 6749 §4.1.2.1, RFC 9207 §2 */
export const errorResponse = (issuer: string, to: ReturnAddress, error: OAuthError): AuthorizationResponse => ({
  to,
  fields: { error: error.code, error_description: error.message, ...common(issuer, to) },
})

/** The redirection of a response in the query, beside what the registered address already has there. RFC 6749 §4.1.2 */
export function redirectLocation({ to, fields }: AuthorizationResponse): string {
  const query = new URLSearchParams(fields).toString()
  return `${to.redirectUri}${to.redirectUri.includes('?') ? '&' : '?'}${query}`
}

const common = (issuer: string, { state }: ReturnAddress) => ({
  ...(state === undefined ? {} : { state }),
  iss: issuer,
})
