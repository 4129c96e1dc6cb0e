import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import type { Clock } from '../base/clock.ts'
import { OAuthError } from '../protocol/error.ts'

/** Finds the key of an id; `undefined` when the issuer has none by that id. */
export type FindKey<Key> = (kid: string) => Promise<Key | undefined>

/** The part of the platform's `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

interface KeySetOptions {
  readonly jwksUri: string
  readonly fetch: Fetch
  readonly clock: Clock
}

const TIMEOUT_MS = 5000
const DEFAULT_AGE_SECONDS = 600
const LEAST_AGE_SECONDS = 10
const MOST_AGE_SECONDS = 86_400
/** After a failure, and after a search for an unknown key: strangers choose key ids, the issuer must not feel it. */
const PAUSE_MS = 10_000

/**
 * The issuer's keys, read over the network and kept as long as its Cache-Control says. An unknown id makes it look again,
 * at most once in ten seconds; many callers share one look. While the issuer is down the last keys serve on, and nobody
 * waits. RFC 7517 §5, OIDC Core §10.1.1
 * @throws OAuthError temporarily_unavailable when the keys have never been read
 */
export function remoteKeys({ jwksUri, fetch, clock }: KeySetOptions): FindKey<CryptoKey> {
  let find: FindKey<CryptoKey> | undefined
  let freshUntil = Number.NEGATIVE_INFINITY
  let mayTryAt = Number.NEGATIVE_INFINITY
  let maySearchAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let flight: Promise<void> | undefined
  const time = () => clock.now().getTime()

  async function load(): Promise<void> {
    try {
      const loaded = await fetchKeys(fetch, jwksUri)
      find = loaded.find
      freshUntil = time() + loaded.ageSeconds * 1000
      failure = undefined
    } catch (cause) {
      failure = cause
      mayTryAt = time() + PAUSE_MS
    }
  }
  const reload = () => {
    flight ??= load().finally(() => {
      flight = undefined
    })
    return flight
  }

  return async (kid) => {
    const isDue = time() >= freshUntil && time() >= mayTryAt
    if (isDue) {
      const isKnownDown = find !== undefined && failure !== undefined
      const loading = reload()
      if (!isKnownDown) await loading
    }
    if (!find)
      throw new OAuthError('temporarily_unavailable', 'the keys of the issuer cannot be read', { cause: failure })

    const key = await find(kid)
    if (key) return key
    if (flight) await flight
    else if (isDue || time() < maySearchAt || time() < mayTryAt) return undefined
    else {
      maySearchAt = time() + PAUSE_MS
      await reload()
    }
    return find(kid)
  }
}

async function fetchKeys(fetch: Fetch, jwksUri: string) {
  const response = await fetch(jwksUri, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`key set answered with status ${response.status}`)
  const document = await response.json()
  if (!isKeySet(document)) throw new Error('key set is malformed')
  const keySet = createLocalJWKSet(document)
  const find: FindKey<CryptoKey> = async (kid) => {
    try {
      return await keySet({ alg: 'RS256', kid })
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined
      throw error
    }
  }
  return { find, ageSeconds: ageSeconds(response.headers) }
}

/** Each key is judged when it is used. RFC 7517 §5 */
const isKeySet = (document: unknown): document is JSONWebKeySet =>
  typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys)

/** How long an answer may be kept. RFC 9111 §4.2.1; bounded, so that neither a typing error nor a zero does harm. */
function ageSeconds(headers: Headers): number {
  const cacheControl = headers.get('cache-control') ?? ''
  const most = /\b(no-store|no-cache)\b/i.test(cacheControl) ? '0' : /\bmax-age="?(\d{1,9})/i.exec(cacheControl)?.[1]
  const left = Number(most ?? DEFAULT_AGE_SECONDS) - Number(headers.get('age') ?? 0)
  return Math.min(Math.max(left || 0, LEAST_AGE_SECONDS), MOST_AGE_SECONDS)
}
