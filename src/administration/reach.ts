import type { Client, Resource } from '../protocol/client.ts'
import { type Permission, permissionsOf } from '../protocol/permission.ts'
import { ADMIN_SCOPE } from '../protocol/scope.ts'
import type { Role, StoredRole } from '../store/roles.ts'
import type { AdministrationDeps, Administrator } from './action.ts'
import { Refused } from './refused.ts'

// How far a limited administrator reaches: whoever does not have every permission can neither give what they don't have,
// nor touch somebody who has as much as they do, nor themselves. Otherwise a permission would lead to all others. And nobody
// gives for longer than they have.

/** Whether somebody has every permission there is. */
const isUnlimited = ({ permissions }: Pick<Administrator, 'permissions'>): boolean =>
  permissionsOf(['*']).every((one) => permissions.includes(one))

type Rights = Pick<Administrator, 'permissions' | 'roleScopes'>
type Given = Pick<Role, 'permissions' | 'scopes'>

const isBelow = (permissions: readonly Permission[], actor: Rights): boolean =>
  permissions.every((one) => actor.permissions.includes(one)) && permissions.length < actor.permissions.length

const hasScope = (actor: Rights, at: string, name: string): boolean =>
  actor.roleScopes.some(([resource, scope]) => resource === at && scope === name)

const scopePairs = (scopes: Given['scopes']): Administrator['roleScopes'] =>
  Object.entries(scopes).flatMap(([at, names]) => names.map((name) => [at, name] as const))

/** @throws Refused for a role that allows as much as the actor's own do, or a scope that they don't have */
export function refuseGrantBeyond(actor: Rights, role: Given): void {
  if (isUnlimited(actor)) return
  const hasScopes = scopePairs(role.scopes).every(([at, name]) => hasScope(actor, at, name))
  if (!isBelow(permissionsOf(role.permissions), actor) || !hasScopes) {
    throw new Refused('forbidden', 'this role allows what you may not give')
  }
}

/**
 * Who has a role only for a time gives what it allows only as long: else they would come back through what they gave.
 * @param until `undefined`: for good
 * @throws Refused
 */
export async function refuseGrantLonger(
  { store }: Pick<AdministrationDeps, 'store'>,
  actor: Administrator,
  role: Given,
  until: Date | undefined,
): Promise<void> {
  const held = await store.userRoles.list(actor.userId)
  const lasts = (end: Date | null) => end === null || (until !== undefined && end >= until)
  const kept = held.filter(({ expiresAt }) => lasts(expiresAt)).map((one) => one.role)
  if (kept.length === held.length) return
  const then = (await store.roles.list()).filter(({ name }) => kept.includes(name))
  const rights = {
    permissions: permissionsOf(then.flatMap(({ permissions }) => permissions)),
    roleScopes: then.flatMap(({ scopes }) => scopePairs(scopes)),
  }
  refuseGrantBeyond(rights, role)
}

/**
 * A change of a role changes everybody who holds it: what they may do, and from where.
 * @throws Refused where one of them is out of the actor's reach, or where the role would demand less of them
 */
export async function refuseRoleOfOthers(
  { store }: Pick<AdministrationDeps, 'store'>,
  actor: Administrator,
  stored: StoredRole,
  wanted: Pick<Role, 'requireMfa' | 'allowedNetworks'> = stored,
): Promise<void> {
  if (isUnlimited(actor)) return
  for (const holder of await store.roles.listHolders(stored.name)) refuseActingOn(actor, holder)
  const isOpened =
    stored.allowedNetworks.length > 0 &&
    (wanted.allowedNetworks.length === 0 ||
      wanted.allowedNetworks.some((network) => !stored.allowedNetworks.includes(network)))
  if (isOpened || (stored.requireMfa && !wanted.requireMfa)) {
    throw new Refused('forbidden', 'only who has every permission may let a role demand less')
  }
}

/** @throws Refused for oneself, and for somebody whose permissions are not below the actor's */
export function refuseActingOn(
  actor: Administrator,
  target: { readonly id: string; readonly permissions: readonly string[] },
): void {
  if (isUnlimited(actor)) return
  if (target.id === actor.userId) throw new Refused('forbidden', 'you may not do this to yourself: use your account')
  if (!isBelow(permissionsOf(target.permissions), actor)) {
    throw new Refused('forbidden', 'this user may do as much as you, or more')
  }
}

/**
 * Whoever writes the redirect URIs of a client, or has a secret of it, gets tokens of its users, or of its own.
 * @throws Refused for a client of the admin API, or of a scope that goes by roles and that the actor doesn't have
 */
export function refuseClientBeyond(
  actor: Administrator,
  { scope, resources }: Pick<Client, 'scope' | 'resources'>,
  known: readonly Resource[],
): void {
  if (isUnlimited(actor)) return
  if (scope.includes(ADMIN_SCOPE)) {
    throw new Refused('forbidden', 'only who has every permission may change a client of the admin API')
  }
  const isBeyond = ({ identifier, scopes, scopesByRole }: Resource) =>
    scopesByRole &&
    resources.includes(identifier) &&
    scope.some((name) => Object.hasOwn(scopes, name) && !hasScope(actor, identifier, name))
  if (known.some(isBeyond)) throw new Refused('forbidden', 'this client may ask for a scope that you may not give')
}

/** @throws Refused where the scopes of a resource would no longer go by roles, and so be everybody's */
export function refuseOpening(actor: Administrator, stored: Resource, wanted?: Resource): void {
  if (isUnlimited(actor) || !stored.scopesByRole || wanted?.scopesByRole) return
  throw new Refused('forbidden', 'only who has every permission may open what goes by roles')
}
