import { type Permission, permissionsOf } from '../protocol/permission.ts'
import type { StoredRole } from '../store/roles.ts'
import { ADMINISTRATOR, type HeldRole } from '../store/user-roles.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { given, quicker, refuseLast, unchangedSince, type Versioned } from './change.ts'
import { refuseActingOn, refuseGrantBeyond, refuseGrantLonger, refuseRoleOfOthers } from './reach.ts'
import { notFound, Refused } from './refused.ts'
import { findTarget } from './target.ts'

/** What an administrator may say of a role; what is left out stays as it is. */
export interface RoleFields {
  readonly description?: string | undefined
  readonly requireMfa?: boolean | undefined
  readonly allowedNetworks?: readonly string[] | undefined
  readonly permissions?: readonly Permission[] | undefined
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined
}

export const listRoles = defineAction({
  permission: 'roles:read',
  run: (
    deps: AdministrationDeps,
    _actor,
    { after, limit }: { readonly after: string | undefined; readonly limit: number },
  ) => deps.store.roles.page(after, limit),
})

export const findRole = defineAction({
  permission: 'roles:read',
  run: (deps: AdministrationDeps, _actor, { name }: { readonly name: string }) => roleNamed(deps, name),
})

export const createRole = defineAction({
  permission: 'roles:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { name, ...fields }: RoleFields & { readonly name: string }) {
    const role = { ...NEW_ROLE, name, ...given(fields) }
    refuseGrantBeyond(actor, role)
    await refuseUnknownScopes(deps, role.scopes)
    const event = administered(deps, actor, 'role.created', { detail: { role: name }, after: describe(role) })
    if (!(await deps.store.roles.put(role, event, { expects: 'absent' }))) {
      throw new Refused('conflict', 'there is a role of this name')
    }
    return await roleNamed(deps, name)
  },
})

export const updateRole = defineAction({
  permission: 'roles:write',
  needsFreshSignIn: true,
  async run(
    deps: AdministrationDeps,
    actor,
    { name, version, ...fields }: RoleFields & Versioned & { readonly name: string },
  ) {
    const stored = await roleNamed(deps, name)
    const role = { ...stored, ...given(fields) }
    refuseGrantBeyond(actor, stored) // nor take away what one could not give
    refuseGrantBeyond(actor, role)
    await refuseRoleOfOthers(deps, actor, stored, role)
    const added = addedTo(stored, role)
    if (added) await refuseGrantLonger(deps, actor, added, undefined)
    if (name === ADMINISTRATOR && (fields.permissions !== undefined || fields.requireMfa === false)) {
      throw new Refused('conflict', 'the role administrator has every permission, and demands a second factor')
    }
    await refuseUnknownScopes(deps, role.scopes)
    const facts = { detail: { role: name }, before: describe(stored), after: describe(role) }
    const event = administered(deps, actor, 'role.updated', facts)
    if (!(await deps.store.roles.put(role, event, unchangedSince(stored, version)))) throw quicker()
    return await roleNamed(deps, name)
  },
})

export const deleteRole = defineAction({
  permission: 'roles:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { name }: { readonly name: string }) {
    const stored = await roleNamed(deps, name)
    refuseGrantBeyond(actor, stored)
    await refuseRoleOfOthers(deps, actor, stored)
    if (name === ADMINISTRATOR) throw new Refused('conflict', 'the role administrator stays')
    const event = administered(deps, actor, 'role.deleted', { detail: { role: name }, before: describe(stored) })
    if (!(await deps.store.roles.remove(name, event))) throw notFound('role')
  },
})

export const listRolesOfUser = defineAction({
  permission: 'users:read',
  async run(deps: AdministrationDeps, _actor, { userId }: { readonly userId: string }): Promise<readonly HeldRole[]> {
    await findTarget(deps, userId)
    return await deps.store.userRoles.list(userId)
  },
})

export const grantRole = defineAction({
  permission: 'roles:grant',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, input: RoleGrantInput) {
    const { userId, role: name, expiresAt, reason } = input
    const target = await findTarget(deps, userId)
    refuseActingOn(actor, target)
    const role = await roleNamed(deps, name)
    refuseGrantBeyond(actor, role)
    await refuseGrantLonger(deps, actor, role, expiresAt)
    if (expiresAt && expiresAt <= actor.now) {
      throw new Refused('invalid_request', 'the role would be over already', [
        { field: 'expires_at', message: 'must be in the future' },
      ])
    }
    const after = { role: name, expires_at: expiresAt?.toISOString() ?? null, reason: reason ?? null }
    const event = administered(deps, actor, 'user.role_granted', { userId, after })
    const grant = { role: name, expiresAt, reason, grantedBy: `user:${actor.userId}` }
    refuseLast(await deps.store.userRoles.grant(userId, grant, event))
    return await heldRole(deps, userId, name)
  },
})

export const revokeRole = defineAction({
  permission: 'roles:grant',
  needsFreshSignIn: true,
  async run(
    deps: AdministrationDeps,
    actor,
    { userId, role: name }: { readonly userId: string; readonly role: string },
  ) {
    refuseActingOn(actor, await findTarget(deps, userId))
    const held = await heldRole(deps, userId, name)
    refuseGrantBeyond(actor, await roleNamed(deps, name))
    const before = { role: name, expires_at: held.expiresAt?.toISOString() ?? null, reason: held.reason }
    const event = administered(deps, actor, 'user.role_revoked', { userId, before })
    refuseLast(await deps.store.userRoles.revoke(userId, name, event))
  },
})

interface RoleGrantInput {
  readonly userId: string
  readonly role: string
  /** `undefined`: for good. */
  readonly expiresAt?: Date | undefined
  readonly reason?: string | undefined
}

/** What a role is to allow that it does not allow yet. */
function addedTo(stored: StoredRole, { permissions, scopes }: Pick<StoredRole, 'permissions' | 'scopes'>) {
  const had = permissionsOf(stored.permissions)
  const added = {
    permissions: permissionsOf(permissions).filter((one) => !had.includes(one)),
    scopes: Object.fromEntries(
      Object.entries(scopes)
        .map(([at, names]) => [at, names.filter((name) => !stored.scopes[at]?.includes(name))] as const)
        .filter(([, names]) => names.length > 0),
    ),
  }
  return added.permissions.length > 0 || Object.keys(added.scopes).length > 0 ? added : undefined
}

const NEW_ROLE = { description: '', requireMfa: false, allowedNetworks: [], permissions: [], scopes: {} }

async function roleNamed(deps: AdministrationDeps, name: string): Promise<StoredRole> {
  const role = await deps.store.roles.find(name)
  if (!role) throw notFound('role')
  return role
}

async function heldRole(deps: AdministrationDeps, userId: string, name: string): Promise<HeldRole> {
  const held = (await deps.store.userRoles.list(userId)).find(({ role }) => role === name)
  if (!held) throw notFound('role of this user')
  return held
}

const describe = ({
  description,
  requireMfa,
  allowedNetworks,
  permissions,
  scopes,
}: Omit<StoredRole, 'name' | 'version' | 'holders'>) => ({
  description,
  require_mfa: requireMfa,
  allowed_networks: allowedNetworks,
  permissions,
  scopes,
})

async function refuseUnknownScopes(deps: AdministrationDeps, scopes: StoredRole['scopes']): Promise<void> {
  const known = await deps.store.resources.list()
  const faults = Object.entries(scopes).flatMap(([identifier, names]) => {
    const resource = known.find((one) => one.identifier === identifier)
    if (!resource) return [{ field: `scopes.${identifier}`, message: 'is no resource here' }]
    const unknown = names.filter((name) => !Object.hasOwn(resource.scopes, name))
    return unknown.map((name) => ({ field: `scopes.${identifier}`, message: `the resource has no scope ${name}` }))
  })
  if (faults.length > 0) throw new Refused('invalid_request', 'the scopes are not those of the resources', faults)
}
