import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { exportEvents, findEvent, listEvents, verifyAudit } from '../../../administration/audit.ts'
import type { Refused } from '../../../administration/refused.ts'
import type { Deps } from '../../../deps.ts'
import type { AuditedEvent, AuditFilter } from '../../../store/audit-trail.ts'
import type { ChainReport } from '../../../telemetry/verify-audit.ts'
import { auditPage, eventPage } from '../../../views/admin/audit.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { auditFilterIn, auditQuery } from '../../admin-api/audit.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, tried } from './access.ts'
import { askedOf, cursorField, given, ROWS } from './asked.ts'

const PATH = ADMIN_PATHS.audit

/** As a `datetime-local` input writes it, in UTC. */
const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/, { error: 'must be a date and a time' })
  .refine((text) => !Number.isNaN(Date.parse(`${text}Z`)), { error: 'is no date' })
  .optional()
const { from: _, to: __, ...same } = auditQuery
const filterQuery = z.strictObject({ ...same, from: instant, to: instant })
const listQuery = filterQuery.extend(cursorField)

const dateOf = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(`${text}Z`))

const filterIn = ({ from, to, ...asked }: z.output<typeof filterQuery>): AuditFilter =>
  auditFilterIn({ ...asked, from: dateOf(from), to: dateOf(to) })

const NAMES = [
  'id',
  'at',
  'type',
  'outcome',
  'actor',
  'user_id',
  'client_id',
  'session_id',
  'family_id',
  'request_id',
  'reason',
  'address',
  'user_agent',
] as const
const COLUMNS: readonly CsvColumn<AuditedEvent>[] = [
  ...NAMES.map((name) => ({ name, cell: (event: AuditedEvent) => event[name] })),
  { name: 'detail', cell: ({ detail }) => JSON.stringify(detail) },
  { name: 'personal', cell: ({ personal }) => (personal ? JSON.stringify(personal) : '') },
]

/** The audit log of the console. */
export function auditPages(app: FastifyInstance, deps: Deps): void {
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    { cursor, ...filter }: z.output<typeof listQuery>,
    { report, refused }: { readonly report?: ChainReport; readonly refused?: Refused } = {},
  ): Promise<void> {
    const { items, next } = await pageOf(
      deps,
      { name: 'audit', filter },
      { cursor, limit: ROWS },
      (before, limit) => listEvents.run(deps, visitor.actor, { filter: filterIn(filter), before, limit }),
      ({ id }) => id,
    )
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const listing = { path: PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const action = `${deps.config.basePath}${PATH}/verification`
    const told = refused && { message: refused.message, faults: [] as const }
    const page = auditPage({ ...view, action, csrf, events: items, listing, report, refused: told }, frame)
    await sendPage(reply, page, { status: refused?.status ?? 200 })
  }

  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listEvents)
    if (visitor) await show(request, reply, visitor, askedOf(request, listQuery))
  })
  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, exportEvents)
    if (!visitor) return
    const filter = filterIn(askedOf(request, filterQuery))
    await sendCsv(reply, 'audit', COLUMNS, await exportEvents.run(deps, visitor.actor, { filter }))
  })
  app.get<{ Params: { id: string } }>(`${PATH}/:id`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, findEvent)
    if (!visitor) return
    const event = await findEvent.run(deps, visitor.actor, request.params)
    const { view, frame } = adminFrame(deps, request, visitor)
    await sendPage(reply, eventPage({ ...view, event }, frame))
  })
  // It reads and changes nothing: the answer may be the page itself, and sending it again is harmless.
  app.post(`${PATH}/verification`, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, verifyAudit, PATH)
    if (!sent) return
    const verified = await tried(() => verifyAudit.run(deps, sent.visitor.actor, {}))
    await show(request, reply, sent.visitor, {}, 'done' in verified ? { report: verified.done } : verified)
  })
}
