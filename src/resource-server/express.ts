import type { IncomingHttpHeaders } from 'node:http'
import type { AccessToken } from './access-token.ts'
import { createGuard, type GuardedRequest, type GuardOptions } from './guard.ts'
import { headerOf } from './header.ts'
import { isForm } from './presented-token.ts'
import type { Verifier } from './verify-access-token.ts'

declare global {
  namespace Express {
    interface Request {
      /** The verified access token. Only behind `bearer`; elsewhere there is none. */
      accessToken: AccessToken
    }
  }
}

/** The part of Express's request that is used. */
interface ExpressRequest {
  readonly method: string
  readonly originalUrl: string
  readonly headers: IncomingHttpHeaders
  readonly body?: unknown
  readonly socket: { readonly remoteAddress?: string | undefined }
  accessToken?: AccessToken
}

/** The part of Express's response that is used. */
interface ExpressResponse {
  status(code: number): unknown
  set(headers: Readonly<Record<string, string>>): unknown
  json(body: unknown): unknown
}

/**
 * Lets a request through only with an access token that is good and by the rules of the options; a middleware for Express 4
 * and 5. RFC 6750. Answers 401, 403, 400 for a malformed request, and 503 while the issuer cannot be asked: see
 * `createGuard`. Looks at the socket for the peer, whatever Express's own `trust proxy` says. A token in a form is found
 * only where a body parser has run before.
 */
export function bearer(verifier: Verifier, options: GuardOptions = {}) {
  const admit = createGuard(verifier, options)
  return async function bearerMiddleware(
    request: ExpressRequest,
    response: ExpressResponse,
    next: (error?: unknown) => void,
  ): Promise<void> {
    try {
      const admission = await admit(guarded(request))
      if ('refusal' in admission) {
        const { status, headers, body } = admission.refusal
        response.status(status)
        response.set(headers)
        response.json(body)
        return
      }
      request.accessToken = admission.accessToken
    } catch (error) {
      return next(error)
    }
    next() // outside of the try: what a later handler throws is not ours to hand on a second time
  }
}

const guarded = ({ method, originalUrl, headers, body, socket }: ExpressRequest): GuardedRequest => ({
  method,
  url: originalUrl,
  authorization: headers.authorization,
  form: isForm(headers['content-type']) ? body : undefined,
  deviceId: headerOf(headers, 'x-device-id'),
  forwardedFor: headerOf(headers, 'x-forwarded-for'),
  peer: socket.remoteAddress,
})
