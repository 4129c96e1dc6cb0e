import type { Deps } from '../deps.ts'
import { type Seal, sealEvents } from '../telemetry/seal-audit.ts'
import type { Job } from './schedule.ts'

const AT_ONCE = 500
const MOST_ROUNDS = 100

/** Links what happened into the audit chain, within a second, and tells each event to the log. */
export const sealAudit: Job = {
  name: 'seal-audit',
  everySeconds: 1,
  isDue: ({ store }) => store.auditChain.hasWaiting(),
  async run(deps) {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if (!(await sealSome(deps))) return
    }
  },
}

/** @returns whether there may be more */
async function sealSome({
  store: { auditChain },
  log,
  metrics,
}: Pick<Deps, 'store' | 'log' | 'metrics'>): Promise<boolean> {
  const head = await auditChain.findHead()
  if (!head) throw new Error('the head of the audit chain is gone: nothing can be sealed')
  const events = await auditChain.listWaiting(AT_ONCE)
  if (events.length === 0) return false
  const seals = sealEvents(head, events)
  if (!(await auditChain.extend(head, seals))) return true // another node was first
  // Only here: whoever moved the head tells these events, once, and what is told has been committed.
  for (const [index, { id, detail, ...event }] of events.entries()) {
    log.info({ ...event, event: id, detail: JSON.stringify(detail), ...placeOf(seals[index]) }, 'audit')
    metrics.events.add({ type: event.type, outcome: event.outcome })
  }
  return events.length === AT_ONCE
}

const placeOf = (seal: Seal | undefined) => ({ seq: seal?.seq, hash: seal?.hash.toString('hex') })
