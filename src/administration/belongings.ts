import type { KnownDevice } from '../store/known-devices.ts'
import type { Totp } from '../store/second-factors.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { findTarget } from './target.ts'

/** An authenticator, without its secret. */
export type FactorFacts = Pick<Totp, 'id' | 'name' | 'createdAt' | 'lastUsedAt'>

export const listFactors = defineAction({
  permission: 'users:read',
  async run(
    deps: AdministrationDeps,
    _actor,
    { userId }: { readonly userId: string },
  ): Promise<readonly FactorFacts[]> {
    await findTarget(deps, userId)
    const factors = await deps.store.secondFactors.listTotp(userId)
    return factors.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt }))
  },
})

export const listDevices = defineAction({
  permission: 'users:read',
  async run(
    deps: AdministrationDeps,
    _actor,
    { userId }: { readonly userId: string },
  ): Promise<readonly KnownDevice[]> {
    await findTarget(deps, userId)
    return await deps.store.knownDevices.list(userId)
  },
})
