import type { Job } from './schedule.ts'

const MOST_ROUNDS = 50

/** Deletes what has expired, in small batches, so that no table grows without end. */
export const sweep: Job = {
  name: 'sweep',
  everySeconds: 60,
  async run({ store }) {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if ((await store.sweep.sweep()) === 0) return
    }
  },
}
