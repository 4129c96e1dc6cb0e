import { sha256Base64url } from '../base/digest.ts'

/** Remembers tokens that have been verified, so that a repeated one costs a digest and not a signature. */
export interface VerifiedTokens<Verified> {
  get(token: string, now: Date): Verified | undefined
  set(token: string, verified: Verified, until: Date): void
}

/**
 * Keeps at most so many, dropping the one that was used longest ago. The key is the digest of the whole token: header,
 * claims and signature, so that nothing but the very same bytes finds it, and no token lies in memory for it.
 */
export function createVerifiedTokens<Verified>(most: number): VerifiedTokens<Verified> {
  const entries = new Map<string, { readonly verified: Verified; readonly until: number }>()
  return {
    get(token, now) {
      const digest = sha256Base64url(token)
      const entry = entries.get(digest)
      if (!entry) return undefined
      // A Map keeps the order of insertion: putting the entry in again makes it the youngest.
      entries.delete(digest)
      if (now.getTime() >= entry.until) return undefined
      entries.set(digest, entry)
      return entry.verified
    },
    set(token, verified, until) {
      entries.set(sha256Base64url(token), { verified, until: until.getTime() })
      const oldest = entries.keys().next()
      if (entries.size > most && !oldest.done) entries.delete(oldest.value)
    },
  }
}
