import type { KeyObject } from 'node:crypto'
import { type CryptoKey, compactVerify, decodeProtectedHeader } from 'jose'
import { type Clock, systemClock } from '../base/clock.ts'
import { addSeconds, fromNumericDate } from '../base/numeric-date.ts'
import { accessTokenKeyId, checkAccessToken, type ExpectedAccessToken } from '../protocol/access-token.ts'
import { OAuthError } from '../protocol/error.ts'
import { type AccessToken, accessTokenOf } from './access-token.ts'
import { type Fetch, type FindKey, remoteKeys } from './key-set.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

export interface Verifier {
  /**
   * Gives what a token says when it is good here and now. RFC 9068 §4
   * @throws OAuthError invalid_token; temporarily_unavailable when there has never been a key to verify with. Does not check
   *   scope, nor revocation: a token is good until it expires
   */
  verify(token: string): Promise<AccessToken>
}

interface CommonOptions {
  readonly issuer: string
  /** The identifier of this resource, or all that it goes by; a token must be meant for one. */
  readonly audience: ExpectedAccessToken['audience']
  /** 10 by default. */
  readonly clockToleranceSeconds?: number
  /** How many verified tokens are remembered: 10 000 by default, 0 for none. */
  readonly rememberedTokens?: number
  readonly clock?: Clock
}
/** Whose tokens are taken, and for whom they have to be. */
export type AcceptedTokens = Pick<CommonOptions, 'issuer' | 'audience'>

interface RemoteKeyOptions extends CommonOptions {
  /** The issuer's `/jwks` by default. */
  readonly jwksUri?: string
  readonly fetch?: Fetch
}
interface LocalKeyOptions extends CommonOptions {
  /** Finds the public key of an id, instead of asking the issuer. */
  readonly keys: FindKey<CryptoKey | KeyObject>
}
export type VerifierOptions = RemoteKeyOptions | LocalKeyOptions

/** A withdrawn key must not live on in remembered tokens: so often each is verified anew. */
const REMEMBER_SECONDS = 60

/** Makes the verifier of one issuer's access tokens for one resource. Keep it: it holds the keys and the memory. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience, clockToleranceSeconds = 10, rememberedTokens = 10_000, clock = systemClock } = options
  const findKey = keysOf(options, clock)
  const remembered = createVerifiedTokens<AccessToken>(rememberedTokens)

  return {
    async verify(token) {
      const known = remembered.get(token, clock.now())
      if (known) return known
      const key = await findKey(keyIdOf(token))
      if (!key) throw invalid('unknown key')
      const payload = await signedPayload(token, key)
      const claims = checkAccessToken(payload, { issuer, audience, clockToleranceSeconds, now: clock.now() })
      // Whoever holds a bound token must prove a key, which a bearer cannot. RFC 9449 §7.2
      if (claims.cnf) throw invalid('bound to a key')
      const accessToken = accessTokenOf(claims)
      const expiry = addSeconds(fromNumericDate(claims.exp), clockToleranceSeconds)
      const recheck = addSeconds(clock.now(), REMEMBER_SECONDS)
      remembered.set(token, accessToken, new Date(Math.min(expiry.getTime(), recheck.getTime())))
      return accessToken
    },
  }
}

const MOST_VERIFIERS = 20
const verifiers = new Map<string, Verifier>()

/**
 * Verifies one access token, for who has no place to keep a verifier: one is kept for each issuer and audience, so that keys
 * are fetched once. RFC 9068 §4
 * @throws OAuthError as `Verifier.verify`
 */
export function verifyAccessToken(token: string, { issuer, audience }: AcceptedTokens): Promise<AccessToken> {
  const name = JSON.stringify([issuer, audience])
  const verifier = verifiers.get(name) ?? createVerifier({ issuer, audience })
  verifiers.delete(name)
  verifiers.set(name, verifier)
  const [oldest] = verifiers.keys()
  if (verifiers.size > MOST_VERIFIERS && oldest !== undefined) verifiers.delete(oldest)
  return verifier.verify(token)
}

function keysOf(options: VerifierOptions, clock: Clock): FindKey<CryptoKey | KeyObject> {
  if ('keys' in options) return options.keys
  const { issuer, jwksUri = `${issuer}/jwks`, fetch = globalThis.fetch } = options
  return remoteKeys({ jwksUri, fetch, clock })
}

const invalid = (cause: unknown): OAuthError =>
  new OAuthError('invalid_token', 'the access token is not valid', { cause })

function keyIdOf(token: string): string {
  try {
    return accessTokenKeyId(decodeProtectedHeader(token))
  } catch (cause) {
    throw invalid(cause)
  }
}

async function signedPayload(token: string, key: CryptoKey | KeyObject): Promise<unknown> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: ['RS256'] })
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw invalid(cause)
  }
}
