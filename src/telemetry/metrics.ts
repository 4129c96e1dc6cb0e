import type { Clock } from '../base/clock.ts'
import type { Store } from '../store/index.ts'
import { registry } from './registry.ts'

/**
 * What is counted while the server works, for whoever reads `/metrics`. Each is counted at one place, after what it tells
 * of has happened. No label names a person, a session, an address or a client.
 */
export function createMetrics(clock: Clock) {
  const all = registry()
  const succeeded = new Map<string, number>()
  all.gauge('postern_job_last_success_seconds', 'Seconds since this node last did a job', () =>
    [...succeeded].map(([job, at]) => ({ labels: { job }, value: (clock.now().getTime() - at) / 1000 })),
  )
  return {
    requests: all.counter('postern_http_requests_total', 'Requests answered', ['route', 'method', 'status']),
    requestSeconds: all.histogram('postern_http_request_duration_seconds', 'From the request to its answer', ['route']),
    refusals: all.counter('postern_refusals_total', 'Refusals, by the code that was answered', ['code']),
    throttled: all.counter('postern_throttled_total', 'Answers of 429, by the limit', ['limit']),
    tokens: all.counter('postern_tokens_issued_total', 'Successful answers of the token endpoint', ['grant_type']),
    refreshes: all.counter('postern_refreshes_total', 'Refresh tokens judged', ['outcome']),
    events: all.counter('postern_audit_events_total', 'Audit events that this node sealed', ['type', 'outcome']),
    jobFailures: all.counter('postern_job_failures_total', 'Jobs that failed on this node', ['job']),
    jobSucceeded: (job: string): void => void succeeded.set(job, clock.now().getTime()),
    gauge: all.gauge,
    render: all.render,
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** The same store, which counts what some of its functions told: only what has been committed is told. */
export const measuredStore = (store: Store, { refreshes }: Metrics): Store => ({
  ...store,
  refreshFamilies: {
    ...store.refreshFamilies,
    async rotate(...presented) {
      const rotation = await store.refreshFamilies.rotate(...presented)
      if (rotation.outcome !== 'held') refreshes.add({ outcome: rotation.outcome }) // it is judged, and asked about again
      return rotation
    },
  },
})
