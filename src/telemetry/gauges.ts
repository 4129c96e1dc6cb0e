import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Vitals } from '../store/vitals.ts'
import type { Metrics } from './metrics.ts'

/** What this process can say about itself. */
export interface ProcessFacts {
  readonly version: string
  readonly nodeVersion: string
  readonly startedAt: Date
  residentBytes(): number
}

const LOOP_RESOLUTION_MS = 20

/** Tells of the process: what it is, since when, how much memory it has, and how late its event loop comes round. */
export function measureProcess({ gauge }: Metrics, facts: ProcessFacts): void {
  const { version, nodeVersion: node } = facts
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  gauge('postern_build_info', 'The version that runs', () => [{ labels: { version, node }, value: 1 }])
  gauge('process_start_time_seconds', 'When the process started, in Unix time', () => facts.startedAt.getTime() / 1000)
  gauge('process_resident_memory_bytes', 'Memory that the process holds', () => facts.residentBytes())
  gauge('nodejs_eventloop_lag_seconds', 'How late the event loop came round, since the last scrape', () => {
    const [p99, max] = [delay.percentile(99), delay.max]
    delay.reset()
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1000)
    return [
      { labels: { quantile: '0.99' }, value: late(p99) },
      { labels: { quantile: '1' }, value: late(max) },
    ]
  })
}

/** How many use a thing that there is little of, and how many wait for it. */
export interface Load {
  readonly inUse: number
  readonly waiting: number
}

/** Tells of what requests queue up for. */
export function measureLoad({ gauge }: Metrics, what: string, help: string, load: () => Load): void {
  gauge(`postern_${what}_in_use`, `${help} in use`, () => load().inUse)
  gauge(`postern_${what}_waiting`, `Requests that wait for ${help.toLowerCase()}`, () => load().waiting)
}

/** Tells of what one statement found in the database at this scrape; of nothing but its absence while it is away. */
export function measureDatabase({ gauge }: Metrics, latest: () => Vitals | undefined): void {
  gauge('postern_database_up', 'Whether the database answered this scrape', () => (latest() ? 1 : 0))
  gauge('postern_outbox_waiting', 'What waits to be delivered', () =>
    (latest()?.outbox ?? []).map(({ channel, waiting }) => ({ labels: { channel }, value: waiting })),
  )
  gauge('postern_audit_queue', 'Audit events that wait to be sealed', () => one(latest()?.auditQueue))
  gauge('postern_signing_keys', 'Signing keys, by state', () => keysOf(latest(), ({ count }) => count))
  gauge('postern_signing_key_age_seconds', 'Since the oldest signing key came into its state', () =>
    keysOf(latest(), ({ ageSeconds }) => ageSeconds),
  )
}

const keysOf = (vitals: Vitals | undefined, measure: (key: Vitals['keys'][number]) => number) =>
  (vitals?.keys ?? []).map((key) => ({ labels: { state: key.state, alg: key.alg }, value: measure(key) }))

const one = (value: number | undefined) => (value === undefined ? [] : [{ value }])
