import { z } from 'zod'
import type { Action } from '../../administration/action.ts'
import {
  deleteUser,
  disableUser,
  enableUser,
  resetFactors,
  sendPasswordReset,
  signOutUser,
  unlockUser,
} from '../../administration/user-standing.ts'
import { type Operation, operation } from './operation.ts'
import { id } from './schemas.ts'

type Standing = Action<{ readonly userId: string }, void>

const changing = (
  name: string,
  method: 'POST' | 'DELETE',
  verb: string,
  summary: string,
  action: Standing,
): Operation =>
  operation({
    id: name,
    method,
    path: `/users/:id${verb}`,
    tag: 'users',
    summary,
    action,
    params: z.strictObject({ id }),
    status: 204,
    async run(deps, actor, { params }) {
      await action.run(deps, actor, { userId: params.id })
      return {}
    },
  })

/** Whether a user can sign in, and with what. */
export const userStandingOperations: readonly Operation[] = [
  changing('disableUser', 'POST', '/disable', 'Refuse a user and everything they hold, at once', disableUser),
  changing('enableUser', 'POST', '/enable', 'Let a disabled user sign in again', enableUser),
  changing('signOutUser', 'POST', '/sign-out', 'End every session and every grant of a user', signOutUser),
  changing('unlockUser', 'POST', '/unlock', 'Let unknown devices try the password again', unlockUser),
  changing('resetFactors', 'POST', '/reset-factors', 'Take every second factor from who has lost them', resetFactors),
  changing('sendPasswordReset', 'POST', '/send-reset', 'Mail a user a link to a new password', sendPasswordReset),
  changing('deleteUser', 'DELETE', '', 'Delete a user with everything they own', deleteUser),
]
