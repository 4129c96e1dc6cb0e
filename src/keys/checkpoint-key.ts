import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import type { Sealer } from '../base/seal.ts'
import type { Store } from '../store/index.ts'

/** Signs how the audit chain stands. It lives as long as the deployment: the keys that sign tokens go after weeks. */
export interface CheckpointKey {
  /** PEM, for whoever checks statements elsewhere. */
  readonly publicKey: string
  sign(text: string): Buffer
  verify(text: string, signature: Uint8Array): boolean
}

const NAME = 'audit-key'
const PLACE = `deployment_secret/sealed/${NAME}`

/** Opens the key, which is made at its first use. Ed25519, RFC 8032; sealed under the master key, so no dump can sign. */
export async function checkpointKey({
  store,
  sealer,
}: {
  readonly store: Pick<Store, 'deploymentSecrets'>
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
}): Promise<CheckpointKey> {
  const sealed =
    (await store.deploymentSecrets.find(NAME)) ??
    (await store.deploymentSecrets.findOrAdd(NAME, sealer.seal(newKey(), PLACE)))
  const pkcs8 = sealer.open(sealed, PLACE)
  if (!pkcs8) throw new Error('the key of the audit checkpoints does not open under the master key')
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return ofPair(privateKey, createPublicKey(privateKey))
}

const newKey = (): Buffer => generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })

const ofPair = (privateKey: KeyObject, publicKey: KeyObject): CheckpointKey => ({
  publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  sign: (text) => sign(null, Buffer.from(text), privateKey),
  verify: (text, signature) => verify(null, Buffer.from(text), publicKey, signature),
})
