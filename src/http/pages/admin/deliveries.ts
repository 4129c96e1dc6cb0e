import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { deliveryState, listDeliveries } from '../../../administration/deliveries.ts'
import type { Deps } from '../../../deps.ts'
import type { Delivery } from '../../../store/outbox.ts'
import { deliveriesPage } from '../../../views/admin/deliveries.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { deliveryQuery } from '../../admin-api/deliveries.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { adminFrame, admitAdministrator } from './access.ts'
import { askedOf, cursorField, given, ROWS } from './asked.ts'

const PATH = ADMIN_PATHS.deliveries
const listQuery = z.strictObject({ ...deliveryQuery, ...cursorField })

const COLUMNS: readonly CsvColumn<Delivery>[] = [
  { name: 'id', cell: ({ id }) => id },
  { name: 'channel', cell: ({ channel }) => channel },
  { name: 'topic', cell: ({ topic }) => topic },
  { name: 'state', cell: deliveryState },
  { name: 'client_id', cell: ({ clientId }) => clientId },
  { name: 'user_id', cell: ({ userId }) => userId },
  { name: 'session_id', cell: ({ sessionId }) => sessionId },
  { name: 'attempts', cell: ({ attempts }) => attempts },
  { name: 'last_error', cell: ({ lastError }) => lastError },
  { name: 'created_at', cell: ({ createdAt }) => createdAt },
  { name: 'next_attempt_at', cell: ({ nextAttemptAt }) => nextAttemptAt },
  { name: 'delivered_at', cell: ({ deliveredAt }) => deliveredAt },
]

/** The mails and logout tokens of the console. */
export function deliveryPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listDeliveries)
    if (!visitor) return
    const { cursor, ...filter } = askedOf(request, listQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'deliveries', filter },
      { cursor, limit: ROWS },
      (after, limit) => listDeliveries.run(deps, visitor.actor, { ...filter, after, limit }),
      ({ id }) => id,
    )
    const { view, frame } = adminFrame(deps, request, visitor)
    const listing = { path: PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const deliveries = items.map((one) => ({ ...one, state: deliveryState(one) }))
    await sendPage(reply, deliveriesPage({ ...view, deliveries, listing }, frame))
  })
  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listDeliveries)
    if (!visitor) return
    const { cursor: _, ...filter } = askedOf(request, listQuery)
    await sendCsv(reply, 'deliveries', COLUMNS, (last, limit) =>
      listDeliveries.run(deps, visitor.actor, { ...filter, after: last?.id, limit }),
    )
  })
}
