import { rekey } from '../keys/rekey.ts'
import type { Command } from './command.ts'

export const rekeyCommand: Command = {
  name: 'rekey',
  summary: 'Seal everything anew under MASTER_KEY that MASTER_KEY_PREVIOUS sealed. It may be stopped, and run again.',
  async run(context) {
    const deps = await context.deps()
    const { resealed, unopened } = await rekey(deps, (place, count) =>
      context.io.writeError(`${place}: ${count} sealed anew\n`),
    )
    const isDone = unopened.length === 0
    const text = isDone
      ? `Sealed ${resealed} values anew. Nothing needs MASTER_KEY_PREVIOUS any more.`
      : [
          `Sealed ${resealed} values anew. These open under neither key, and were left alone:`,
          ...unopened.map((place) => `  ${place}`),
          'Keep MASTER_KEY_PREVIOUS. Give the key that sealed them in its place, or remove the rows, and run this again.',
        ].join('\n')
    return { text, json: { resealed, unopened }, failed: !isDone }
  },
}
