import { type Permission, permissionsOf } from '../protocol/permission.ts'
import type { Role } from '../store/roles.ts'
import type { Administrator } from './action.ts'
import { Refused } from './refused.ts'

// How far a limited administrator reaches: whoever does not have every permission can neither give what they don't have,
// nor touch somebody who has as much as they do, nor themselves. Otherwise a permission would lead to all others.

/** Whether somebody has every permission there is. */
export const isUnlimited = ({ permissions }: Administrator): boolean =>
  permissionsOf(['*']).every((one) => permissions.includes(one))

const isBelow = (permissions: readonly Permission[], actor: Administrator): boolean =>
  permissions.every((one) => actor.permissions.includes(one)) && permissions.length < actor.permissions.length

/** @throws Refused for a role that allows as much as the actor's own do, or a scope that they don't have */
export function refuseGrantBeyond(actor: Administrator, role: Pick<Role, 'permissions' | 'scopes'>): void {
  if (isUnlimited(actor)) return
  const scopes = Object.entries(role.scopes).flatMap(([at, names]) => names.map((name) => ({ at, name })))
  const hasScope = ({ at, name }: { at: string; name: string }) =>
    actor.roleScopes.some(([resource, scope]) => resource === at && scope === name)
  if (!isBelow(permissionsOf(role.permissions), actor) || !scopes.every(hasScope)) {
    throw new Refused('forbidden', 'this role allows what you may not give')
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
