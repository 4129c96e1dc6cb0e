import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Ceiling, ceiling } from '../../base/ceiling.ts'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import { addressPrefix } from '../../telemetry/log.ts'

/** Refuses a network that asks for more than its share of pages, metadata or keys. design.md §6 */
export const perAddress =
  (limit: Ceiling) =>
  async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const retryAfterSeconds = limit.take(addressPrefix(request.ip))
    if (retryAfterSeconds > 0) throw new PageError('too_many_requests', { retryAfterSeconds })
  }

/** What has no route has no class either, and gets the narrowest limit there is. */
export function notFound(app: FastifyInstance, { clock, config }: Pick<Deps, 'clock' | 'config'>): void {
  const refuse = perAddress(ceiling(clock, config.limitDefaultPerHour, 3600))
  app.setNotFoundHandler(async (request, reply) => {
    await refuse(request, reply)
    throw new PageError('not_found')
  })
}
