import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Refused } from '../../administration/refused.ts'
import { ceiling } from '../../base/ceiling.ts'
import type { Deps } from '../../deps.ts'
import { type OAuthError, PageError } from '../../protocol/error.ts'
import { addressPrefix } from '../../telemetry/log.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why it was refused, where it was. */
    refusal: OAuthError | PageError | Refused | undefined
  }
}

const PER_NODE = 60
const PER_ADDRESS = 12
const MINUTE = 60

/** What says all by its code, or comes in floods. */
const SELF_EVIDENT: readonly string[] = [
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'too_many_requests',
  'slow_down',
  'unavailable',
  'temporarily_unavailable',
]

/**
 * Notes the reasons of refusals, which `postern explain` finds by request id: after the answer, and so few that a flood
 * costs nothing. The log has them all.
 */
export function explainedRefusals(app: FastifyInstance, { clock, refusals }: Pick<Deps, 'clock' | 'refusals'>): void {
  const perNode = ceiling(clock, PER_NODE, MINUTE)
  const perAddress = ceiling(clock, PER_ADDRESS, MINUTE)
  app.decorateRequest('refusal', undefined)
  app.addHook('onResponse', async (request) => {
    const { refusal } = request
    if (!refusal || SELF_EVIDENT.includes(refusal.code)) return
    if (perAddress.take(addressPrefix(request.ip)) > 0 || perNode.take('') > 0) return
    refusals.note(factsOf(request, refusal))
  })
}

function factsOf(request: FastifyRequest, refusal: OAuthError | PageError | Refused) {
  const { cause } = refusal
  return {
    requestId: request.id,
    route: `${request.method} ${request.routeOptions.url ?? ''}`.trim(),
    code: refusal.code,
    description: refusal instanceof PageError ? '' : refusal.message,
    cause: typeof cause === 'string' ? cause : cause instanceof Error ? cause.name : '', // a library's message may hold input
  }
}
