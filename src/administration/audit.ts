import { isId, newId } from '../base/random.ts'
import { checkpointKey } from '../keys/checkpoint-key.ts'
import type { AuditedEvent, AuditFilter } from '../store/audit-trail.ts'
import { administered } from '../telemetry/administered.ts'
import { type Checkpoint, readCheckpoint } from '../telemetry/audit-checkpoint.ts'
import { type ChainReport, verifyChain } from '../telemetry/verify-audit.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { notFound, Refused } from './refused.ts'

interface AuditPage {
  readonly filter: AuditFilter
  /** The id of the last one that was seen. */
  readonly before: string | undefined
  readonly limit: number
}

/** Events, newest first. */
export const listEvents = defineAction({
  permission: 'audit:read',
  run: (deps: AdministrationDeps, _actor, { filter, before, limit }: AuditPage) =>
    deps.store.auditTrail.search(filter, before, limit),
})

export const findEvent = defineAction({
  permission: 'audit:read',
  async run(deps: AdministrationDeps, _actor, { id }: { readonly id: string }): Promise<AuditedEvent> {
    const event = isId(id) ? await deps.store.auditTrail.find(id) : undefined
    if (!event) throw notFound('event')
    return event
  },
})

/** Reads on after an event, newest first. */
export type ReadEvents = (last: AuditedEvent | undefined, limit: number) => Promise<readonly AuditedEvent[]>

/** The way to read every event that a filter leaves, page by page. That somebody took it is an event too. */
export const exportEvents = defineAction({
  permission: 'audit:read',
  async run(deps: AdministrationDeps, actor, { filter }: Pick<AuditPage, 'filter'>): Promise<ReadEvents> {
    await deps.store.audit.record(administered(deps, actor, 'audit.exported', { detail: { filter } }))
    return (last, limit) => deps.store.auditTrail.search(filter, last?.id, limit)
  },
})

/** How much of the chain is read at once: the command line reads all of it. */
const MOST_SEALS = 100_000
const BETWEEN_SECONDS = 5
const DAY_MS = 86_400_000

/**
 * Looks for events that were changed, removed, moved or put in: from a checkpoint, or from one that leaves about a hundred
 * thousand seals to read. Not twice within seconds, by whomever.
 */
export const verifyAudit = defineAction({
  permission: 'audit:read',
  async run(
    deps: AdministrationDeps,
    _actor,
    { since: statement }: { readonly since?: string | undefined },
  ): Promise<ChainReport> {
    const { store, sealer, config, random, clock } = deps
    const key = await checkpointKey({ store, sealer })
    const asked = statement === undefined ? undefined : readCheckpoint(key, statement)
    if (statement !== undefined && !asked) {
      throw new Refused('invalid_request', 'this deployment has not signed that checkpoint', [
        { field: 'since', message: 'is no checkpoint of this deployment' },
      ])
    }
    if (!(await store.leases.take('audit-verification', newId(random, clock.now()), BETWEEN_SECONDS))) {
      throw new Refused('conflict', 'the log is being verified: try again in some seconds')
    }
    const recent = await recentCheckpoint(deps, key)
    const since = recent && (!asked || asked.seq < recent.seq) ? recent : asked
    const now = await store.time()
    const bound = since && { unsealedAfter: newId(ZEROES, new Date(since.at.getTime() - DAY_MS)) }
    return await verifyChain({ store, key, retentionDays: config.auditRetentionDays, now, ...bound }, since)
  },
})

/** The least of the ids of an instant. */
const ZEROES = { bytes: (length: number) => Buffer.alloc(length) }

/** The first checkpoint that leaves no more to read than is read at once; `undefined` where that is all there is. */
async function recentCheckpoint(
  { store: { auditChain } }: AdministrationDeps,
  key: Parameters<typeof readCheckpoint>[0],
): Promise<Checkpoint | undefined> {
  const head = await auditChain.findHead()
  if (!head || head.seq <= MOST_SEALS) return undefined
  const [stored] = await auditChain.listCheckpoints(head.seq - MOST_SEALS, 1)
  return stored && readCheckpoint(key, stored.statement)
}
