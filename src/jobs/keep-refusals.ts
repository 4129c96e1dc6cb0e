import type { Job } from './schedule.ts'

/** Writes down what this node has refused, for `postern explain`. What cannot be written is left to the log. */
export const keepRefusals: Job = {
  name: 'keep-refusals',
  everySeconds: 1,
  isOfEachNode: true,
  isDue: async ({ refusals }) => refusals.hasAny(),
  run: ({ store, refusals }) => store.refusals.add(refusals.take()),
}
