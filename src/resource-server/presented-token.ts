import { bearerToken } from '../protocol/bearer-challenge.ts'
import { OAuthError } from '../protocol/error.ts'

/** Where in a request a token may be found. */
export interface TokenPlaces {
  /** With its query; the host may be missing. */
  readonly url: string
  readonly authorization: string | undefined
  /** The body where it was a form and has been read. */
  readonly form?: unknown
}

/**
 * The token of the Authorization header. One in the URL, where logs keep it, or in a form is refused. RFC 9700 §4.3.2
 * @returns `undefined` when none was presented
 */
export function presentedToken({ url, authorization, form }: TokenPlaces): string | undefined {
  if (isInQuery(url) || isInForm(form)) {
    throw new OAuthError('invalid_request', 'the access token belongs in the Authorization header')
  }
  return bearerToken(authorization)
}

function isInQuery(url: string): boolean {
  const start = url.indexOf('?')
  return start >= 0 && new URLSearchParams(url.slice(start)).has('access_token')
}

const isInForm = (form: unknown): boolean => typeof form === 'object' && form !== null && 'access_token' in form

/** Whether a body of this type is a form. */
export const isForm = (contentType: string | undefined): boolean =>
  contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true
