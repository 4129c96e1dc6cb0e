import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'

/** Who may read an answer across origins: everybody, or the origins that clients have registered. */
export type CorsPolicy = 'everybody' | 'registered'

/**
 * Gives cross-origin readers what their browser asks for, before anything else can answer: so every status has it, and an
 * app sees the error instead of a mystery. Never with credentials. RFC 9700 §2.6; OAuth 2.0 for Browser-Based Applications
 */
export const cors =
  ({ directory, log }: Pick<Deps, 'directory' | 'log'>, policy: CorsPolicy) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header('cross-origin-resource-policy', 'cross-origin')
    if (policy === 'registered') reply.header('vary', 'Origin')
    const { origin } = request.headers
    const allowed = policy === 'everybody' ? '*' : origin && (await isRegistered(origin)) ? origin : undefined
    if (allowed === undefined) return
    reply.header('access-control-allow-origin', allowed)
    reply.header('access-control-expose-headers', 'WWW-Authenticate, Retry-After, Date')

    async function isRegistered(text: string): Promise<boolean> {
      try {
        return await directory.hasOrigin(text)
      } catch (error) {
        log.error({ err: error }, 'the origins of clients cannot be read')
        return false
      }
    }
  }

/** Answers a preflight. Fetch §4.8 */
export function preflight(methods: readonly string[]) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (reply.getHeader('access-control-allow-origin') !== undefined) {
      reply.header('access-control-allow-methods', methods.join(', '))
      reply.header('access-control-allow-headers', 'Authorization, Content-Type, DPoP')
      reply.header('access-control-max-age', '600')
    }
    await reply.code(204).send()
  }
}
