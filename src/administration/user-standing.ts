import { accountDeletedNotice } from '../accounts/notices.ts'
import { sendReset } from '../accounts/recovery.ts'
import { resetFactors as takeFactors } from '../accounts/remove-factor.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { refuseLast } from './change.ts'
import { refuseActingOn } from './reach.ts'
import { notFound, Refused } from './refused.ts'
import { findTarget } from './target.ts'

// Whether a user can sign in, and with what. Each of these acts on a user, so each asks how far its actor reaches.

/** Which user. */
interface Whom {
  readonly userId: string
}

export const disableUser = switching(true)
export const enableUser = switching(false)

function switching(isDisabled: boolean) {
  return defineAction({
    permission: 'users:write',
    async run(deps: AdministrationDeps, actor, { userId }: Whom) {
      refuseActingOn(actor, await findTarget(deps, userId))
      const facts = { userId, before: { disabled: !isDisabled }, after: { disabled: isDisabled } }
      const event = administered(deps, actor, isDisabled ? 'user.disabled' : 'user.enabled', facts)
      refuseLast(await deps.store.users.setDisabled(userId, isDisabled, event))
    },
  })
}

export const signOutUser = defineAction({
  permission: 'sessions:end',
  async run(deps: AdministrationDeps, actor, { userId }: Whom) {
    refuseActingOn(actor, await findTarget(deps, userId))
    const event = administered(deps, actor, 'user.signed_out_everywhere', { userId })
    await deps.store.users.signOutEverywhere(userId, event)
  },
})

/** Lets devices that the account does not know try its password again. */
export const unlockUser = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, { userId }: Whom) {
    refuseActingOn(actor, await findTarget(deps, userId))
    await deps.store.knownDevices.reopen(userId, administered(deps, actor, 'user.unlocked', { userId }))
  },
})

/** Takes every second factor from who has lost them; they are told, and signed out. */
export const resetFactors = defineAction({
  permission: 'factors:reset',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { userId }: Whom) {
    const target = await findTarget(deps, userId)
    refuseActingOn(actor, target)
    const event = administered(deps, actor, 'user.factors_reset', { userId })
    await takeFactors(deps, target, event)
  },
})

/** Mails the owner of an account a link to a new password; also to the first one. */
export const sendPasswordReset = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, { userId }: Whom) {
    const target = await findTarget(deps, userId)
    refuseActingOn(actor, target)
    if (deps.config.mail === 'none') throw new Refused('conflict', 'this server sends no mails')
    if (target.email === null) throw new Refused('conflict', 'this user has no address')
    if (target.disabledAt) throw new Refused('conflict', 'this user is disabled')
    if (!(await sendReset(deps, target, administered(deps, actor, 'user.reset_sent', { userId })))) {
      throw new Refused('conflict', 'this user has been sent all the mails of an hour')
    }
  },
})

/** Deletes a user with everything they own. The audit events stay, without what they hold of the person. */
export const deleteUser = defineAction({
  permission: 'users:delete',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { userId }: Whom) {
    const target = await findTarget(deps, userId)
    refuseActingOn(actor, target)
    const event = administered(deps, actor, 'user.deleted', { userId })
    const outcome = await deps.store.users.remove(userId, event, accountDeletedNotice(deps, target, undefined))
    refuseLast(outcome)
    if (outcome === 'unchanged') throw notFound('user')
    await deps.store.auditChain.eraseSubject(userId)
  },
})
