import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Random } from './random.ts'

/** Derives the key of one purpose from the master key. RFC 5869 */
export const subkey = (master: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `postern/${purpose}`, 32))

const VERSION = 1
const IV_LENGTH = 12
const TAG_LENGTH = 16
const KEY_ID_LENGTH = 4
const HEADER_LENGTH = 1 + KEY_ID_LENGTH

/** Names a sealing key inside an envelope without telling anything about it. */
const keyIdOf = (key: Uint8Array): Buffer => subkey(key, 'key-id').subarray(0, KEY_ID_LENGTH)

/** Seals under the current key; opens what that key, or one before it, has sealed. */
export interface Sealer {
  /** What an envelope of the current key begins with. */
  readonly currentHeader: Buffer
  seal(plain: Uint8Array, place: string): Buffer
  /** Gives `undefined` for a key that is not held, for another place, and for any change. */
  open(envelope: Uint8Array, place: string): Buffer | undefined
}

/** Makes a sealer of the key that seals and of the keys that, until everything is sealed anew, still open. */
export function sealer(random: Random, current: Uint8Array, previous: readonly Uint8Array[] = []): Sealer {
  const held = [current, ...previous].map((key) => ({ key, header: headerOf(key) }))
  return {
    currentHeader: headerOf(current),
    seal: (plain, place) => seal(random, current, plain, place),
    open(envelope, place) {
      const header = envelope.subarray(0, HEADER_LENGTH)
      const key = held.find((each) => each.header.equals(header))?.key
      return key && open(key, Buffer.from(envelope), place)
    },
  }
}

const headerOf = (key: Uint8Array): Buffer => Buffer.concat([Buffer.of(VERSION), keyIdOf(key)])

/**
 * Seals a value with AES-256-GCM. NIST SP 800-38D
 * Layout: version (1 byte), key id (4), nonce (12), ciphertext, tag (16). The associated data names the place the value
 * belongs to (table/column/row), so that a ciphertext moved elsewhere does not open.
 */
function seal(random: Random, key: Uint8Array, plain: Uint8Array, place: string): Buffer {
  const header = headerOf(key)
  const iv = random.bytes(IV_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.concat([header, Buffer.from(place)]))
  return Buffer.concat([header, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made under this key. */
function open(key: Uint8Array, bytes: Buffer, place: string): Buffer | undefined {
  if (bytes.length < HEADER_LENGTH + IV_LENGTH + TAG_LENGTH) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + IV_LENGTH))
  decipher.setAAD(Buffer.concat([bytes.subarray(0, HEADER_LENGTH), Buffer.from(place)]))
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_LENGTH + IV_LENGTH, -TAG_LENGTH)), decipher.final()])
  } catch {
    return undefined
  }
}
