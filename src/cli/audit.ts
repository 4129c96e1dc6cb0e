import { isId } from '../base/random.ts'
import { checkpointKey } from '../keys/checkpoint-key.ts'
import type { AuditedEvent } from '../store/audit-trail.ts'
import { readCheckpoint } from '../telemetry/audit-checkpoint.ts'
import { verifyChain } from '../telemetry/verify-audit.ts'
import { auditExportCommand } from './audit-export.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { table } from './output.ts'
import { Refusal, UsageError } from './refusal.ts'

const COLUMNS = ['at', 'type', 'outcome', 'actor', 'client', 'reason', 'address', 'request'] as const

/** Events as a terminal shows them. */
export const eventTable = (events: readonly AuditedEvent[]): string =>
  table(
    COLUMNS,
    events.map(({ at, type, outcome, actor, client_id, reason, address, request_id }) => [
      at,
      type,
      outcome,
      actor,
      client_id,
      reason,
      address,
      request_id,
    ]),
  )

const MOST = 10_000

const tailCommand: Command = {
  name: 'audit tail',
  summary: 'Show the latest audit events, the last one last.',
  options: {
    limit: { type: 'string', value: 'N', meaning: 'How many at most. Default: 20.' },
    type: { type: 'string', value: 'TYPE', meaning: 'Only of this type, such as user.signed_in.' },
    user: { type: 'string', value: 'USER', meaning: 'Only about this user: a name, an e-mail address, or an id.' },
    client: { type: 'string', value: 'CLIENT_ID', meaning: 'Only about this client.' },
  },
  async run(context, given) {
    const limit = Number(given.text('limit') ?? 20)
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
      throw new UsageError(`--limit is a whole number from 1 to ${MOST}`)
    }
    const { store } = await context.deps()
    const user = given.text('user')
    // The id of a user who is gone still finds what they did.
    const userId = user === undefined || isId(user) ? user : (await findUser(store, user)).id
    const filter = { type: given.text('type'), clientId: given.text('client'), userId }
    const events = await store.auditTrail.latest(filter, limit)
    return { text: events.length === 0 ? 'No events.' : eventTable(events), json: { events } }
  },
}

const verifyCommand: Command = {
  name: 'audit verify',
  summary: 'Look for audit events that were changed, removed, moved or put in. Exit code 1 where there are any.',
  options: {
    since: {
      type: 'string',
      value: 'CHECKPOINT',
      meaning: 'Begin at this checkpoint: postern-audit.… from a line of the log, best from a log kept elsewhere.',
    },
  },
  async run(context, given) {
    const { store, sealer, config } = await context.deps()
    const key = await checkpointKey({ store, sealer })
    const statement = given.text('since')
    const since = statement === undefined ? undefined : readCheckpoint(key, statement)
    if (statement !== undefined && !since) throw new Refusal('this deployment has not signed that checkpoint')
    const { auditRetentionDays: retentionDays } = config
    const report = await verifyChain({ store, key, retentionDays, now: await store.time() }, since)
    const { from, through, checkpoints, waiting, faults } = report
    const text = [
      ...faults.map(({ kind, message }) => `${kind.toUpperCase().padEnd(9)}  ${message}`),
      through < from ? 'No seals to read.' : `Read seals ${from} to ${through} and ${checkpoints} checkpoints.`,
      ...(waiting > 0 ? [`${waiting} events wait to be sealed: a running server does it within a second.`] : []),
      faults.length === 0 ? 'Nothing was changed, removed, moved or put in.' : `Faults: ${faults.length}.`,
    ].join('\n')
    return { text, json: { ...report, checkpointKey: key.publicKey }, failed: faults.length > 0 }
  },
}

export const auditCommands: readonly Command[] = [tailCommand, verifyCommand, auditExportCommand]
