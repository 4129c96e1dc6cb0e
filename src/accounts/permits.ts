/** Who waits for a turn. An owner, on a device that the account knows, goes before every stranger. */
export type Lane = 'owners' | 'strangers'

/** Lets a few run at once, a few more wait in each lane, and tells the rest at once that there is no room. */
export interface Permits {
  /** Runs the work when its turn comes. @returns `busy` when too many wait in this lane already */
  run<T>(lane: Lane, work: () => Promise<T>): Promise<T | 'busy'>
  /** How many run now, and how many wait. */
  load(): { readonly inUse: number; readonly waiting: number }
}

/** However many strangers come: an owner waits for one turn to end, and never for theirs. design.md §6 */
export function permits(running: number, waiting: number): Permits {
  let free = running
  const queues: Record<Lane, (() => void)[]> = { owners: [], strangers: [] }
  return {
    async run(lane, work) {
      if (free === 0 && queues[lane].length >= waiting) return 'busy'
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => queues[lane].push(resolve))
      try {
        return await work()
      } finally {
        const next = queues.owners.shift() ?? queues.strangers.shift()
        if (next) next()
        else free += 1
      }
    },
    load: () => ({ inUse: running - free, waiting: queues.owners.length + queues.strangers.length }),
  }
}
