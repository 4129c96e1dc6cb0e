import type { RefusalFacts } from '../store/refusals.ts'

/** Refusals that this node has still to write down: a request that is refused spends nothing in the database. */
export interface RefusalBook {
  note(refusal: RefusalFacts): void
  hasAny(): boolean
  /** Gives them out, once. */
  take(): readonly RefusalFacts[]
}

const MOST = 500 // while the database is away

export function refusalBook(): RefusalBook {
  let noted: RefusalFacts[] = []
  return {
    note(refusal) {
      if (noted.length < MOST) noted.push(refusal)
    },
    hasAny: () => noted.length > 0,
    take() {
      const taken = noted
      noted = []
      return taken
    },
  }
}
