import type { Clock } from '../../base/clock.ts'
import type { Caller } from '../../clients/authenticate-client.ts'
import { OAuthError } from '../../protocol/error.ts'
import type { Provenance } from '../../telemetry/audit.ts'

/** A limit of this node alone, for shedding load: not exact over nodes, and costs no database. design.md §6 */
export interface Ceiling {
  /** Counts a call. @returns the seconds to wait; 0 when it may go on */
  take(key: string): number
}

const MOST_KEYS = 50_000

/** So many calls in a period for each key (GCRA); the keys that were quiet longest are forgotten first. */
export function ceiling(clock: Clock, calls: number, periodSeconds: number): Ceiling {
  const interval = (periodSeconds * 1000) / calls
  const tolerance = interval * (calls - 1)
  const arrivals = new Map<string, number>()
  return {
    take(key) {
      const now = clock.now().getTime()
      const arrival = Math.max(arrivals.get(key) ?? now, now)
      const wait = arrival - tolerance - now
      if (wait > 0) return Math.ceil(wait / 1000)
      arrivals.delete(key)
      arrivals.set(key, arrival + interval)
      const [oldest] = arrivals.keys()
      if (arrivals.size > MOST_KEYS && oldest !== undefined) arrivals.delete(oldest)
      return 0
    },
  }
}

/**
 * Refuses a client that calls too often. It is charged once it proved to be itself; a public one cannot, so each network
 * has a share of its own, and nobody can use up another's. design.md §6
 */
export function refuseFlood(limit: Ceiling, { client, isAuthenticated, from }: Caller): void {
  shed(limit, isAuthenticated ? client.clientId : shareOf(client.clientId, from))
}

/** Refuses too many calls with the tokens of one client from one network. */
export function refuseTokenFlood(limit: Ceiling, clientId: string, from: Provenance): void {
  shed(limit, shareOf(clientId, from))
}

const shareOf = (clientId: string, { address }: Provenance): string => `${clientId} ${address}`

function shed(limit: Ceiling, key: string): void {
  const retryAfterSeconds = limit.take(key)
  if (retryAfterSeconds > 0) throw new OAuthError('slow_down', 'too many requests', { retryAfterSeconds })
}
