import type { FastifyInstance, HTTPMethods } from 'fastify'
import { PageError } from '../../protocol/error.ts'

const ALL: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Answers every other method of the routes that `register` makes with 405 and what is allowed. RFC 9110 §15.5.6
 * Where a path answers preflights, OPTIONS is one of its own methods.
 */
export function withMethods(app: FastifyInstance, register: () => void): void {
  const served = new Map<string, { methods: Set<string>; config: object }>()
  app.addHook('onRoute', (route) => {
    if (isRefusal in (route.config ?? {})) return
    const entry = served.get(route.url) ?? { methods: new Set(), config: route.config ?? {} }
    for (const method of [route.method].flat()) entry.methods.add(method)
    served.set(route.url, entry)
  })
  register()
  for (const [url, { methods, config }] of served) {
    const allow = [...methods].join(', ')
    app.route({
      method: ALL.filter((method) => !methods.has(method)),
      url: url.slice(app.prefix.length), // which it is given again
      config: { ...config, [isRefusal]: true },
      handler: async (_request, reply) => {
        reply.header('allow', allow)
        throw new PageError('method_not_allowed', { cause: 'method' })
      },
    })
  }
}

const isRefusal = Symbol('405')
