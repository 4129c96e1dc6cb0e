import { isId } from '../base/random.ts'
import type { KnownDevice } from '../store/known-devices.ts'
import type { Totp } from '../store/second-factors.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { refuseActingOn } from './reach.ts'
import { notFound, Refused } from './refused.ts'
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

/** A device of a user. */
interface DeviceOf {
  readonly userId: string
  readonly deviceId: string
}

/** What an inventory says of a device. */
export interface DevicePosture {
  readonly posture: 'compliant' | 'noncompliant'
  /** When the statement loses its worth. Compliance has an end. */
  readonly until: Date | undefined
}

/** States the posture of a device, as the inventory of its owner's employer has it. */
export const setDevicePosture = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, { userId, deviceId, posture, until }: DeviceOf & DevicePosture) {
    refuseActingOn(actor, await findTarget(deps, userId))
    const device = await deviceOf(deps, userId, deviceId)
    if (until ? until <= actor.now : posture === 'compliant') {
      throw new Refused('invalid_request', 'compliance has an end, and it lies ahead', [
        { field: 'posture_until', message: 'must be in the future' },
      ])
    }
    const event = administered(deps, actor, 'device.posture_set', {
      userId,
      detail: { device: deviceId },
      before: { posture: device.posture, until: device.postureUntil?.toISOString() ?? null },
      after: { posture, until: until?.toISOString() ?? null },
    })
    const isSet = await deps.store.knownDevices.setPosture(deviceId, posture, until, event, userId)
    if (!isSet) throw notFound('device of this user')
    return await deviceOf(deps, userId, deviceId)
  },
})

/** Forgets a device: the account takes it for a stranger, and so do the sessions that began on it. */
export const removeDevice = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, { userId, deviceId }: DeviceOf) {
    refuseActingOn(actor, await findTarget(deps, userId))
    const event = administered(deps, actor, 'device.removed', { userId, detail: { device: deviceId } })
    const isGone = isId(deviceId) && (await deps.store.knownDevices.remove(deviceId, event, userId))
    if (!isGone) throw notFound('device of this user')
  },
})

async function deviceOf({ store }: AdministrationDeps, userId: string, deviceId: string): Promise<KnownDevice> {
  const device = (await store.knownDevices.list(userId)).find(({ id }) => id === deviceId)
  if (!device) throw notFound('device of this user')
  return device
}
