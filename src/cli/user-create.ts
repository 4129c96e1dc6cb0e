import { emailFault, usernameFault } from '../accounts/names.ts'
import { passwordChangedNotice } from '../accounts/notices.ts'
import type { Deps } from '../deps.ts'
import { newInvitation } from './administrator-link.ts'
import { operated } from './change.ts'
import { newPasswordFaults } from './check-declaration.ts'
import type { Command, CommandIo } from './command.ts'
import { findUser } from './find-user.ts'
import { createUser } from './plan-user.ts'
import { Refusal, UsageError } from './refusal.ts'
import { refuseUnknownRoles } from './user-roles.ts'

const ROLE = { type: 'string', multiple: true, value: 'ROLE', meaning: 'A role to have.' } as const

export const userChangeCommands: readonly Command[] = [
  {
    name: 'user create',
    summary: 'Create a user. Without a password they cannot sign in yet.',
    words: ['USERNAME'],
    options: {
      email: { type: 'string', value: 'EMAIL', meaning: 'Their address.' },
      'email-verified': { type: 'boolean', meaning: 'The address is known to be theirs.' },
      role: ROLE,
      'password-stdin': { type: 'boolean', meaning: 'Read the password from standard input.' },
    },
    async run(context, given) {
      const deps = await context.deps()
      const username = given.word(0)
      const email = given.text('email')
      const roles = given.texts('role') ?? []
      const malformed = usernameFault(username, deps.config.usernameMax)
      if (malformed !== undefined && malformed !== 'reserved') {
        throw new Refusal(`a user name is 3 to ${deps.config.usernameMax} of A-Z a-z 0-9 _`)
      }
      refuseBadEmail(email)
      await refuseUnknownRoles(deps.store, roles)
      const isReading = given.flag('password-stdin') ?? false
      const password = isReading ? await readPassword(context.io, deps, { username, email }) : undefined
      const emailVerified = given.flag('email-verified')
      await createUser(deps, {
        ...{ username, email, emailVerified, password, roles: [...roles] },
        ...{ passwordHash: undefined, disabled: undefined, claims: {} },
      })
      const { id } = await findUser(deps.store, username)
      return { text: `Created user ${username}.`, json: { id, username, email, roles } }
    },
  },
  {
    name: 'user invite',
    summary: 'Make, and mail, a one-time link by which the owner of an address makes an account. It is a secret.',
    words: ['EMAIL'],
    options: { role: ROLE },
    async run(context, given) {
      const deps = await context.deps()
      const email = given.word(0)
      const roles = given.texts('role') ?? []
      refuseBadEmail(email)
      if (await deps.store.users.find({ login: email })) throw new Refusal('the address belongs to a user already')
      await refuseUnknownRoles(deps.store, roles)
      const { url, expiresInSeconds, isMailed } = await newInvitation(deps, email, roles)
      return { text: url, json: { email, roles, url, expires_in: expiresInSeconds, mailed: isMailed } }
    },
  },
  {
    name: 'user set-password',
    summary: 'Give a user the password on standard input. Everything that began under the old one ends.',
    words: ['USER'],
    async run(context, given) {
      const deps = await context.deps()
      const user = await findUser(deps.store, given.word(0))
      const { id: userId, username } = user
      const password = await readPassword(context.io, deps, user)
      const hashed = await deps.passwords.hash(password)
      if (hashed === 'busy') throw new Refusal('too many passwords are being hashed: try again')
      const event = operated(deps, 'user.password_changed', { userId })
      await deps.store.users.changePassword(userId, hashed, event, passwordChangedNotice(deps, user, undefined))
      return { text: `Set the password of ${username}.`, json: { id: userId, username, password_changed: true } }
    },
  },
]

function refuseBadEmail(email: string | undefined): void {
  if (email !== undefined && emailFault(email) !== undefined) throw new Refusal('this is no e-mail address')
}

/** One line of standard input, without its end. @throws Refusal when the password breaks the policy */
async function readPassword(
  io: CommandIo,
  { config }: Deps,
  user: { readonly username: string; readonly email: string | null | undefined },
): Promise<string> {
  const password = (await io.readInput()).replace(/\r?\n$/, '')
  if (password === '') throw new UsageError('there is no password on standard input')
  const broken = newPasswordFaults(password, user, config)
  if (broken.length > 0) throw new Refusal(`the password breaks the policy: ${broken.join(', ')}`)
  return password
}
