import type { Clock } from '../base/clock.ts'
import { digestOf } from '../base/digest.ts'
import { newId, type Random } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import type { NewDevice } from '../store/known-devices.ts'
import { type Provenance, strangersClosed } from '../telemetry/audit.ts'

export interface DeviceDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'knownDevices'>
}

/** Who is tried as, and from which device, when the account knows it. */
export interface Tried {
  readonly id: string
  readonly deviceId: string | null
}

/** The device that a browser's secret stands for, as an account would come to know it. */
export const deviceOf = (deps: DeviceDeps, secret: string, { userAgent }: Provenance): NewDevice => ({
  id: newId(deps.random, deps.clock.now()),
  digest: digestOf(secret),
  name: userAgent,
})

/** Remembers the device of who has just proved the last factor that was due, and binds the session to it. */
export const rememberDevice = (
  deps: DeviceDeps,
  place: { readonly userId: string; readonly sessionId: string; readonly from: Provenance },
  secret: string,
): Promise<void> => deps.store.knownDevices.remember(place.userId, place.sessionId, deviceOf(deps, secret, place.from))

/**
 * Counts a password before it is compared: ten wrong ones in a row make a device a stranger, and a hundred of strangers
 * close the account to them. The owner's way in, from a known device, is counted apart. design.md §6
 * @returns whether it may be right
 */
export const countAttempt = (deps: DeviceDeps, { id, deviceId }: Tried, from: Provenance): Promise<boolean> =>
  deviceId === null
    ? deps.store.knownDevices.countGuess(id, strangersClosed(deps, from, id))
    : deps.store.knownDevices.countAttempt(deviceId)

/** Takes the count back, where there was no room to compare. */
export const uncountAttempt = (deps: DeviceDeps, { id, deviceId }: Tried): Promise<void> =>
  deviceId === null ? deps.store.knownDevices.uncountGuess(id) : deps.store.knownDevices.uncountAttempt(deviceId)
