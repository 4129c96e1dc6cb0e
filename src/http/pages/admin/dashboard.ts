import type { FastifyInstance } from 'fastify'
import { dashboardFor } from '../../../administration/dashboard.ts'
import type { Deps } from '../../../deps.ts'
import { dashboardPage } from '../../../views/admin/dashboard.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { sendPage } from '../../context.ts'
import { adminFrame, admitAdministrator } from './access.ts'

/** Where the console begins. Whoever may do anything there may open it, and sees what they may know. */
export function dashboardPages(app: FastifyInstance, deps: Deps): void {
  app.get(ADMIN_PATHS.dashboard, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply)
    if (!visitor) return
    const { view, frame } = adminFrame(deps, request, visitor)
    await sendPage(reply, dashboardPage({ ...view, ...(await dashboardFor(deps, visitor.actor)) }, frame))
  })
}
