import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

declare const digest: unique symbol
/** SHA-256 of a 256-bit random secret: what the database holds in the secret's place. */
export type Digest = Buffer & { readonly [digest]: true }

/** Digests a random secret. Not for passwords: it is fast on purpose. */
export const digestOf = (secret: string | Uint8Array): Digest => createHash('sha256').update(secret).digest() as Digest

/** SHA-256 as base64url, as PKCE and hash claims spell it. */
export const sha256Base64url = (text: string): string => createHash('sha256').update(text).digest('base64url')

export const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Compares in time that depends on the lengths alone. */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
