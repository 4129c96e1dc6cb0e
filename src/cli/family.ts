import { isId } from '../base/random.ts'
import type { ListedFamily } from '../store/grants.ts'
import { operated } from './change.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { table } from './output.ts'
import { Refusal, UsageError } from './refusal.ts'

const MOST = 200

const shown = ({ id, username, clientId, scope, offline, grantedAt, lastUsedAt, isLive }: ListedFamily) => ({
  id,
  username,
  client_id: clientId,
  scope,
  offline,
  granted_at: grantedAt,
  last_used_at: lastUsedAt,
  live: isLive,
})

export const familyCommands: readonly Command[] = [
  {
    name: 'family list',
    summary: 'List what users have granted to clients, the latest first.',
    options: {
      user: { type: 'string', value: 'USER', meaning: 'Only of this user: a name, an e-mail address, or an id.' },
      client: { type: 'string', value: 'CLIENT_ID', meaning: 'Only to this client.' },
      ended: { type: 'boolean', meaning: 'Those that have ended instead.' },
    },
    async run(context, given) {
      const { store } = await context.deps()
      const login = given.text('user')
      const userId = login === undefined ? undefined : (await findUser(store, login)).id
      const state = given.flag('ended') ? 'ended' : 'live'
      const families = await store.grants.listFamilies(
        { userId, clientId: given.text('client'), state },
        undefined,
        MOST,
      )
      const rows = families.map(shown)
      const names = ['id', 'username', 'client_id', 'scope', 'offline', 'granted_at', 'last_used_at', 'live']
      const text = table(names, rows.map(Object.values))
      return { text: rows.length === 0 ? 'No grants.' : text, json: { families: rows } }
    },
  },
  {
    name: 'family revoke',
    summary: 'End a grant with every token that came from it.',
    words: ['ID'],
    async run(context, given) {
      const id = given.word(0)
      if (!isId(id)) throw new UsageError('ID is a family id, as family list prints it')
      const deps = await context.deps()
      const { userId, clientId } = (await deps.store.grants.findFamilyOwner(id)) ?? {}
      const event = operated(deps, 'family.revoked', { ...(userId && { userId }), ...(clientId && { clientId }) })
      const ended = userId !== undefined && (await deps.store.grants.revokeFamily(userId, id, 'operator', event))
      if (!ended) throw new Refusal('there is no such grant, or it has ended already')
      return { text: `Ended grant ${id}.`, json: { id, ended: true } }
    },
  },
]
