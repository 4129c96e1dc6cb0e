import { z } from 'zod'
import { deliveryState, listDeliveries } from '../../administration/deliveries.ts'
import type { Delivery } from '../../store/outbox.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { instantOut, listOf, paging } from './schemas.ts'

export const deliveryQuery = {
  channel: z.enum(['mail', 'logout']).optional(),
  state: z.enum(['waiting', 'delivered', 'failed']).optional(),
}

const delivery = z
  .strictObject({
    id: z.string(),
    channel: z.string(),
    topic: z.string(),
    state: z.enum(['waiting', 'delivered', 'failed']),
    client_id: z.string().nullable(),
    user_id: z.string().nullable(),
    session_id: z.string().nullable(),
    attempts: z.int(),
    last_error: z.string().nullable(),
    created_at: instantOut,
    next_attempt_at: instantOut.nullable(),
    delivered_at: instantOut.nullable(),
    expires_at: instantOut,
  })
  .meta({ id: 'Delivery' })

const deliveryOut = (one: Delivery): z.input<typeof delivery> => ({
  id: one.id,
  channel: one.channel,
  topic: one.topic,
  state: deliveryState(one),
  client_id: one.clientId,
  user_id: one.userId,
  session_id: one.sessionId,
  attempts: one.attempts,
  last_error: one.lastError,
  created_at: one.createdAt,
  next_attempt_at: one.nextAttemptAt,
  delivered_at: one.deliveredAt,
  expires_at: one.expiresAt,
})

export const deliveryOperations = [
  operation({
    id: 'listDeliveries',
    method: 'GET',
    path: '/deliveries',
    tag: 'deliveries',
    summary: 'List mails and logout tokens that were sent, failed or wait, newest first: not what they say',
    action: listDeliveries,
    query: z.strictObject({ ...paging, ...deliveryQuery }),
    status: 200,
    answer: listOf(delivery),
    async run(deps, actor, { query: { cursor, limit, ...filter } }) {
      const page = await pageOf(
        deps,
        { name: 'deliveries', filter },
        { cursor, limit },
        (after, most) => listDeliveries.run(deps, actor, { ...filter, after, limit: most }),
        (one) => one.id,
      )
      return { body: { items: page.items.map(deliveryOut), next_cursor: page.next } }
    },
  }),
]
