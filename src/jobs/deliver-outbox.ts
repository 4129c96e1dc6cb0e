import { openedLetter } from '../accounts/letter.ts'
import type { Deps } from '../deps.ts'
import type { Waiting } from '../store/outbox.ts'
import { writtenLetter } from '../views/mail/letter.ts'
import type { Job } from './schedule.ts'

const AT_ONCE = 5
const MOST_ROUNDS = 50
/** Longer than an attempt may take, so that nobody else tries meanwhile. */
const CLAIM_SECONDS = 120
const FIRST_PAUSE_SECONDS = 30
const LONGEST_PAUSE_SECONDS = 3600

/** Gives what waits to the mail server, each mail to one attempt at a time, and erases it when it is taken or too old. */
export const deliverOutbox: Job = {
  name: 'deliver-outbox',
  everySeconds: 5,
  async run(deps) {
    for (const { id, topic, lastError } of await deps.store.outbox.bury()) {
      if (deps.mailer) deps.log.error({ mail: id, topic, lastError }, 'a mail was given up')
    }
    if (!deps.mailer) return
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const due = await deps.store.outbox.claim(AT_ONCE, CLAIM_SECONDS)
      if (due.length === 0) return
      await Promise.all(due.map((waiting) => attempt(deps, waiting)))
    }
  },
}

async function attempt(deps: Deps, waiting: Waiting): Promise<void> {
  const { id, topic, attempts } = waiting
  try {
    await send(deps, waiting)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    const seconds = Math.min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
    deps.log.warn({ mail: id, topic, attempts, reason }, 'a mail could not be sent')
    return await deps.store.outbox.postpone(id, reason, seconds)
  }
  await deps.store.outbox.deliver(id)
  deps.log.info({ mail: id, topic, attempts }, 'a mail was sent')
}

async function send({ sealer, config, mailer }: Deps, waiting: Waiting): Promise<void> {
  const envelope = openedLetter({ sealer }, waiting)
  if (!envelope) throw new Error('sealed with another key')
  await mailer?.send({ id: waiting.id, to: envelope.to, ...writtenLetter(envelope, config) })
}
