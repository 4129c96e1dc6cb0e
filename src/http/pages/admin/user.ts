import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Action } from '../../../administration/action.ts'
import { listEvents } from '../../../administration/audit.ts'
import { listDevices, listFactors } from '../../../administration/belongings.ts'
import { endSession, listFamilies, listSessionsOfUser } from '../../../administration/grants.ts'
import { listRolesOfUser, revokeRole } from '../../../administration/roles.ts'
import { deleteUser, resetFactors } from '../../../administration/user-standing.ts'
import { readUser, updateUser } from '../../../administration/users.ts'
import type { Deps } from '../../../deps.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { userPage } from '../../../views/admin/user.ts'
import { sendPage } from '../../context.ts'
import { type AdminVisitor, adminFrame, admitAdministrator } from './access.ts'

const FEW = 10

/** A page below that of one user. */
export interface OfUser {
  readonly Params: { readonly id: string }
}

/** How a user stands, and everything that can be done about it. */
export function userPageOf(app: FastifyInstance, deps: Deps): void {
  app.get<OfUser>(`${ADMIN_PATHS.users}/:id`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, readUser)
    if (visitor) await showUser(deps, request, reply, visitor, request.params.id)
  })
}

/** Whether somebody's roles let them do an action. */
export const may = ({ actor }: AdminVisitor, { permission }: Pick<Action<never, unknown>, 'permission'>): boolean =>
  actor.permissions.includes(permission)

async function showUser(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: AdminVisitor,
  userId: string,
): Promise<void> {
  const { actor } = visitor
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const part = { after: undefined, limit: FEW }
  const user = await readUser.run(deps, actor, { userId })
  const shown = {
    user,
    roles: await listRolesOfUser.run(deps, actor, { userId }),
    factors: await listFactors.run(deps, actor, { userId }),
    devices: await listDevices.run(deps, actor, { userId }),
    sessions: may(visitor, listSessionsOfUser)
      ? await listSessionsOfUser.run(deps, actor, { userId, ...part })
      : undefined,
    families: may(visitor, listFamilies)
      ? await listFamilies.run(deps, actor, { userId, state: 'live', ...part })
      : undefined,
    events: may(visitor, listEvents)
      ? await listEvents.run(deps, actor, { filter: { userId }, before: undefined, limit: FEW })
      : undefined,
  }
  const rights = {
    write: may(visitor, updateUser),
    delete: may(visitor, deleteUser),
    resetFactors: may(visitor, resetFactors),
    grant: may(visitor, revokeRole),
    endSessions: may(visitor, endSession),
  }
  await sendPage(reply, userPage({ ...view, csrf, root: deps.config.basePath, ...shown, may: rights }, frame))
}
