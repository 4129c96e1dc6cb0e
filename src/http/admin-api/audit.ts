import { Readable } from 'node:stream'
import { z } from 'zod'
import { exportEvents, findEvent, listEvents, type ReadEvents, verifyAudit } from '../../administration/audit.ts'
import type { AuditedEvent, AuditFilter } from '../../store/audit-trail.ts'
import { inert } from '../../telemetry/log.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { id, instantIn, listOf, paging, printable } from './schemas.ts'

const name = printable(200).optional()
/** What an audit log can be asked for; it stands in the addresses of the console too. */
export const auditQuery = {
  type: name,
  outcome: z.enum(['success', 'failure']).optional(),
  actor: name,
  user_id: id.optional(),
  client_id: name,
  request_id: name,
  from: instantIn.optional(),
  to: instantIn.optional(),
}
const filtering = z.strictObject(auditQuery)

const event = z
  .strictObject({
    id: z.string(),
    at: z.string().meta({ format: 'date-time' }),
    type: z.string(),
    outcome: z.string(),
    actor: z.string(),
    user_id: z.string().nullable(),
    client_id: z.string().nullable(),
    session_id: z.string().nullable(),
    family_id: z.string().nullable(),
    request_id: z.string().nullable(),
    reason: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    personal: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'AuditEvent' })

const fault = z.strictObject({
  kind: z.enum(['changed', 'removed', 'broken', 'added', 'rewritten', 'forged']),
  message: z.string(),
  seq: z.int().optional(),
  event_id: z.string().optional(),
})

/** What is asked for, as the store takes it. */
export const auditFilterIn = ({
  user_id: userId,
  client_id: clientId,
  request_id: requestId,
  ...same
}: z.output<typeof filtering>): AuditFilter => ({ ...same, userId, clientId, requestId })

const EXPORT_PAGE = 1000

async function* linesOf(read: ReadEvents): AsyncGenerator<string> {
  for (let last: AuditedEvent | undefined; ; ) {
    const page = await read(last, EXPORT_PAGE)
    yield page.map((one) => `${inert(JSON.stringify(one))}\n`).join('')
    last = page.at(-1)
    if (page.length < EXPORT_PAGE) return
  }
}

export const auditOperations = [
  operation({
    id: 'listEvents',
    method: 'GET',
    path: '/audit',
    tag: 'audit',
    summary: 'List what happened, newest first',
    action: listEvents,
    query: z.strictObject({ ...paging, ...auditQuery }),
    status: 200,
    answer: listOf(event),
    async run(deps, actor, { query: { cursor, limit, ...filter } }) {
      const page = await pageOf(
        deps,
        { name: 'audit', filter },
        { cursor, limit },
        (before, most) => listEvents.run(deps, actor, { filter: auditFilterIn(filter), before, limit: most }),
        (one) => one.id,
      )
      return { body: { items: page.items, next_cursor: page.next } }
    },
  }),
  operation({
    id: 'exportEvents',
    method: 'GET',
    path: '/audit/export',
    tag: 'audit',
    summary: 'Read everything that happened, newest first, one JSON object a line. It is an event itself',
    action: exportEvents,
    query: filtering,
    status: 200,
    answer: event,
    mediaType: 'application/x-ndjson',
    async run(deps, actor, { query }) {
      const read = await exportEvents.run(deps, actor, { filter: auditFilterIn(query) })
      return { body: Readable.from(linesOf(read)) }
    },
  }),
  operation({
    id: 'findEvent',
    method: 'GET',
    path: '/audit/:id',
    tag: 'audit',
    summary: 'Read one event',
    action: findEvent,
    params: z.strictObject({ id }),
    status: 200,
    answer: event,
    run: async (deps, actor, { params }) => ({ body: await findEvent.run(deps, actor, params) }),
  }),
  operation({
    id: 'verifyAudit',
    method: 'POST',
    path: '/audit/verification',
    tag: 'audit',
    summary:
      'Look for events that were changed, removed, moved or put in, in the last hundred thousand or since a checkpoint',
    action: verifyAudit,
    body: z.strictObject({ since: z.string().max(400).optional() }),
    status: 200,
    answer: z.strictObject({
      is_intact: z.boolean(),
      from: z.int(),
      through: z.int(),
      checkpoints: z.int(),
      waiting: z.int(),
      faults: z.array(fault),
    }),
    async run(deps, actor, { body: { since } }) {
      const { faults, ...report } = await verifyAudit.run(deps, actor, { since })
      const told = faults.map(({ eventId: event_id, ...same }) => ({ ...same, event_id }))
      return { body: { is_intact: faults.length === 0, ...report, faults: told } }
    },
  }),
]
