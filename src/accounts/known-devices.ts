import { digestOf } from '../base/digest.ts'
import { newId } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import type { NewDevice } from '../store/known-devices.ts'
import { canonical } from '../store/users.ts'
import { type Provenance, strangersClosed } from '../telemetry/audit.ts'
import type { LetterDeps } from './letter.ts'
import { type Addressee, newDeviceNotice, strangersShutOutNotice } from './notices.ts'

export interface DeviceDeps extends LetterDeps {
  readonly store: Pick<Store, 'knownDevices'>
}

/** Who is tried as, and from which device, when the account knows it. */
export interface Tried extends Addressee {
  readonly id: string
  readonly deviceId: string | null
}

/** Stands in for the account that a name doesn't have: guesses at it are counted alike, and tell nothing by the clock. */
export const nobody = (login: string): Tried => ({
  id: digestOf(`guess\0${canonical(login)}`).toString('hex', 0, 16),
  deviceId: null,
  username: login,
  email: null,
  claims: {},
})

/** The device that a browser's secret stands for, as an account would come to know it. */
export const deviceOf = (deps: DeviceDeps, secret: string, { userAgent }: Provenance): NewDevice => ({
  id: newId(deps.random, deps.clock.now()),
  digest: digestOf(secret),
  name: userAgent,
})

/**
 * Remembers the device of who has just proved the last factor that was due, and binds the session to it. The owner is told of
 * one that the account did not know.
 */
export async function rememberDevice(
  deps: DeviceDeps & { readonly store: Pick<Store, 'users'> },
  { userId, sessionId, from }: { readonly userId: string; readonly sessionId: string; readonly from: Provenance },
  secret: string,
): Promise<void> {
  const user = await deps.store.users.find({ id: userId })
  const notices = user ? newDeviceNotice(deps, user, from) : []
  await deps.store.knownDevices.remember(userId, sessionId, deviceOf(deps, secret, from), notices)
}

/**
 * Counts a password before it is compared: ten wrong ones in a row make a device a stranger, and a hundred of strangers
 * close the account to them. The owner's way in, from a known device, is counted apart. design.md §6
 * @returns whether it may be right
 */
export const countAttempt = (deps: DeviceDeps, user: Tried, from: Provenance): Promise<boolean> =>
  user.deviceId === null
    ? deps.store.knownDevices.countGuess(
        user.id,
        strangersClosed(deps, from, user.id),
        strangersShutOutNotice(deps, user),
      )
    : deps.store.knownDevices.countAttempt(user.deviceId)

/** Takes the count back, where there was no room to compare. */
export const uncountAttempt = (deps: DeviceDeps, { id, deviceId }: Tried): Promise<void> =>
  deviceId === null ? deps.store.knownDevices.uncountGuess(id) : deps.store.knownDevices.uncountAttempt(deviceId)
