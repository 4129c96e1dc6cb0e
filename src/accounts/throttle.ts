import { type Digest, digestOf } from '../base/digest.ts'
import type { Random } from '../base/random.ts'
import type { Store } from '../store/index.ts'

export interface ThrottleDeps {
  readonly random: Random
  readonly store: Pick<Store, 'throttle'>
  readonly config: { readonly limitAuthPerMinute: number }
}

/**
 * Charges one attempt with a credential to the caller's network and to the account, exactly and over all nodes. design.md §6
 * @param address the network prefix
 * @param account the user's id, or whatever was typed when there is none: unknown accounts are limited alike
 * @returns the seconds to wait; 0 when the attempt may be made
 */
export function chargeAttempt(deps: ThrottleDeps, address: string, account: string | undefined): Promise<number> {
  const ofAddress = digestOf(`auth\0address\0${address}`)
  return charge(deps, account === undefined ? [ofAddress] : [ofAddress, digestOf(`auth\0account\0${account}`)])
}

/**
 * Charges one attempt from a device that the account knows, to that device alone: whatever strangers have used up, at the
 * account or in the same network, its owner has a limit of their own.
 * @returns the seconds to wait; 0 when the attempt may be made
 */
export const chargeDevice = (deps: ThrottleDeps, deviceId: string): Promise<number> =>
  charge(deps, [digestOf(`auth\0device\0${deviceId}`)])

const charge = (deps: ThrottleDeps, keys: readonly Digest[]): Promise<number> =>
  deps.store.throttle.take(
    keys,
    { calls: deps.config.limitAuthPerMinute, periodSeconds: 60 },
    deps.random.bytes(ATTEMPT_BYTES),
  )

const ATTEMPT_BYTES = 16

/** Five codes at once, then fifteen in an hour: the chance of a guess stays below one in a thousand a day. */
const CODE_LIMIT = { calls: 5, periodSeconds: 1200 }

const codeKey = (userId: string): Digest => digestOf(`code\0account\0${userId}`)

/** Charges one attempt with a second factor to the account, whichever way in. @returns the seconds to wait; 0 when it may be made */
export const chargeCode = (deps: ThrottleDeps, userId: string): Promise<number> =>
  deps.store.throttle.take([codeKey(userId)], CODE_LIMIT, deps.random.bytes(ATTEMPT_BYTES))

/** Gives back what a right code was charged. */
export const refundCode = (deps: ThrottleDeps, userId: string): Promise<void> =>
  deps.store.throttle.giveBack([codeKey(userId)], CODE_LIMIT)
