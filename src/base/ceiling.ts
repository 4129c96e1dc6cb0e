import type { Clock } from './clock.ts'

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
