import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import type { Deps } from '../deps.ts'

/** What administrators reach: the console and the admin API, on the listener that serves them. */
export function adminRoutes(_app: FastifyInstance, _deps: Deps, _before: readonly onRequestAsyncHookHandler[]): void {}
