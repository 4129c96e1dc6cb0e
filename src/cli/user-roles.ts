import type { HeldRole } from '../store/user-roles.ts'
import { type ChangeDeps, operated } from './change.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { instant } from './instant.ts'
import { table } from './output.ts'
import { Refusal, refuseLastAdministrator, UsageError } from './refusal.ts'

export const userRolesCommand: Command = {
  name: 'user roles',
  summary: 'Show the roles of a user, or change them: for good, or for a time.',
  words: ['USER'],
  options: {
    add: { type: 'string', multiple: true, value: 'ROLE', meaning: 'Give a role.' },
    until: { type: 'string', value: 'TIME', meaning: 'When what is given ends: 2026-01-31T08:00:00Z. Else never.' },
    reason: { type: 'string', value: 'TEXT', meaning: 'Why it is given.' },
    remove: { type: 'string', multiple: true, value: 'ROLE', meaning: 'Take a role away.' },
  },
  async run(context, given) {
    const deps = await context.deps()
    const { id: userId, username } = await findUser(deps.store, given.word(0))
    const add = given.texts('add') ?? []
    const remove = given.texts('remove') ?? []
    if (add.some((role) => remove.includes(role))) throw new UsageError('a role is given and taken away at once')
    await refuseUnknownRoles(deps.store, add)
    const grant = { expiresAt: instant(given.text('until')), reason: given.text('reason')?.slice(0, LONGEST_REASON) }
    for (const role of new Set(add)) await give(deps, userId, { role, ...grant })
    for (const role of new Set(remove)) await take(deps, userId, role)
    const held = await deps.store.userRoles.list(userId)
    const roles = held.filter(({ isOver }) => !isOver).map(({ role }) => role)
    const text =
      held.length === 0 ? `${username}: no roles` : table(['role', 'until', 'granted_by', 'reason'], held.map(row))
    return { text, json: { id: userId, username, roles, grants: held.map(shown) } }
  },
}

const LONGEST_REASON = 300

const shown = ({ role, expiresAt, grantedAt, grantedBy, reason, isOver }: HeldRole) => ({
  role,
  expires_at: expiresAt,
  granted_at: grantedAt,
  granted_by: grantedBy,
  reason,
  over: isOver,
})

const row = ({ role, expiresAt, grantedBy, reason, isOver }: HeldRole) => [
  role,
  expiresAt ? `${expiresAt.toISOString()}${isOver ? ' (over)' : ''}` : '-',
  grantedBy ?? '-',
  reason ?? '-',
]

async function give(
  deps: ChangeDeps,
  userId: string,
  grant: { readonly role: string; readonly expiresAt: Date | undefined; readonly reason: string | undefined },
): Promise<void> {
  const { role, expiresAt, reason } = grant
  const detail = { role, expires_at: expiresAt?.toISOString() ?? null, reason: reason ?? null }
  const event = operated(deps, 'user.role_granted', { userId, detail })
  refuseLastAdministrator(await deps.store.userRoles.grant(userId, { ...grant, grantedBy: 'operator' }, event))
}

async function take(deps: ChangeDeps, userId: string, role: string): Promise<void> {
  const event = operated(deps, 'user.role_revoked', { userId, detail: { role } })
  refuseLastAdministrator(await deps.store.userRoles.revoke(userId, role, event))
}

/** @throws Refusal when one of them does not exist */
export async function refuseUnknownRoles(
  store: { readonly roles: { list(): Promise<readonly { readonly name: string }[]> } },
  roles: readonly string[],
): Promise<void> {
  const known = await store.roles.list()
  const unknown = roles.filter((role) => !known.some(({ name }) => name === role))
  if (unknown.length > 0) throw new Refusal(`there is no role ${unknown.join(', ')}: roles are made by apply`)
}
