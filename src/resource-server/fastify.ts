import type { FastifyReply, FastifyRequest } from 'fastify'
import { bearerRefusal, bearerToken, type Protection, requireScopes } from '../protocol/bearer-challenge.ts'
import { OAuthError } from '../protocol/error.ts'
import type { AccessToken, Verifier } from './verify-access-token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified access token. Only behind `bearer`; elsewhere there is none. */
    accessToken: AccessToken
  }
}

/**
 * Lets a request through only with an access token that is good and has every required scope; a `preHandler`. RFC 6750
 * Answers 401 without or with a bad token, 403 for want of scope, 400 for a malformed request, 503 while the issuer's keys
 * have never been read. Anything else that goes wrong is thrown on, so that a fault lets nobody through.
 */
export const bearer = (verifier: Verifier, protection: Protection = {}) =>
  async function bearerPreHandler(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    try {
      const token = presentedToken(request)
      if (token === undefined) return refuse(reply, undefined, protection)
      const accessToken = await verifier.verify(token)
      requireScopes(accessToken.scopes, protection.requiredScopes ?? [])
      request.accessToken = accessToken
      return undefined
    } catch (error) {
      if (error instanceof OAuthError) return refuse(reply, error, protection)
      throw error
    }
  }

/** The token of the Authorization header. One in the URL, where logs keep it, or in a form is refused. RFC 9700 §4.3.2 */
function presentedToken({ headers, query, body }: FastifyRequest): string | undefined {
  const isForm = headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')
  if (holdsToken(query) || (isForm && holdsToken(body))) {
    throw new OAuthError('invalid_request', 'the access token belongs in the Authorization header')
  }
  return bearerToken(headers.authorization)
}

const holdsToken = (parameters: unknown): boolean =>
  typeof parameters === 'object' && parameters !== null && 'access_token' in parameters

function refuse(reply: FastifyReply, error: OAuthError | undefined, protection: Protection): FastifyReply {
  const { status, headers, body } = bearerRefusal(error, protection)
  return reply.code(status).headers(headers).send(body)
}
