import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { endSession, listFamilies, listSessions, revokeFamily } from '../../../administration/grants.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import type { ListedFamily, ListedSession } from '../../../store/grants.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { GRANTS_PATH, grantsPage, sessionsPage } from '../../../views/admin/sessions.ts'
import { userPath } from '../../../views/admin/users.ts'
import { familyFilter, sessionFilter } from '../../admin-api/grants.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { adminFrame, admitAdminForm, admitAdministrator, backToAdmin } from './access.ts'
import { askedOf, cursorField, given, ROWS } from './asked.ts'
import { may } from './user.ts'

const PATH = ADMIN_PATHS.sessions
const sessionQuery = z.strictObject({ ...sessionFilter, ...cursorField })
const familyQuery = z.strictObject({ ...familyFilter, ...cursorField })

/** Where people are signed in, and what they have granted to apps. */
export function sessionPages(app: FastifyInstance, deps: Deps): void {
  sessions(app, deps)
  grants(app, deps)
}

const SESSION_COLUMNS: readonly CsvColumn<ListedSession>[] = [
  { name: 'id', cell: ({ id }) => id },
  { name: 'user_id', cell: ({ userId }) => userId },
  { name: 'username', cell: ({ username }) => username },
  { name: 'amr', cell: ({ amr }) => amr },
  { name: 'address', cell: ({ address }) => address },
  { name: 'user_agent', cell: ({ userAgent }) => userAgent },
  { name: 'auth_time', cell: ({ authTime }) => authTime },
  { name: 'last_seen_at', cell: ({ lastSeenAt }) => lastSeenAt },
  { name: 'expires_at', cell: ({ expiresAt }) => expiresAt },
]

function sessions(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listSessions)
    if (!visitor) return
    const { cursor, ...filter } = askedOf(request, sessionQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'sessions', filter },
      { cursor, limit: ROWS },
      (after, limit) => listSessions.run(deps, visitor.actor, { userId: filter.user_id, after, limit }),
      ({ id }) => id,
    )
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const listing = { path: PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const shared = { ...view, csrf, root: deps.config.basePath, listing, mayEnd: may(visitor, endSession) }
    await sendPage(reply, sessionsPage({ ...shared, sessions: items }, frame))
  })
  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listSessions)
    if (!visitor) return
    const { user_id: userId } = askedOf(request, sessionQuery)
    await sendCsv(reply, 'sessions', SESSION_COLUMNS, (last, limit) =>
      listSessions.run(deps, visitor.actor, { userId, after: last?.id, limit }),
    )
  })
  app.post(`${PATH}/end`, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, endSession, PATH)
    if (!sent) return
    const sessionId = sent.form.get('id') ?? ''
    const userId = await endSession.run(deps, sent.visitor.actor, { sessionId })
    await backToAdmin(deps, reply, placeAfter(sent.form, userId, PATH), 'ended')
  })
}

/** Where the list stood that the button was in. */
const placeAfter = (form: Parameters, userId: string, list: string): string =>
  form.get('back') === 'user' ? userPath(userId) : list

const FAMILY_COLUMNS: readonly CsvColumn<ListedFamily>[] = [
  { name: 'id', cell: ({ id }) => id },
  { name: 'user_id', cell: ({ userId }) => userId },
  { name: 'username', cell: ({ username }) => username },
  { name: 'client_id', cell: ({ clientId }) => clientId },
  { name: 'scope', cell: ({ scope }) => scope },
  { name: 'offline', cell: ({ offline }) => offline },
  { name: 'granted_at', cell: ({ grantedAt }) => grantedAt },
  { name: 'last_used_at', cell: ({ lastUsedAt }) => lastUsedAt },
  { name: 'state', cell: ({ isLive }) => (isLive ? 'live' : 'ended') },
  { name: 'revoked_reason', cell: ({ revokedReason }) => revokedReason },
]

const familiesAsked = ({
  user_id: userId,
  client_id: clientId,
  state,
}: Omit<z.output<typeof familyQuery>, 'cursor'>) => ({
  userId,
  clientId,
  state,
})

function grants(app: FastifyInstance, deps: Deps): void {
  app.get(GRANTS_PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listFamilies)
    if (!visitor) return
    const { cursor, ...filter } = askedOf(request, familyQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'families', filter },
      { cursor, limit: ROWS },
      (after, limit) => listFamilies.run(deps, visitor.actor, { ...familiesAsked(filter), after, limit }),
      ({ id }) => id,
    )
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const listing = { path: GRANTS_PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const shared = { ...view, csrf, root: deps.config.basePath, listing, mayEnd: may(visitor, revokeFamily) }
    await sendPage(reply, grantsPage({ ...shared, families: items }, frame))
  })
  app.get(`${GRANTS_PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listFamilies)
    if (!visitor) return
    const asked = familiesAsked(askedOf(request, familyQuery))
    await sendCsv(reply, 'grants', FAMILY_COLUMNS, (last, limit) =>
      listFamilies.run(deps, visitor.actor, { ...asked, after: last?.id, limit }),
    )
  })
  app.post(`${GRANTS_PATH}/end`, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, revokeFamily, GRANTS_PATH)
    if (!sent) return
    const userId = await revokeFamily.run(deps, sent.visitor.actor, { familyId: sent.form.get('id') ?? '' })
    await backToAdmin(deps, reply, placeAfter(sent.form, userId, GRANTS_PATH), 'ended')
  })
}
