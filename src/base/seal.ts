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
export const keyIdOf = (key: Uint8Array): Buffer => subkey(key, 'key-id').subarray(0, KEY_ID_LENGTH)

/**
 * Seals a value with AES-256-GCM. NIST SP 800-38D
 * Layout: version (1 byte), key id (4), nonce (12), ciphertext, tag (16). The associated data names the place the value
 * belongs to (table, column, row), so that a ciphertext moved elsewhere does not open.
 */
export function seal(random: Random, key: Uint8Array, plain: Uint8Array, place: string): Buffer {
  const header = Buffer.concat([Buffer.of(VERSION), keyIdOf(key)])
  const iv = random.bytes(IV_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.concat([header, Buffer.from(place)]))
  return Buffer.concat([header, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made for the same place. Gives `undefined` for another key, another place or any change. */
export function open(key: Uint8Array, envelope: Uint8Array, place: string): Buffer | undefined {
  const bytes = Buffer.from(envelope)
  const header = bytes.subarray(0, HEADER_LENGTH)
  if (bytes.length < HEADER_LENGTH + IV_LENGTH + TAG_LENGTH || header[0] !== VERSION) return undefined
  if (!header.subarray(1).equals(keyIdOf(key))) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + IV_LENGTH))
  decipher.setAAD(Buffer.concat([header, Buffer.from(place)]))
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_LENGTH + IV_LENGTH, -TAG_LENGTH)), decipher.final()])
  } catch {
    return undefined
  }
}
