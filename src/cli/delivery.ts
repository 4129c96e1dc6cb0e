import { deliveryState } from '../administration/deliveries.ts'
import type { Command, Given } from './command.ts'
import { table } from './output.ts'
import { UsageError } from './refusal.ts'

const CHANNELS = ['mail', 'logout'] as const
const STATES = ['waiting', 'delivered', 'failed'] as const
const MOST = 1000

export const deliveryCommands: readonly Command[] = [
  {
    name: 'delivery list',
    summary: 'List mails and logout tokens that were sent, failed or wait, newest first.',
    options: {
      channel: { type: 'string', value: CHANNELS.join('|'), meaning: 'Only of this channel.' },
      state: { type: 'string', value: STATES.join('|'), meaning: 'Only in this state.' },
      limit: { type: 'string', value: 'N', meaning: 'How many at most. Default: 50.' },
    },
    async run(context, given) {
      const limit = Number(given.text('limit') ?? 50)
      if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
        throw new UsageError(`--limit is a whole number from 1 to ${MOST}`)
      }
      const query = { channel: oneOf(given, 'channel', CHANNELS), state: oneOf(given, 'state', STATES), limit }
      const { store } = await context.deps()
      const deliveries = (await store.outbox.listDeliveries(query)).map((one) => ({
        created_at: one.createdAt,
        channel: one.channel,
        topic: one.topic,
        client_id: one.clientId,
        state: deliveryState(one),
        attempts: one.attempts,
        last_error: one.lastError,
        delivered_at: one.deliveredAt,
        next_attempt_at: one.nextAttemptAt,
      }))
      const [first] = deliveries
      const text = first
        ? table(Object.keys(first), deliveries.map(Object.values))
        : 'Nothing was sent, and nothing waits.'
      return { text, json: { deliveries } }
    },
  },
]

function oneOf<Name extends string>(given: Given, option: string, names: readonly Name[]): Name | undefined {
  const text = given.text(option)
  const name = names.find((one) => one === text)
  if (text !== undefined && name === undefined) throw new UsageError(`--${option} is ${names.join(' or ')}`)
  return name
}
