import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from './access-token.ts'
import { createGuard, type GuardedRequest, type GuardOptions } from './guard.ts'
import { headerOf } from './header.ts'
import { isForm } from './presented-token.ts'
import type { Verifier } from './verify-access-token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified access token. Only behind `bearer`; elsewhere there is none. */
    accessToken: AccessToken
  }
}

/**
 * Lets a request through only with an access token that is good and by the rules of the options; a `preHandler`. RFC 6750
 * Answers 401, 403, 400 for a malformed request, and 503 while the issuer cannot be asked: see `createGuard`. Looks at the
 * socket for the peer, whatever Fastify's own `trustProxy` says.
 */
export function bearer(verifier: Verifier, options: GuardOptions = {}) {
  const admit = createGuard(verifier, options)
  return async function bearerPreHandler(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const admission = await admit(guarded(request))
    if ('refusal' in admission) {
      const { status, headers, body } = admission.refusal
      return reply.code(status).headers(headers).send(body)
    }
    request.accessToken = admission.accessToken
    return undefined
  }
}

const guarded = ({ method, url, headers, body, socket }: FastifyRequest): GuardedRequest => ({
  method,
  url,
  authorization: headers.authorization,
  form: isForm(headers['content-type']) ? body : undefined,
  deviceId: headerOf(headers, 'x-device-id'),
  forwardedFor: headerOf(headers, 'x-forwarded-for'),
  peer: socket.remoteAddress,
})
