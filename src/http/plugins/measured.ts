import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']

/** Counts every answer by the template of its route: what was asked for beyond that has no place in a label. */
export function measured(app: FastifyInstance, { metrics }: Pick<Deps, 'metrics'>): void {
  app.addHook('onResponse', async ({ method, routeOptions, refusal }, { statusCode, elapsedTime }) => {
    const route = routeOptions.url ?? 'none'
    const status = `${Math.floor(statusCode / 100)}xx`
    metrics.requests.add({ route, method: METHODS.includes(method) ? method : 'other', status })
    metrics.requestSeconds.observe({ route }, elapsedTime / 1000)
    if (refusal) metrics.refusals.add({ code: refusal.code })
    if (statusCode === 429) metrics.throttled.add({ limit: limitOf(refusal) })
  })
}

/** The limit of guesses answers with the page of its form; what is refused is the share of a client, or of a network. */
function limitOf(refusal: FastifyRequest['refusal']): 'attempts' | 'client' | 'address' {
  if (!refusal) return 'attempts'
  return refusal.code === 'slow_down' ? 'client' : 'address'
}
