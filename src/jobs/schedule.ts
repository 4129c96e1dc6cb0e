// jobs: what the server does by itself. Every node runs the timer; a lease lets one of them do the work.

import { newId } from '../base/random.ts'
import type { Deps } from '../deps.ts'

/** A periodic job. Doing it twice must do no harm: the lease saves work, it protects nothing. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  /** What each node has to do for itself: there is no lease then. */
  readonly isOfEachNode?: true
  /** Asked before the lease is taken, where the job is frequent and there is mostly nothing to do. */
  isDue?(deps: Deps): Promise<boolean>
  run(deps: Deps): Promise<void>
}

/** Starts the jobs. @returns what stops them */
export function startJobs(deps: Deps, jobs: readonly Job[]): () => void {
  const holder = newId(deps.random, deps.clock.now())
  const timers = jobs.map((job) => {
    let isRunning = false
    const run = async () => {
      if (isRunning) return // it takes longer than its period
      isRunning = true
      await runOnce(deps, job, holder)
      isRunning = false
    }
    return setInterval(() => void run(), job.everySeconds * 1000).unref()
  })
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

async function runOnce(deps: Deps, job: Job, holder: string): Promise<void> {
  try {
    if (!job.isDue || (await job.isDue(deps))) {
      const isOurs = job.isOfEachNode || (await deps.store.leases.take(job.name, holder, job.everySeconds * 2))
      if (!isOurs) return
      await job.run(deps)
    }
    deps.metrics.jobSucceeded(job.name)
  } catch (error) {
    deps.metrics.jobFailures.add({ job: job.name })
    deps.log.error({ err: error, job: job.name }, 'a job failed')
  }
}
