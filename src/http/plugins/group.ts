import type { FastifyContextConfig, FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import { withMethods } from './methods.ts'

/** Routes that share a prefix, an audience and what is done before each of them. */
export function group(
  app: FastifyInstance,
  prefix: string,
  config: FastifyContextConfig,
  register: (room: FastifyInstance) => void,
  before: readonly onRequestAsyncHookHandler[] = [],
): void {
  app.register(
    async (room) => {
      room.addHook('onRoute', (route) => {
        route.config = { ...config, ...route.config }
      })
      for (const hook of before) room.addHook('onRequest', hook)
      withMethods(room, () => register(room))
    },
    { prefix },
  )
}
