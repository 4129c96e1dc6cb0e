import { createPrivateKey, generateKeyPair, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import type { Sealer } from '../base/seal.ts'
import type { NewKey, StoredKey } from '../store/signing-keys.ts'

export const SIGNING_ALG = 'RS256'

/** A key that can sign now, wherever its private half is: in this process, in a KMS, in an HSM. */
export interface Signer {
  readonly kid: string
  readonly alg: string
  /** Signs the bytes of the text as its algorithm says, never on the event loop. RFC 7518 §3 */
  sign(data: string): Promise<Buffer>
}

/**
 * Where private halves are made and kept: the one seam that a KMS or an HSM implements. States, rotation, publication and
 * retirement are the same for every custody, and are not its business.
 */
export interface KeyCustody {
  /**
   * Makes a key pair. Its `privateKey` is whatever `signer` needs to find it again, sealed to the place that
   * `privateKeyPlace` names: the private half itself, or its name in a device that never gives it out.
   */
  create(): Promise<NewKey>
  /** @throws when the key cannot be reached or does not open: then nothing is signed */
  signer(key: StoredKey): Signer
}

/** Binds what is sealed in `signing_key.private_key` to its row. */
export const privateKeyPlace = (kid: string): string => `signing_key/private_key/${kid}`

const generateRsa = promisify(generateKeyPair)

/** Keeps private halves in the database, sealed, and signs in the thread pool: a signature takes half a millisecond. */
export const localCustody = (sealer: Sealer, rsaBits: number): KeyCustody => ({
  /** A key pair for RS256. RFC 7518 §3.3 */
  async create() {
    const { publicKey, privateKey } = await generateRsa('rsa', { modulusLength: rsaBits })
    const { kty, n, e } = publicKey.export({ format: 'jwk' })
    const kid = await calculateJwkThumbprint(publicKey)
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
    const sealed = sealer.seal(pkcs8, privateKeyPlace(kid))
    return { kid, alg: SIGNING_ALG, publicJwk: { kty, n, e }, privateKey: sealed }
  },

  signer({ kid, alg, privateKey }) {
    const pkcs8 = privateKey && sealer.open(privateKey, privateKeyPlace(kid))
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
  },
})
