import { z } from 'zod'
import {
  endSession,
  listFamilies,
  listSessions,
  listSessionsOfUser,
  revokeFamily,
} from '../../administration/grants.ts'
import type { ListedFamily, ListedSession } from '../../store/grants.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { id, instantOut, listOf, paging, printable } from './schemas.ts'

const session = z
  .strictObject({
    id: z.string(),
    user_id: z.string(),
    username: z.string(),
    auth_time: instantOut,
    acr: z.string(),
    amr: z.array(z.string()),
    address: z.string(),
    user_agent: z.string(),
    created_at: instantOut,
    last_seen_at: instantOut,
    expires_at: instantOut,
  })
  .meta({ id: 'Session' })

const family = z
  .strictObject({
    id: z.string(),
    user_id: z.string(),
    username: z.string(),
    client_id: z.string(),
    client_name: z.string(),
    session_id: z.string(),
    scope: z.array(z.string()),
    resources: z.array(z.string()),
    offline: z.boolean(),
    granted_at: instantOut,
    last_used_at: instantOut,
    expires_at: instantOut,
    state: z.enum(['live', 'ended']),
    revoked_at: instantOut.nullable(),
    revoked_reason: z.string().nullable(),
  })
  .meta({ id: 'Family' })

const sessionOut = (one: ListedSession): z.input<typeof session> => ({
  id: one.id,
  user_id: one.userId,
  username: one.username,
  auth_time: one.authTime,
  acr: one.acr,
  amr: [...one.amr],
  address: one.address,
  user_agent: one.userAgent,
  created_at: one.createdAt,
  last_seen_at: one.lastSeenAt,
  expires_at: one.expiresAt,
})

const familyOut = (one: ListedFamily): z.input<typeof family> => ({
  id: one.id,
  user_id: one.userId,
  username: one.username,
  client_id: one.clientId,
  client_name: one.clientName,
  session_id: one.sessionId,
  scope: [...one.scope],
  resources: [...one.resources],
  offline: one.offline,
  granted_at: one.grantedAt,
  last_used_at: one.lastUsedAt,
  expires_at: one.expiresAt,
  state: one.isLive ? 'live' : 'ended',
  revoked_at: one.revokedAt,
  revoked_reason: one.revokedReason,
})

const byId = (one: { readonly id: string }): string => one.id

/** What narrows the lists of sessions and of families. */
export const sessionFilter = { user_id: id.optional() }
export const familyFilter = {
  ...sessionFilter,
  client_id: printable(300).optional(),
  state: z.enum(['live', 'ended']).optional(),
}

/** Where users are signed in, and what they have granted to clients. */
export const grantOperations = [
  operation({
    id: 'listSessions',
    method: 'GET',
    path: '/sessions',
    tag: 'sessions',
    summary: 'List the sessions that are good now, newest first',
    action: listSessions,
    query: z.strictObject({ ...sessionFilter, ...paging }),
    status: 200,
    answer: listOf(session),
    async run(deps, actor, { query: { cursor, limit, user_id: userId } }) {
      const filter = userId === undefined ? {} : { userId }
      const listing = { name: 'sessions', filter }
      const read = (after: string | undefined, most: number) =>
        listSessions.run(deps, actor, { ...filter, after, limit: most })
      const { items, next } = await pageOf(deps, listing, { cursor, limit }, read, byId)
      return { body: { items: items.map(sessionOut), next_cursor: next } }
    },
  }),
  operation({
    id: 'listSessionsOfUser',
    method: 'GET',
    path: '/users/:id/sessions',
    tag: 'sessions',
    summary: 'List the sessions of a user that are good now, newest first',
    action: listSessionsOfUser,
    params: z.strictObject({ id }),
    query: z.strictObject(paging),
    status: 200,
    answer: listOf(session),
    async run(deps, actor, { params: { id: userId }, query }) {
      const listing = { name: 'sessions of a user', filter: { userId } }
      const read = (after: string | undefined, limit: number) =>
        listSessionsOfUser.run(deps, actor, { userId, after, limit })
      const { items, next } = await pageOf(deps, listing, query, read, byId)
      return { body: { items: items.map(sessionOut), next_cursor: next } }
    },
  }),
  operation({
    id: 'endSession',
    method: 'DELETE',
    path: '/sessions/:id',
    tag: 'sessions',
    summary: 'Sign a session out, with the grants that do not outlive it',
    action: endSession,
    params: z.strictObject({ id }),
    status: 204,
    async run(deps, actor, { params }) {
      await endSession.run(deps, actor, { sessionId: params.id })
      return {}
    },
  }),
  operation({
    id: 'endSessionOfUser',
    method: 'DELETE',
    path: '/users/:id/sessions/:session',
    tag: 'sessions',
    summary: 'Sign a session of a user out, with the grants that do not outlive it',
    action: endSession,
    params: z.strictObject({ id, session: id }),
    status: 204,
    async run(deps, actor, { params }) {
      await endSession.run(deps, actor, { userId: params.id, sessionId: params.session })
      return {}
    },
  }),
  operation({
    id: 'listFamilies',
    method: 'GET',
    path: '/families',
    tag: 'families',
    summary: 'List the grants of users to clients, newest first',
    action: listFamilies,
    query: z.strictObject({ ...familyFilter, ...paging }),
    status: 200,
    answer: listOf(family),
    async run(deps, actor, { query: { cursor, limit, user_id: userId, client_id: clientId, state } }) {
      const filter = { userId, clientId, state }
      const read = (after: string | undefined, most: number) =>
        listFamilies.run(deps, actor, { ...filter, after, limit: most })
      const { items, next } = await pageOf(deps, { name: 'families', filter }, { cursor, limit }, read, byId)
      return { body: { items: items.map(familyOut), next_cursor: next } }
    },
  }),
  operation({
    id: 'revokeFamily',
    method: 'DELETE',
    path: '/families/:id',
    tag: 'families',
    summary: 'End a grant: its tokens are refused from now on',
    action: revokeFamily,
    params: z.strictObject({ id }),
    status: 204,
    async run(deps, actor, { params }) {
      await revokeFamily.run(deps, actor, { familyId: params.id })
      return {}
    },
  }),
]
