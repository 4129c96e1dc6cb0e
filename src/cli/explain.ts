import { eventTable } from './audit.ts'
import type { Command } from './command.ts'
import { properties } from './output.ts'
import { Refusal } from './refusal.ts'

const MOST = 1000

export const explainCommand: Command = {
  name: 'explain',
  summary: 'Say what happened in a request, and why it was refused. Error pages and error answers show its id.',
  words: ['REQUEST_ID'],
  async run(context, given) {
    const requestId = given.word(0)
    const { store } = await context.deps()
    const refusal = await store.refusals.find(requestId)
    const events = await store.auditTrail.latest({ requestId }, MOST)
    if (!refusal && events.length === 0) {
      throw new Refusal(
        'nothing is known of that request: refusals are kept for a week, and some of a flood are not. The log has each by this id',
      )
    }
    const { at, route, code, description, cause } = refusal ?? {}
    const text = [
      ...(refusal
        ? [properties({ refused: at, route, code, told: description || undefined, because: cause || undefined })]
        : []),
      ...(events.length > 0 ? [eventTable(events)] : []),
    ].join('\n\n')
    return { text, json: { refusal: refusal ?? null, events } }
  },
}
