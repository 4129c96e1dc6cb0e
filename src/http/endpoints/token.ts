import type { FastifyInstance } from 'fastify'
import type { Ceiling } from '../../base/ceiling.ts'
import { authenticateClient } from '../../clients/authenticate-client.ts'
import type { Deps } from '../../deps.ts'
import { grantFor } from '../../grants/index.ts'
import { required } from '../../protocol/parameters.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import { mintTokens } from '../../tokens/mint.ts'
import { provenance } from '../context.ts'
import { backChannelParameters } from '../parameters.ts'
import { refuseFlood } from '../plugins/ceilings.ts'

/** The token endpoint. RFC 6749 §3.2 */
export function tokenEndpoint(app: FastifyInstance, deps: Deps, perClient: Ceiling): void {
  app.post(ENDPOINTS.token_endpoint, async (request, reply) => {
    reply.header('pragma', 'no-cache') // RFC 6749 §5.1; no-store is on every answer
    const parameters = backChannelParameters(request)
    const { headers, ip } = request
    const caller = await authenticateClient(deps, headers.authorization, parameters, provenance(request), ip)
    refuseFlood(perClient, caller)
    const grant = grantFor(required(parameters, 'grant_type'), caller.client)
    const authorization = await grant.redeem(deps, caller, parameters)
    await reply.send(await mintTokens(deps, authorization))
    deps.metrics.tokens.add({ grant_type: grant.type })
  })
}
