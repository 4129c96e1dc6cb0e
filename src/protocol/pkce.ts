import { equalInConstantTime, sha256Base64url } from '../base/digest.ts'
import type { Client } from './client.ts'
import { OAuthError } from './error.ts'

export const CODE_CHALLENGE_METHODS = ['S256'] as const

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/ // base64url of 32 bytes. RFC 7636 §4.2
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/ // RFC 7636 §4.1

/**
 * The challenge of an authorization request. RFC 7636 §4.3
 * Every client needs one, unless an administrator lifted that for a confidential client; a client that sends one is held to it.
 */
export function codeChallenge(
  client: Client,
  challenge: string | undefined,
  method: string | undefined,
): string | undefined {
  if (challenge === undefined) {
    if (client.requirePkce || method !== undefined) throw new OAuthError('invalid_request', 'code_challenge is missing')
    return undefined
  }
  // "Clients are permitted to use plain only if …": absent means plain (§4.3), and plain is not served (RFC 9700 §2.1.1).
  if (method !== 'S256') throw new OAuthError('invalid_request', 'code_challenge_method must be S256')
  if (!CHALLENGE.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge is malformed')
  return challenge
}

/** Judges the verifier of a token request against the code's challenge. RFC 7636 §4.6 */
export function judgeVerifier(
  challenge: string | null,
  verifier: string | undefined,
): 'proved' | 'wrong' | 'malformed' | 'missing' | 'unexpected' {
  if (challenge === null) return verifier === undefined ? 'proved' : 'unexpected' // RFC 9700 §2.1.1, PKCE downgrade
  if (verifier === undefined) return 'missing'
  if (!VERIFIER.test(verifier)) return 'malformed'
  const computed = Buffer.from(sha256Base64url(verifier))
  return equalInConstantTime(computed, Buffer.from(challenge)) ? 'proved' : 'wrong'
}
