import type { FastifyInstance } from 'fastify'
import type { Deps } from '../../../deps.ts'
import { parametersOf } from '../../../protocol/parameters.ts'
import { signedOut } from '../../../telemetry/audit.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { seeOther } from '../../context.ts'
import { bodyPairs } from '../../parameters.ts'
import { clearSessionCookies } from '../../plugins/cookies.ts'
import { refuseForgery } from '../../plugins/csrf.ts'
import { ACCOUNT_SUBJECT, admit } from '../account/access.ts'

/** Ends the session of who is at the console. */
export function adminSignOut(app: FastifyInstance, deps: Deps): void {
  app.post(`${ADMIN_PATHS.dashboard}/sign-out`, async (request, reply) => {
    const visitor = await admit(deps, request, reply, ADMIN_PATHS.dashboard)
    if (!visitor) return
    refuseForgery(deps, request, parametersOf(bodyPairs(request)), visitor.cookie, ACCOUNT_SUBJECT)
    const { session, user, from } = visitor
    await deps.store.sessions.end(session.id, signedOut(deps, from, user.id, session.id))
    clearSessionCookies(deps, reply)
    reply.header('clear-site-data', '"cache", "storage"')
    await seeOther(reply, deps.config.basePath + ADMIN_PATHS.dashboard)
  })
}
