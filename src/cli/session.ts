import { isId } from '../base/random.ts'
import { operated } from './change.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { table } from './output.ts'
import { Refusal, UsageError } from './refusal.ts'

export const sessionCommands: readonly Command[] = [
  {
    name: 'session list',
    summary: 'List the sessions of a user that are good now.',
    options: { user: { type: 'string', value: 'USER', meaning: 'A user name, e-mail address or id.' } },
    async run(context, given) {
      const login = given.text('user')
      if (login === undefined) throw new UsageError('--user USER is missing')
      const { store } = await context.deps()
      const sessions = await store.sessions.listOfUser((await findUser(store, login)).id)
      const rows = sessions.map(({ id, authTime, lastSeenAt, amr, address, userAgent }) => ({
        id,
        auth_time: authTime,
        last_seen_at: lastSeenAt,
        amr,
        address,
        user_agent: userAgent,
      }))
      const names = ['id', 'auth_time', 'last_seen_at', 'amr', 'address', 'user_agent']
      const text = table(names, rows.map(Object.values))
      return { text: rows.length === 0 ? 'No sessions.' : text, json: { sessions: rows } }
    },
  },
  {
    name: 'session end',
    summary: 'Sign a session out, with the grants that do not outlive it.',
    words: ['ID'],
    async run(context, given) {
      const id = given.word(0)
      if (!isId(id)) throw new UsageError('ID is a session id, as session list prints it')
      const deps = await context.deps()
      const ended = await deps.store.sessions.end(id, operated(deps, 'session.ended', { detail: { session: id } }))
      if (!ended) throw new Refusal('there is no such session, or it has ended already')
      return { text: `Ended session ${id}.`, json: { id, ended: true } }
    },
  },
]
