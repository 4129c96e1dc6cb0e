import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Ceiling } from '../../base/ceiling.ts'
import type { Deps } from '../../deps.ts'
import { bearerChallenge, bearerToken } from '../../protocol/bearer-challenge.ts'
import { OAuthError } from '../../protocol/error.ts'
import { parametersOf, refuseRepeated } from '../../protocol/parameters.ts'
import { parseScope } from '../../protocol/scope.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import { claimsFor } from '../../protocol/standard-claims.ts'
import { readAccessToken } from '../../tokens/verify.ts'
import { provenance } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { refuseTokenFlood } from '../plugins/ceilings.ts'

/** The userinfo endpoint: the user's claims for whoever has their access token, by header or form. OIDC Core §5.3 */
export function userinfoEndpoint(app: FastifyInstance, deps: Deps, perClient: Ceiling): void {
  app.route({
    method: ['GET', 'POST'],
    url: ENDPOINTS.userinfo_endpoint,
    handler: async (request, reply) => {
      try {
        await reply.send(await claimsOf(deps, request, perClient))
      } catch (error) {
        if (error instanceof OAuthError) challenge(reply, error)
        throw error
      }
    },
  })
}

/** "The resource server SHOULD include the error attribute" only where a token was sent at all. RFC 6750 §3.1 */
function challenge(reply: FastifyReply, error: OAuthError): void {
  const isBare = error.message === NO_TOKEN
  reply.header('www-authenticate', bearerChallenge(isBare ? undefined : error, { realm: 'postern' }))
}

const NO_TOKEN = 'no access token was sent'

/** The one token of a request. "Clients MUST NOT use more than one method to transmit the token in each request." RFC 6750 §2 */
function sentToken(request: FastifyRequest): string {
  const { authorization } = request.headers
  const inHeader = bearerToken(authorization)
  const inForm = refuseRepeated(parametersOf(request.method === 'POST' ? bodyPairs(request) : [])).get('access_token')
  const isInQuery = queryPairs(request).some(([name]) => name === 'access_token')
  if (isInQuery || (authorization !== undefined && inForm !== undefined)) {
    throw new OAuthError('invalid_request', 'the token belongs in the Authorization header, and nowhere else')
  }
  const token = inHeader ?? inForm
  if (token === undefined) throw new OAuthError('invalid_token', NO_TOKEN)
  return token
}

async function claimsOf(deps: Deps, request: FastifyRequest, perClient: Ceiling): Promise<Record<string, unknown>> {
  const token = await readAccessToken(deps, sentToken(request))
  if (!token) throw invalidToken('bad signature, type, issuer or expiry')
  if (token.fid === undefined || !token.scope.split(' ').includes('openid')) {
    throw new OAuthError('insufficient_scope', 'the token has no openid scope')
  }
  refuseTokenFlood(perClient, token.client_id, provenance(request))
  const family = await deps.store.refreshFamilies.findStanding(token.fid)
  if (family?.clientId !== token.client_id) throw invalidToken('its grant has ended')
  const user = { ...family.user, email: family.user.email ?? undefined }
  return { sub: user.id, ...claimsFor(user, parseScope(token.scope), family.claims.userinfo) }
}

const invalidToken = (cause: string) => new OAuthError('invalid_token', 'the access token is not valid', { cause })
