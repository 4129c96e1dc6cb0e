import { type Clock, systemClock } from '../base/clock.ts'
import { addSeconds, fromNumericDate } from '../base/numeric-date.ts'
import { checkAccessToken, type ExpectedAccessToken } from '../protocol/access-token.ts'
import { OAuthError } from '../protocol/error.ts'
import { type AccessToken, accessTokenOf } from './access-token.ts'
import type { Fetch } from './key-set.ts'
import { createVerifiedTokens } from './verified-tokens.ts'
import type { Verifier } from './verify-access-token.ts'

export interface IntrospectorOptions {
  readonly issuer: string
  /** A confidential client that the resource names in its `introspection_clients`. */
  readonly clientId: string
  readonly clientSecret: string
  /** The identifier of this resource, or all that it goes by; a token must be meant for one. */
  readonly audience: ExpectedAccessToken['audience']
  /** For how long an answer is believed, counted from the question: 5 by default and at most, 0 to ask each time. */
  readonly cacheSeconds?: number
  /** How many answers are remembered: 10 000 by default. */
  readonly rememberedTokens?: number
  /** The issuer's `/introspect` by default. */
  readonly introspectionEndpoint?: string
  /** 10 by default. */
  readonly clockToleranceSeconds?: number
  readonly fetch?: Fetch
  readonly clock?: Clock
}

const TIMEOUT_MS = 5000
const MOST_CACHE_SECONDS = 5

/** What the issuer said of a token; without an access token, that it is worth nothing here. */
interface Answer {
  readonly accessToken: AccessToken | undefined
}

/**
 * Makes a verifier that asks the issuer about each token, so that a revoked one is refused at once, or after `cacheSeconds`.
 * RFC 7662. While the issuer cannot be asked every token is refused with temporarily_unavailable. Roles are those that the
 * user has now.
 * @throws RangeError for a cache that would outlive its purpose
 */
export function createIntrospector(options: IntrospectorOptions): Verifier {
  const { cacheSeconds = MOST_CACHE_SECONDS, rememberedTokens = 10_000, clock = systemClock } = options
  if (!(cacheSeconds >= 0 && cacheSeconds <= MOST_CACHE_SECONDS)) throw new RangeError('cacheSeconds is from 0 to 5')
  const remembered = createVerifiedTokens<Answer>(cacheSeconds === 0 ? 0 : rememberedTokens)
  const asking = new Map<string, Promise<Answer>>()

  async function ask(token: string): Promise<Answer> {
    const askedAt = clock.now()
    const answer = await introspected(options, token)
    const accessToken = answer && acceptedToken(options, answer, clock.now())
    remembered.set(token, { accessToken }, lifeOf(accessToken, addSeconds(askedAt, cacheSeconds), options))
    return { accessToken }
  }

  /** Many callers share one question, unless each wants an answer that is younger than itself. */
  function shared(token: string): Promise<Answer> {
    if (cacheSeconds === 0) return ask(token)
    const running = asking.get(token) ?? ask(token).finally(() => asking.delete(token))
    asking.set(token, running)
    return running
  }

  return {
    async verify(token) {
      const { accessToken } = remembered.get(token, clock.now()) ?? (await shared(token))
      if (!accessToken) throw new OAuthError('invalid_token', 'the access token is not valid')
      return accessToken
    },
  }
}

function lifeOf(
  accessToken: AccessToken | undefined,
  until: Date,
  { clockToleranceSeconds = 10 }: IntrospectorOptions,
): Date {
  if (!accessToken) return until
  const expiry = addSeconds(fromNumericDate(accessToken.claims.exp), clockToleranceSeconds)
  return expiry < until ? expiry : until
}

/** RFC 7662 §2.1; the answer of an active token, `undefined` for any other. */
async function introspected(
  { issuer, introspectionEndpoint, clientId, clientSecret, fetch = globalThis.fetch }: IntrospectorOptions,
  token: string,
): Promise<object | undefined> {
  try {
    const response = await fetch(introspectionEndpoint ?? `${issuer}/introspect`, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: basic(clientId, clientSecret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.status !== 200) throw new Error(`introspection answered with status ${response.status}`)
    const answer: unknown = await response.json()
    if (typeof answer !== 'object' || answer === null || !('active' in answer)) throw new Error('answer is malformed')
    return answer.active === true ? answer : undefined
  } catch (cause) {
    throw new OAuthError('temporarily_unavailable', 'the issuer cannot be asked about the access token', { cause })
  }
}

/** Both halves are form-encoded before they are joined. RFC 6749 §2.3.1 */
function basic(clientId: string, clientSecret: string): string {
  const [id, secret] = [clientId, clientSecret].map((half) => new URLSearchParams([['', half]]).toString().slice(1))
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

/**
 * An answer says nothing of a token's `type`, but `token_type` stands with access tokens alone (RFC 7662 §2.2): an active
 * refresh token gets nobody in. The rest is judged as the claims of a verified token are.
 */
function acceptedToken(options: IntrospectorOptions, answer: object, now: Date): AccessToken | undefined {
  const { issuer, audience, clockToleranceSeconds = 10 } = options
  try {
    if (!('token_type' in answer) || answer.token_type !== 'Bearer') return undefined
    const claims = checkAccessToken({ type: 'access', ...answer }, { issuer, audience, clockToleranceSeconds, now })
    // Whoever holds a bound token must prove a key, which a bearer cannot. RFC 9449 §7.2
    return claims.cnf ? undefined : accessTokenOf(claims)
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}
