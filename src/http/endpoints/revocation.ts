import type { FastifyInstance } from 'fastify'
import type { Ceiling } from '../../base/ceiling.ts'
import { fromNumericDate } from '../../base/numeric-date.ts'
import { authenticateClient, type Caller } from '../../clients/authenticate-client.ts'
import type { Deps } from '../../deps.ts'
import { required } from '../../protocol/parameters.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import { tokenRevoked } from '../../telemetry/audit.ts'
import { readAccessToken, readRefreshToken } from '../../tokens/verify.ts'
import { provenance } from '../context.ts'
import { backChannelParameters } from '../parameters.ts'
import { refuseFlood } from '../plugins/ceilings.ts'

/**
 * The revocation endpoint. A token that is unknown, another client's or no token at all is answered like one that is now
 * revoked; a store that cannot say is never answered so. RFC 7009 §2
 */
export function revocationEndpoint(app: FastifyInstance, deps: Deps, perClient: Ceiling): void {
  app.post(ENDPOINTS.revocation_endpoint, async (request, reply) => {
    const parameters = backChannelParameters(request)
    const { headers, ip } = request
    const caller = await authenticateClient(deps, headers.authorization, parameters, provenance(request), ip)
    refuseFlood(perClient, caller)
    await revoke(deps, caller, required(parameters, 'token')) // token_type_hint is not needed: a token says what it is
    await reply.code(200).send()
  })
}

async function revoke(deps: Deps, { client, from }: Caller, text: string): Promise<void> {
  const refresh = await readRefreshToken(deps, text, { atAnyTime: true })
  const token = refresh ?? (await readAccessToken(deps, text))
  if (token?.client_id !== client.clientId) return
  const facts = {
    clientId: client.clientId,
    ...(token.fid === undefined ? {} : { userId: token.sub, familyId: token.fid }),
  }
  const event = tokenRevoked(deps, from, facts)
  if (token.fid !== undefined) {
    await deps.store.refreshFamilies.revoke(token.fid, 'revoked by its client', event)
  } else {
    await deps.store.revokedTokens.add(token.jti, client.clientId, fromNumericDate(token.exp), event)
  }
}
