import { Redis } from 'ioredis'
import type { Digest } from '../base/digest.ts'
import type { Secret } from '../base/secret.ts'
import { StoreUnavailable } from './retry.ts'
import type { Limit, Throttle } from './throttle.ts'

export interface RedisThrottleOptions {
  /** `redis:` or `rediss:`, with user name, password and database number where they are needed. */
  readonly url: Secret
  /** Told once when the connection breaks, and not again before it was back. */
  readonly onError: (error: Error) => void
  /** How far the time is moved, in seconds. For tests; absent in production. */
  readonly offsetSeconds?: () => number
}

const ANSWER_MS = 2000
const LONGEST_PAUSE_MS = 2000

/** Each key holds its theoretical arrival time in microseconds, by the time of Redis, and is gone when that has passed. */
const COMMON = `
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
  local interval = tonumber(ARGV[2])
  local function keep(key, tat)
    redis.call('SET', key, string.format('%.0f', tat), 'PX', math.max(1, math.ceil((tat - now) / 1000)))
  end`

const TAKE = `${COMMON}
  local tolerance = tonumber(ARGV[3])
  local tats, wait = {}, 0
  for i, key in ipairs(KEYS) do
    tats[i] = math.max(tonumber(redis.call('GET', key) or now), now)
    wait = math.max(wait, tats[i] - tolerance - now)
  end
  if wait > 0 then return math.ceil(wait / 1000000) end
  for i, key in ipairs(KEYS) do keep(key, tats[i] + interval) end
  return 0`

const GIVE_BACK = `${COMMON}
  for _, key in ipairs(KEYS) do
    local tat = redis.call('GET', key)
    if tat then keep(key, tonumber(tat) - interval) end
  end`

/**
 * Limits kept in Redis, for deployments that want to spare the database: the same algorithm as in SQL, as one script.
 * Nothing is kept waiting for a Redis that is away: what is limited is refused meanwhile. design.md §6
 */
export async function openRedisThrottle({
  url,
  onError,
  offsetSeconds,
}: RedisThrottleOptions): Promise<Throttle & { close(): void }> {
  const redis = new Redis(url.reveal(), {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false, // what was sent may have been done: to do it again would charge twice
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_MS,
    connectTimeout: ANSWER_MS,
    retryStrategy: (times) => Math.min(times * 100, LONGEST_PAUSE_MS),
  })
  let isAway = false
  const tell = (error: Error) => {
    if (!isAway) onError(error)
    isAway = true
  }
  redis.on('error', tell)
  redis.on('close', () => tell(new Error('the connection to Redis has ended')))
  redis.on('ready', () => {
    isAway = false
  })
  await redis.connect().catch(() => undefined) // told by the event, and tried again

  const run = async (script: string, keys: readonly Digest[], limit: Limit): Promise<unknown> => {
    const interval = (limit.periodSeconds / limit.calls) * 1_000_000
    const names = keys.map((key) => `postern:{throttle}:${key.toString('hex')}`) // one slot, for a cluster
    const numbers = [(offsetSeconds?.() ?? 0) * 1_000_000, interval, interval * (limit.calls - 1)]
    try {
      const answer = await redis.eval(script, names.length, ...names, ...numbers)
      isAway = false
      return answer
    } catch (error) {
      tell(error instanceof Error ? error : new Error('Redis failed')) // who is refused may come before the event
      throw new StoreUnavailable(
        error,
        'the limits cannot be reached: check that Redis runs, and that RATE_LIMIT_REDIS_URL leads to it',
      )
    }
  }
  return {
    take: async (keys, limit) => Number(await run(TAKE, keys, limit)),
    giveBack: async (keys, limit) => void (await run(GIVE_BACK, keys, limit)),
    close: () => {
      isAway = true // as it should be
      redis.disconnect()
    },
  }
}
