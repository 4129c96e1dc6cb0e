// keys: the keys that sign tokens, from making them to forgetting them. next → current → retired, sealed at rest, made
// and moved by any node, known to all within seconds. Signing happens here and nowhere else.

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import { cached } from '../base/cached.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { open, seal } from '../base/seal.ts'
import type { Store } from '../store/index.ts'
import type { NewKey, StoredKey } from '../store/signing-keys.ts'

export const SIGNING_ALG = 'RS256'
/** Every algorithm that tokens are signed with; advertised from here. */
export const SIGNING_ALGS: readonly string[] = [SIGNING_ALG]

const REMEMBERED_SECONDS = 5

/** A key that can sign now. */
export interface SigningKey {
  readonly kid: string
  readonly alg: string
  /** Signs in the thread pool, never on the event loop: a signature takes half a millisecond. */
  sign(data: string): Promise<Buffer>
}

export interface KeyRing {
  current(): Promise<SigningKey>
  /** The key of that name if its private half is still held, else the current one. */
  currentOr(kid: string): Promise<SigningKey>
  /** The public key of that name; `undefined` when this server never had it, or has dropped it. */
  publicKey(kid: string): Promise<KeyObject | undefined>
  /** The public members of every key that may have signed a token that is still good, and the one that will sign next. RFC 7517 §5 */
  jwks(): Promise<{ readonly keys: readonly Record<string, unknown>[] }>
}

interface Ring {
  readonly current: SigningKey | undefined
  readonly signing: ReadonlyMap<string, SigningKey>
  readonly verifying: ReadonlyMap<string, KeyObject>
  readonly jwks: readonly Record<string, unknown>[]
}

/** The keys of this deployment, read again every five seconds, and served as they were while the database is away. */
export function keyRing(deps: { clock: Clock; store: Pick<Store, 'signingKeys'> }, sealingKey: Uint8Array): KeyRing {
  const read = cached(deps.clock, { seconds: REMEMBERED_SECONDS, most: 1 }, async (_: 'ring'): Promise<Ring> => {
    const { keys } = await deps.store.signingKeys.list()
    const signing = new Map(keys.flatMap((key) => (key.privateKey ? [[key.kid, signingKey(key, sealingKey)]] : [])))
    const current = keys.find((key) => key.state === 'current')
    return {
      current: current && signing.get(current.kid),
      signing,
      verifying: new Map(keys.map((key) => [key.kid, createPublicKey({ key: key.publicJwk, format: 'jwk' })])),
      jwks: keys.map((key) => ({ ...key.publicJwk, kid: key.kid, alg: key.alg, use: 'sig' })),
    }
  })
  async function current(): Promise<SigningKey> {
    const ring = await read('ring')
    if (!ring.current) throw new Error('there is no current signing key')
    return ring.current
  }
  return {
    current,
    currentOr: async (kid) => (await read('ring')).signing.get(kid) ?? (await current()),
    publicKey: async (kid) => (await read('ring')).verifying.get(kid),
    jwks: async () => ({ keys: (await read('ring')).jwks }),
  }
}

const place = (kid: string): string => `signing_key/private_key/${kid}`

function signingKey({ kid, alg, privateKey }: StoredKey, sealingKey: Uint8Array): SigningKey {
  const pkcs8 = privateKey && open(sealingKey, privateKey, place(kid))
  if (!pkcs8) throw new Error('a signing key does not open under the master key')
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return {
    kid,
    alg,
    sign: (data) =>
      new Promise((resolve, reject) => {
        signWith('sha256', Buffer.from(data), key, (error, signature) => (error ? reject(error) : resolve(signature)))
      }),
  }
}

const generateRsa = promisify(generateKeyPair)

/** Makes a key pair for RS256, its private half sealed. RFC 7518 §3.3 */
export async function newSigningKey(random: Random, sealingKey: Uint8Array, bits: number): Promise<NewKey> {
  const { publicKey, privateKey } = await generateRsa('rsa', { modulusLength: bits })
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  const publicJwk = { kty, n, e }
  const kid = await calculateJwkThumbprint(publicKey)
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  return { kid, alg: SIGNING_ALG, publicJwk, privateKey: seal(random, sealingKey, pkcs8, place(kid)) }
}
