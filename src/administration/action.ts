// administration: what administrators do to users, roles, clients, resources, sessions and keys, for the API and the console
// alike. An action names its permission and asks for it itself, so that no way in can forget to. Nothing here knows HTTP.

import type { Deps } from '../deps.ts'
import type { Permission } from '../protocol/permission.ts'
import { administrationDenied } from '../telemetry/administered.ts'
import type { Provenance } from '../telemetry/audit.ts'
import { Refused } from './refused.ts'

export type AdministrationDeps = Pick<
  Deps,
  'config' | 'clock' | 'random' | 'store' | 'keys' | 'custody' | 'sealer' | 'passwords' | 'directory'
>

/** Who administers: a user, fully signed in with a second factor, and what their roles allow now. */
export interface Administrator {
  readonly userId: string
  readonly username: string
  readonly roles: readonly string[]
  readonly permissions: readonly Permission[]
  /** Pairs of a resource and a scope that they may have there themselves. */
  readonly roleScopes: readonly (readonly [resource: string, scope: string])[]
  readonly sessionId: string
  readonly authTime: Date
  readonly now: Date
  readonly from: Provenance
}

/** How old the sign-in may be for what is worth the most: secrets, keys, roles and factors. */
export const FRESH_SECONDS = 300

export interface Action<Input, Output> {
  readonly permission: Permission
  /** Whether the sign-in has to be fresh. */
  readonly needsFreshSignIn: boolean
  /** @throws Refused */
  run(deps: AdministrationDeps, actor: Administrator, input: Input): Promise<Output>
}

interface Definition<Input, Output> {
  readonly permission: Permission
  readonly needsFreshSignIn?: boolean
  run(deps: AdministrationDeps, actor: Administrator, input: Input): Promise<Output>
}

/** What an action demands of whoever does it. */
export type Demand = Pick<Action<never, unknown>, 'permission' | 'needsFreshSignIn'>

/**
 * Refuses who may not do an action, and records it.
 * @throws Refused `forbidden` without the permission, `insufficient_user_authentication` without a fresh sign-in
 */
export async function refuseUnlessAllowed(
  deps: Pick<AdministrationDeps, 'clock' | 'random' | 'store'>,
  actor: Administrator,
  { permission, needsFreshSignIn }: Demand,
): Promise<void> {
  if (!actor.permissions.includes(permission)) {
    throw await denied(deps, actor, permission, new Refused('forbidden', 'your roles do not allow this'))
  }
  if (needsFreshSignIn && !isFresh(actor)) {
    throw new Refused('insufficient_user_authentication', 'sign in again: this needs a sign-in of the last minutes')
  }
}

async function denied(
  deps: Pick<AdministrationDeps, 'clock' | 'random' | 'store'>,
  actor: Administrator,
  permission: Permission,
  refusal: Refused,
): Promise<Refused> {
  await deps.store.audit.record(administrationDenied(deps, actor, permission, refusal.message))
  return refusal
}

/** An action that nobody without its permission, or without a fresh sign-in where it needs one, can do. What is denied is recorded. */
export const defineAction = <Input, Output>({
  permission,
  needsFreshSignIn = false,
  run,
}: Definition<Input, Output>): Action<Input, Output> => ({
  permission,
  needsFreshSignIn,
  async run(deps, actor, input) {
    await refuseUnlessAllowed(deps, actor, { permission, needsFreshSignIn })
    try {
      return await run(deps, actor, input)
    } catch (error) {
      const isBeyondReach = error instanceof Refused && error.code === 'forbidden'
      throw isBeyondReach ? await denied(deps, actor, permission, error) : error
    }
  },
})

const isFresh = ({ authTime, now }: Administrator): boolean =>
  now.getTime() - authTime.getTime() <= FRESH_SECONDS * 1000
