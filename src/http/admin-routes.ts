import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import type { Deps } from '../deps.ts'
import { adminApi } from './admin-api/admin-api.ts'
import { rolePages } from './pages/admin/roles.ts'
import { adminSignOut } from './pages/admin/sign-out.ts'
import { group } from './plugins/group.ts'

/** What administrators reach: the console and the admin API, on the listener that serves them. */
export function adminRoutes(app: FastifyInstance, deps: Deps, before: readonly onRequestAsyncHookHandler[]): void {
  adminApi(app, deps, before)
  group(
    app,
    deps.config.basePath,
    { audience: 'people' },
    (room) => {
      rolePages(room, deps)
      adminSignOut(room, deps)
    },
    before,
  )
}
