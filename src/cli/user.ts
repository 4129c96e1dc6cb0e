import { sendReset } from '../accounts/recovery.ts'
import { resetFactors } from '../accounts/remove-factor.ts'
import { everyPage } from '../base/every-page.ts'
import type { User } from '../store/users.ts'
import { operated } from './change.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { properties, table } from './output.ts'
import { Refusal, refuseLastAdministrator } from './refusal.ts'

const shown = ({ id, username, email, emailVerified, roles, disabledAt, createdAt, claims }: User) => ({
  id,
  username,
  email,
  email_verified: emailVerified,
  roles,
  disabled: disabledAt !== null,
  created_at: createdAt,
  ...claims,
})

export const userCommands: readonly Command[] = [
  {
    name: 'user list',
    summary: 'List the users.',
    async run(context) {
      const { store } = await context.deps()
      const users = await everyPage(
        (after, limit) => store.users.list(after, limit),
        ({ id }) => id,
      )
      const rows = users.map(({ id, username, email, roles, disabledAt }) => [
        id,
        username,
        email,
        roles,
        disabledAt ? 'disabled' : 'enabled',
      ])
      const text = table(['id', 'username', 'email', 'roles', 'state'], rows)
      return { text: rows.length === 0 ? 'No users.' : text, json: { users: users.map(shown) } }
    },
  },
  {
    name: 'user show',
    summary: 'Show a user.',
    words: ['USER'],
    async run(context, given) {
      const { store } = await context.deps()
      const user = shown(await findUser(store, given.word(0)))
      return { text: properties(user), json: user }
    },
  },
  switching('disable', true),
  switching('enable', false),
  {
    name: 'user unlock',
    summary: 'Let devices that an account does not know try its password again.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const { id: userId, username } = await findUser(deps.store, given.word(0))
      const wasClosed = await deps.store.knownDevices.reopen(userId, operated(deps, 'user.unlocked', { userId }))
      const text = wasClosed ? `${username} can sign in from everywhere again.` : `${username} was not locked.`
      return { text, json: { id: userId, username, unlocked: wasClosed } }
    },
  },
  {
    name: 'user sign-out',
    summary: 'End every session and every grant of a user.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const { id: userId, username } = await findUser(deps.store, given.word(0))
      await deps.store.users.signOutEverywhere(userId, operated(deps, 'user.signed_out_everywhere', { userId }))
      return { text: `Signed ${username} out everywhere.`, json: { id: userId, username, signed_out: true } }
    },
  },
  {
    name: 'user send-reset',
    summary: 'Mail a user a link to a new password, or to their first.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const user = await findUser(deps.store, given.word(0))
      const { id: userId, username, email } = user
      if (deps.config.mail === 'none') throw new Refusal('this server sends no mails')
      if (email === null) throw new Refusal('the user has no address')
      if (user.disabledAt) throw new Refusal('the user is disabled')
      const isSent = await sendReset(deps, user, operated(deps, 'user.reset_sent', { userId }))
      if (!isSent) throw new Refusal('the user has been sent all the mails of an hour')
      return { text: `Mailed ${username} a link to a new password.`, json: { id: userId, username, sent: true } }
    },
  },
  {
    name: 'user reset-factors',
    summary: 'Take every second factor from a user who has lost them, and sign them out.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const user = await findUser(deps.store, given.word(0))
      const { id: userId, username } = user
      const factors = await resetFactors(deps, user, operated(deps, 'user.factors_reset', { userId }))
      const text = `Removed ${factors === 1 ? 'one second factor' : `${factors} second factors`} of ${username}.`
      return { text, json: { id: userId, username, removed: factors } }
    },
  },
  {
    name: 'user delete',
    summary: 'Delete a user with everything they own. The audit events stay.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const { id: userId, username } = await findUser(deps.store, given.word(0))
      refuseLastAdministrator(await deps.store.users.remove(userId, operated(deps, 'user.deleted', { userId })))
      await deps.store.auditChain.eraseSubject(userId)
      return { text: `Deleted user ${username}.`, json: { id: userId, username, deleted: true } }
    },
  },
]

function switching(verb: 'disable' | 'enable', isDisabled: boolean): Command {
  return {
    name: `user ${verb}`,
    summary: isDisabled ? 'Refuse a user and everything they hold, at once.' : 'Let a disabled user sign in again.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const { id: userId, username } = await findUser(deps.store, given.word(0))
      const event = operated(deps, `user.${verb}d`, { userId })
      const changed = await deps.store.users.setDisabled(userId, isDisabled, event)
      refuseLastAdministrator(changed)
      const isChanged = changed === 'changed'
      const text = isChanged ? `User ${username} is now ${verb}d.` : `User ${username} was ${verb}d already.`
      return { text, json: { id: userId, username, disabled: isDisabled, changed: isChanged } }
    },
  }
}
