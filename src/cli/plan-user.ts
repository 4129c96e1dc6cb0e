import { passwordChangedNotice } from '../accounts/notices.ts'
import { newId } from '../base/random.ts'
import type { StoredPassword, UserWithPassword } from '../store/users.ts'
import { type Change, type ChangeDeps, changeOf, differing, operated } from './change.ts'
import type { DeclaredUser } from './declaration.ts'
import { Refusal, refuseLastAdministrator } from './refusal.ts'

/**
 * What makes one user what they are declared to be. Only what the file names is compared: the rest is the user's own.
 * A password that the stored hash verifies is not hashed again.
 */
export async function planUser(
  deps: ChangeDeps,
  declared: DeclaredUser,
  stored: UserWithPassword | undefined,
): Promise<Change> {
  if (!stored) return changeOf('user', declared.username, false, [], () => createUser(deps, declared))
  const wanted = profileOf(declared, stored)
  const profile = differing(wanted, profileOf(undefined, stored))
  const isNewPassword = await changesPassword(deps, declared, stored.password)
  const roles = declared.roles && [...new Set(declared.roles)].sort()
  const changesRoles =
    roles !== undefined && differing({ roles }, { roles: await rolesForGood(deps, stored.id) }).length > 0
  const changesDisabled = declared.disabled !== undefined && declared.disabled !== (stored.disabledAt !== null)
  const fields = [
    ...profile,
    ...(isNewPassword ? ['password'] : []),
    ...(changesRoles ? ['roles'] : []),
    ...(changesDisabled ? ['disabled'] : []),
  ]
  return changeOf('user', declared.username, true, fields, async () => {
    const event = (type: string, detail = {}) => operated(deps, type, { userId: stored.id, detail })
    const { email, email_verified: emailVerified, ...claims } = wanted
    const { users } = deps.store
    if (profile.length > 0) {
      const updated = event('user.updated', { fields: profile })
      refuseTaken(await deps.store.userProfiles.update(stored.id, { email, emailVerified, claims }, updated))
    }
    const password = isNewPassword ? await passwordOf(deps, declared) : undefined
    if (password) {
      const notices = passwordChangedNotice(deps, stored, undefined)
      await users.changePassword(stored.id, password, event('user.password_changed'), notices)
    }
    if (changesRoles) {
      const changed = event('user.roles_changed', { roles })
      refuseLastAdministrator(await deps.store.userRoles.set(stored.id, roles, 'operator', changed))
    }
    if (declared.disabled !== undefined && changesDisabled) {
      const changed = event(declared.disabled ? 'user.disabled' : 'user.enabled')
      refuseLastAdministrator(await users.setDisabled(stored.id, declared.disabled, changed))
    }
  })
}

/** What somebody was given for a time is no business of the file. */
async function rolesForGood({ store }: ChangeDeps, userId: string): Promise<readonly string[]> {
  const held = await store.userRoles.list(userId)
  return held.filter(({ expiresAt }) => expiresAt === null).map(({ role }) => role)
}

/** A new address is not verified unless the file says so; an old one stays what it was. */
function profileOf(declared: DeclaredUser | undefined, stored: UserWithPassword) {
  const email = declared?.email ?? stored.email ?? undefined
  const isSame = email?.toLowerCase() === stored.email?.toLowerCase()
  return {
    ...stored.claims,
    ...declared?.claims,
    email,
    email_verified: declared?.emailVerified ?? (isSame && stored.emailVerified),
  }
}

/**
 * An imported hash counts until the user's first sign-in, which puts a hash of our own in its place: from then on the two
 * cannot be compared, and the file's is not put back.
 */
async function changesPassword(
  { passwords }: ChangeDeps,
  { password, passwordHash }: DeclaredUser,
  stored: StoredPassword | null,
): Promise<boolean> {
  if (passwordHash !== undefined) return !stored || (!stored.peppered && stored.phc !== passwordHash)
  if (password === undefined) return false
  const outcome = await passwords.check(password, stored)
  if (outcome === 'busy') throw new Refusal('too many passwords are being checked: try again')
  return outcome === 'wrong'
}

async function passwordOf(
  { passwords }: Pick<ChangeDeps, 'passwords'>,
  { password, passwordHash }: Pick<DeclaredUser, 'password' | 'passwordHash'>,
): Promise<StoredPassword | undefined> {
  if (passwordHash !== undefined) return { phc: passwordHash, peppered: false }
  if (password === undefined) return undefined
  const hashed = await passwords.hash(password)
  if (hashed === 'busy') throw new Refusal('too many passwords are being hashed: try again')
  return hashed
}

/** Makes a user. @throws Refusal when the address belongs to another */
export async function createUser(deps: ChangeDeps, declared: DeclaredUser): Promise<void> {
  const id = newId(deps.random, deps.clock.now())
  const { username, email, emailVerified = false, claims, roles = [], disabled } = declared
  const password = await passwordOf(deps, declared)
  const event = (type: string) => operated(deps, type, { userId: id, detail: { by: 'operator' } })
  const user = { id, username, email, emailVerified, claims, password, roles: [...new Set(roles)] }
  const made = await deps.store.users.create(user, event('user.created'))
  refuseTaken(made)
  if (disabled) await deps.store.users.setDisabled(id, true, event('user.disabled'))
}

function refuseTaken(outcome: string): void {
  if (outcome === 'email-taken') throw new Refusal('the e-mail address belongs to another user')
  if (outcome === 'username-taken') throw new Refusal('the user name is taken')
}
