import type { FastifyInstance } from 'fastify'
import type { Ceiling } from '../../base/ceiling.ts'
import { fromNumericDate } from '../../base/numeric-date.ts'
import { authenticateClient, type Caller } from '../../clients/authenticate-client.ts'
import type { Deps } from '../../deps.ts'
import { OAuthError } from '../../protocol/error.ts'
import { required } from '../../protocol/parameters.ts'
import { formatScope, parseScope, scopeByRoles } from '../../protocol/scope.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import { type OwnAccessToken, type OwnRefreshToken, readAccessToken, readRefreshToken } from '../../tokens/verify.ts'
import { provenance } from '../context.ts'
import { backChannelParameters } from '../parameters.ts'
import { refuseFlood } from '../plugins/ceilings.ts'

type Introspection = { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>)

const INACTIVE: Introspection = { active: false }

/** The introspection endpoint, for callers that can prove who they are. RFC 7662 §2 */
export function introspectionEndpoint(app: FastifyInstance, deps: Deps, perClient: Ceiling): void {
  app.post(ENDPOINTS.introspection_endpoint, async (request, reply) => {
    const parameters = backChannelParameters(request)
    const { headers, ip } = request
    const caller = await authenticateClient(deps, headers.authorization, parameters, provenance(request), ip)
    if (!caller.isAuthenticated)
      throw new OAuthError('invalid_client', 'client authentication failed', { cause: 'public client' })
    refuseFlood(perClient, caller)
    await reply.send(await introspect(deps, caller, required(parameters, 'token')))
  })
}

/** What a token is worth to this caller. To whom it is not addressed it is worth nothing, and no more is said. RFC 7662 §2.2, §4 */
async function introspect(deps: Deps, caller: Caller, text: string): Promise<Introspection> {
  const access = await readAccessToken(deps, text)
  if (access) return (await maySee(deps, caller, access)) ? await introspectAccess(deps, access) : INACTIVE
  const refresh = await readRefreshToken(deps, text)
  return refresh?.client_id === caller.client.clientId ? await introspectRefresh(deps, refresh) : INACTIVE
}

async function maySee(deps: Deps, { client }: Caller, token: OwnAccessToken): Promise<boolean> {
  if (token.client_id === client.clientId) return true
  const resources = await deps.directory.resources()
  const audience = resources.find(({ identifier }) => identifier === token.aud)
  return audience?.introspectionClients.includes(client.clientId) === true
}

async function introspectAccess(deps: Deps, token: OwnAccessToken): Promise<Introspection> {
  const { type, fid, ...claims } = token
  if (fid === undefined) {
    const stands = await deps.store.revokedTokens.stands(token.jti, token.client_id, fromNumericDate(token.iat))
    return stands ? { active: true, token_type: 'Bearer', ...claims } : INACTIVE
  }
  const family = await deps.store.refreshFamilies.findStanding(fid)
  if (family?.clientId !== token.client_id) return INACTIVE
  const { user } = family
  const known = await deps.directory.resources()
  const scope = formatScope(scopeByRoles(parseScope(claims.scope), user, [claims.aud], known))
  return { active: true, token_type: 'Bearer', ...claims, scope, username: user.username, roles: user.roles }
}

async function introspectRefresh(deps: Deps, token: OwnRefreshToken): Promise<Introspection> {
  const family = await deps.store.refreshFamilies.isCurrent(token.fid, Buffer.from(token.jti, 'base64url'))
  const { type, fid, resource, ...claims } = token
  return family ? { active: true, ...claims, username: family.user.username } : INACTIVE
}
