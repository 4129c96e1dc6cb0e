import { dropRetiredKey, replaceKeyAtOnce, rotateKeys } from '../keys/rotate.ts'
import type { Command } from './command.ts'
import { table } from './output.ts'
import { Refusal } from './refusal.ts'

export const keyCommands: readonly Command[] = [
  {
    name: 'key list',
    summary: 'List the signing keys: next, current, retired.',
    async run(context) {
      const { store } = await context.deps()
      const { keys } = await store.signingKeys.list()
      const rows = keys.map(({ kid, alg, state, privateKey, createdAt, activatedAt, retiredAt }) => ({
        kid,
        alg,
        state,
        can_sign: privateKey !== null,
        published_at: createdAt,
        activated_at: activatedAt,
        retired_at: retiredAt,
      }))
      const names = ['kid', 'alg', 'state', 'can_sign', 'published_at', 'activated_at', 'retired_at']
      return { text: table(names, rows.map(Object.values)), json: { keys: rows } }
    },
  },
  {
    name: 'key rotate',
    summary: 'Sign with the next key from now on. It has to have been published for ten minutes.',
    options: {
      emergency: {
        type: 'boolean',
        meaning: 'The current key has leaked: drop it at once. Everything it signed is refused.',
      },
    },
    async run(context, given) {
      const deps = await context.deps()
      if (given.flag('emergency')) {
        const { gone, kid } = await replaceKeyAtOnce(deps, 'operator')
        const text = `${gone === undefined ? 'There was no current key.' : `Dropped key ${gone}: what it signed is refused.`}\nKey ${kid} signs now.`
        return { text, json: { outcome: 'replaced', gone: gone ?? null, kid } }
      }
      const result = await rotateKeys(deps, 'operator')
      if (result.outcome === 'rotated') return { text: `Key ${result.kid} signs now.`, json: result }
      throw new Refusal(
        `the next key has not been published long enough for every validator to have it: wait ${result.waitSeconds} s`,
      )
    },
  },
  {
    name: 'key drop',
    words: ['KID'],
    summary: 'A retired key has leaked: drop it at once. Everything it signed is refused.',
    async run(context, given) {
      const kid = given.word(0)
      if (await dropRetiredKey(await context.deps(), kid, 'operator')) {
        return { text: `Dropped key ${kid}: what it signed is refused.`, json: { outcome: 'dropped', kid } }
      }
      throw new Refusal('there is no retired key of that id; for the current one: key rotate --emergency')
    },
  },
]
