import fastify, { type FastifyInstance } from 'fastify'
import type { Deps } from '../../deps.ts'
import type { Vitals } from '../../store/vitals.ts'
import { measureDatabase } from '../../telemetry/gauges.ts'

/** The listener of whoever reads the metrics: `/metrics`, and nothing else. Prometheus text format 0.0.4 */
export function metricsApp({ store, metrics, log }: Pick<Deps, 'store' | 'metrics' | 'log'>): FastifyInstance {
  let vitals: Vitals | undefined
  measureDatabase(metrics, () => vitals)
  const app = fastify({ exposeHeadRoutes: false, forceCloseConnections: 'idle' })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not_found' }))
  app.get('/metrics', async (_request, reply) => {
    vitals = await store.vitals.read().catch((error: unknown) => {
      log.warn({ err: error }, 'the database did not answer a scrape')
      return undefined
    })
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').header('cache-control', 'no-store')
    return metrics.render()
  })
  return app
}
