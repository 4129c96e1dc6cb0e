import type { FastifyInstance } from 'fastify'
import type { Deps } from '../../deps.ts'

/** A node whose clock is further off than this from its database's would give tokens wrong times. */
const MOST_SKEW_SECONDS = 5

/** Whether this node is about to go: it then answers unready, and finishes what it has. */
export interface Draining {
  isDraining: boolean
}

/** Lets go of the connections that are in use while the server drains: kept alive, they would hold it until it is forced. */
export function closeWhenDraining(app: FastifyInstance, draining: Draining): void {
  app.addHook('onSend', async (_request, reply) => {
    if (draining.isDraining) reply.header('connection', 'close')
  })
}

/** Health for orchestrators: alive says that the process answers; ready, that it can serve. */
export function healthEndpoints(
  app: FastifyInstance,
  deps: Pick<Deps, 'store' | 'keys' | 'clock' | 'log'>,
  draining: Draining,
): void {
  app.get('/healthz', async (_request, reply) => {
    await reply.send({ status: 'ok' })
  })
  app.get('/readyz', async (_request, reply) => {
    const fault = draining.isDraining ? 'draining' : await faultOf(deps)
    await reply.code(fault ? 503 : 200).send(fault ? { status: 'unready', fault } : { status: 'ok' })
  })
}

async function faultOf({ store, keys, clock, log }: Pick<Deps, 'store' | 'keys' | 'clock' | 'log'>) {
  try {
    const before = clock.now().getTime()
    const databaseTime = (await store.time()).getTime()
    const middle = (before + clock.now().getTime()) / 2
    if (Math.abs(databaseTime - middle) > MOST_SKEW_SECONDS * 1000) return 'clock'
    await keys.current()
    return undefined
  } catch (error) {
    log.error({ err: error }, 'not ready')
    return 'database'
  }
}
