import { openedLetter } from '../accounts/letter.ts'
import type { Deps } from '../deps.ts'
import { sendLogoutToken } from '../logout/back-channel.ts'
import type { Waiting, WaitingLogout } from '../store/outbox.ts'
import { writtenLetter } from '../views/mail/letter.ts'
import type { Job } from './schedule.ts'

const MAILS_AT_ONCE = 5
const LOGOUTS_AT_ONCE = 20
const MOST_ROUNDS = 50
/** Longer than an attempt may take, so that nobody else tries meanwhile. */
const CLAIM_SECONDS = 120
const FIRST_MAIL_PAUSE_SECONDS = 30
const FIRST_LOGOUT_PAUSE_SECONDS = 10
const LONGEST_PAUSE_SECONDS = 3600

/**
 * Gives what waits to the mail server, and to the clients whose sessions have ended: each to one attempt at a time, until it
 * is taken, refused or too old.
 */
export const deliverOutbox: Job = {
  name: 'deliver-outbox',
  everySeconds: 5,
  async run(deps) {
    await bury(deps)
    const { outbox } = deps.store
    await Promise.all([
      deps.mailer &&
        inRounds(
          () => outbox.claim(MAILS_AT_ONCE, CLAIM_SECONDS),
          (mail) => attemptMail(deps, mail),
        ),
      inRounds(
        () => outbox.claimLogouts(LOGOUTS_AT_ONCE, CLAIM_SECONDS),
        (logout) => attemptLogout(deps, logout),
      ),
    ])
  },
}

async function bury({ store, log, mailer }: Deps): Promise<void> {
  for (const { id, channel, topic, clientId, lastError } of await store.outbox.bury()) {
    if (channel === 'logout') log.error({ logout: id, clientId, lastError }, 'a logout token was given up')
    else if (mailer) log.error({ mail: id, topic, lastError }, 'a mail was given up')
  }
}

async function inRounds<Row>(claim: () => Promise<readonly Row[]>, attempt: (row: Row) => Promise<void>) {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const due = await claim()
    if (due.length === 0) return
    await Promise.all(due.map(attempt))
  }
}

/** Twice as long after each attempt. */
const pause = (firstSeconds: number, attempts: number): number =>
  Math.min(firstSeconds * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)

async function attemptMail(deps: Deps, waiting: Waiting): Promise<void> {
  const { id, topic, attempts } = waiting
  try {
    await sendMail(deps, waiting)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    deps.log.warn({ mail: id, topic, attempts, reason }, 'a mail could not be sent')
    return await deps.store.outbox.postpone(id, reason, pause(FIRST_MAIL_PAUSE_SECONDS, attempts))
  }
  await deps.store.outbox.deliver(id)
  deps.log.info({ mail: id, topic, attempts }, 'a mail was sent')
}

async function sendMail({ sealer, config, mailer }: Deps, waiting: Waiting): Promise<void> {
  const envelope = openedLetter({ sealer }, waiting)
  if (!envelope) throw new Error('sealed with another key')
  await mailer?.send({ id: waiting.id, to: envelope.to, ...writtenLetter(envelope, config) })
}

async function attemptLogout(deps: Deps, waiting: WaitingLogout): Promise<void> {
  const { id, clientId, attempts } = waiting
  const { log, store } = deps
  const answer = await sendLogoutToken(deps, waiting)
  if (answer.outcome === 'delivered') {
    await store.outbox.deliver(id)
    return log.info({ logout: id, clientId, attempts }, 'a logout token was delivered')
  }
  const { outcome, error } = answer
  log.warn({ logout: id, clientId, attempts, outcome, reason: error }, 'a logout token was not taken')
  if (outcome === 'refused') await store.outbox.giveUp(id, error)
  else await store.outbox.postpone(id, error, pause(FIRST_LOGOUT_PAUSE_SECONDS, attempts))
}
