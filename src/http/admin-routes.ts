import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import type { Deps } from '../deps.ts'
import { adminApi } from './admin-api/admin-api.ts'
import { auditPages } from './pages/admin/audit.ts'
import { oneClientPages } from './pages/admin/client.ts'
import { clientPages } from './pages/admin/clients.ts'
import { dashboardPages } from './pages/admin/dashboard.ts'
import { deliveryPages } from './pages/admin/deliveries.ts'
import { keyPages } from './pages/admin/keys.ts'
import { resourcePages } from './pages/admin/resources.ts'
import { rolePages } from './pages/admin/roles.ts'
import { sessionPages } from './pages/admin/sessions.ts'
import { adminSignOut } from './pages/admin/sign-out.ts'
import { userPageOf } from './pages/admin/user.ts'
import { userChanges } from './pages/admin/user-changes.ts'
import { userDecisions } from './pages/admin/user-decisions.ts'
import { userPages } from './pages/admin/users.ts'
import { group } from './plugins/group.ts'

/** What administrators reach: the console and the admin API, on the listener that serves them. */
export function adminRoutes(app: FastifyInstance, deps: Deps, before: readonly onRequestAsyncHookHandler[]): void {
  adminApi(app, deps, before)
  group(
    app,
    deps.config.basePath,
    { audience: 'people' },
    (room) => {
      dashboardPages(room, deps)
      userPages(room, deps)
      userPageOf(room, deps)
      userChanges(room, deps)
      userDecisions(room, deps)
      rolePages(room, deps)
      sessionPages(room, deps)
      clientPages(room, deps)
      oneClientPages(room, deps)
      resourcePages(room, deps)
      keyPages(room, deps)
      auditPages(room, deps)
      deliveryPages(room, deps)
      adminSignOut(room, deps)
    },
    before,
  )
}
