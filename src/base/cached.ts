import type { Clock } from './clock.ts'

interface Held<Value> {
  readonly value: Value
  readonly at: number
}

/**
 * Remembers what loading a key gave, for some seconds. Callers that come while it loads share one load; when loading
 * fails, what was known before is served on, and the failure passes only where nothing was known.
 */
export function cached<Key, Value>(
  clock: Clock,
  options: { readonly seconds: number; readonly most: number },
  load: (key: Key) => Promise<Value>,
): (key: Key) => Promise<Value> {
  const held = new Map<Key, Held<Value>>()
  const loading = new Map<Key, Promise<Value>>()

  async function reload(key: Key, known: Held<Value> | undefined): Promise<Value> {
    try {
      const at = clock.now().getTime()
      const value = await load(key)
      held.delete(key)
      held.set(key, { value, at })
      const [oldest] = held.keys()
      if (held.size > options.most && oldest !== undefined) held.delete(oldest)
      return value
    } catch (error) {
      if (known) return known.value
      throw error
    } finally {
      loading.delete(key)
    }
  }

  return (key) => {
    const known = held.get(key)
    if (known && Math.abs(clock.now().getTime() - known.at) < options.seconds * 1000)
      return Promise.resolve(known.value)
    const running = loading.get(key) ?? reload(key, known)
    loading.set(key, running)
    return running
  }
}
