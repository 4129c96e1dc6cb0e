import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from './clock.ts'

interface Held<Value> {
  readonly value: Value
  readonly at: number
}

/** Longer than any load takes while all is well: a caller that knows something waits no longer for something newer. */
const PATIENCE_MS = 1_000

/**
 * Remembers what loading a key gave, for some seconds. Callers that come while it loads share one load. When loading fails
 * or takes more than a second, what was known before is served on; where nothing was known, callers wait and failures pass.
 */
export function cached<Key, Value>(
  clock: Clock,
  options: { readonly seconds: number; readonly most: number },
  load: (key: Key) => Promise<Value>,
): (key: Key) => Promise<Value> {
  const held = new Map<Key, Held<Value>>()
  const loading = new Map<Key, Promise<Value>>()

  async function reload(key: Key): Promise<Value> {
    try {
      const at = clock.now().getTime()
      const value = await load(key)
      held.delete(key)
      held.set(key, { value, at })
      const [oldest] = held.keys()
      if (held.size > options.most && oldest !== undefined) held.delete(oldest)
      return value
    } finally {
      loading.delete(key)
    }
  }

  return (key) => {
    const known = held.get(key)
    if (known && Math.abs(clock.now().getTime() - known.at) < options.seconds * 1000)
      return Promise.resolve(known.value)
    const running = loading.get(key) ?? (known ? soonOr(known.value, reload(key)) : reload(key))
    loading.set(key, running)
    return running
  }
}

/** What loads, or what is known when that fails or doesn't come soon. */
const soonOr = <Value>(known: Value, loading: Promise<Value>): Promise<Value> =>
  Promise.race([loading.catch(() => known), pause(PATIENCE_MS, known, { ref: false })])
