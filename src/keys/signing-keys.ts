// keys: the keys that sign tokens, from making them to forgetting them. next → current → retired, sealed at rest, made
// and moved by any node, known to all within seconds. Signing happens here and nowhere else.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { cached } from '../base/cached.ts'
import type { Clock } from '../base/clock.ts'
import type { Store } from '../store/index.ts'
import type { StoredKey } from '../store/signing-keys.ts'
import { type KeyCustody, SIGNING_ALG, type Signer } from './signer.ts'

/** Every algorithm that tokens are signed with; advertised from here. */
export const SIGNING_ALGS: readonly string[] = [SIGNING_ALG]

/** How old a node's knowledge of the keys may be. */
export const REMEMBERED_SECONDS = 5

export interface KeyRing {
  current(): Promise<Signer>
  /** The key of that name if its private half is still held, else the current one. */
  currentOr(kid: string): Promise<Signer>
  /** The public key of that name; `undefined` when this server never had it, or has dropped it. */
  publicKey(kid: string): Promise<KeyObject | undefined>
  /** The public members of every key that may have signed a token that is still good, and the one that will sign next. RFC 7517 §5 */
  jwks(): Promise<{ readonly keys: readonly Record<string, unknown>[] }>
}

interface Ring {
  readonly current: string | undefined
  /** Opened when first used: one that does not open harms nobody who does not need it. */
  readonly signing: ReadonlyMap<string, () => Signer>
  readonly verifying: ReadonlyMap<string, KeyObject>
  readonly jwks: readonly Record<string, unknown>[]
}

/**
 * The keys of this deployment, read again every five seconds, and served as they were while the database is away. A key that
 * is not known is looked for at most once a second: another node may have just put it in the place of all others.
 */
export function keyRing(deps: { clock: Clock; store: Pick<Store, 'signingKeys'> }, custody: KeyCustody): KeyRing {
  const load = async (_: 'ring'): Promise<Ring> => {
    const { keys } = await deps.store.signingKeys.list()
    return {
      current: keys.find((key) => key.state === 'current')?.kid,
      signing: new Map(keys.filter(holdsPrivateHalf).map((key) => [key.kid, once(() => custody.signer(key))])),
      verifying: new Map(keys.map((key) => [key.kid, createPublicKey({ key: key.publicJwk, format: 'jwk' })])),
      jwks: keys.map((key) => ({ ...key.publicJwk, kid: key.kid, alg: key.alg, use: 'sig' })),
    }
  }
  const read = cached(deps.clock, { seconds: REMEMBERED_SECONDS, most: 1 }, load)
  const readAgain = cached(deps.clock, { seconds: 1, most: 1 }, load)
  async function currentOr(kid?: string): Promise<Signer> {
    const { signing, current } = await read('ring')
    const signer = signing.get(kid ?? '') ?? signing.get(current ?? '')
    if (!signer) throw new Error('there is no current signing key')
    return signer()
  }
  return {
    current: () => currentOr(),
    currentOr,
    async publicKey(kid) {
      const known = (await read('ring')).verifying.get(kid)
      return known ?? (await readAgain('ring').catch(() => undefined))?.verifying.get(kid)
    },
    jwks: async () => ({ keys: (await read('ring')).jwks }),
  }
}

const holdsPrivateHalf = ({ privateKey }: StoredKey): boolean => privateKey !== null

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}
