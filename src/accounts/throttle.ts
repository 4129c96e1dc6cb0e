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
 * @param account the user's id, or whatever was typed when there is none: unknown accounts are limited alike
 * @returns the seconds to wait; 0 when the attempt may be made
 */
export async function chargeAttempt(deps: ThrottleDeps, address: string, account: string | undefined): Promise<number> {
  const keys: Digest[] = [digestOf(`auth\0address\0${address}`)]
  if (account !== undefined) keys.push(digestOf(`auth\0account\0${account}`))
  const limit = { calls: deps.config.limitAuthPerMinute, periodSeconds: 60 }
  return await deps.store.throttle.take(keys, limit, deps.random.bytes(16))
}
