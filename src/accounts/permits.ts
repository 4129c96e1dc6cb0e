/** Lets a few run at once, a few more wait, and tells the rest at once that there is no room. */
export interface Permits {
  /** Runs the work when its turn comes. @returns `busy` when too many wait already */
  run<T>(work: () => Promise<T>): Promise<T | 'busy'>
}

export function permits(running: number, waiting: number): Permits {
  let free = running
  const queue: (() => void)[] = []
  return {
    async run(work) {
      if (free === 0 && queue.length >= waiting) return 'busy'
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => queue.push(resolve))
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next) next()
        else free += 1
      }
    },
  }
}
