import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import type { Deps } from '../deps.ts'
import { adminApi } from './admin-api/admin-api.ts'

/** What administrators reach: the console and the admin API, on the listener that serves them. */
export function adminRoutes(app: FastifyInstance, deps: Deps, before: readonly onRequestAsyncHookHandler[]): void {
  adminApi(app, deps, before)
}
