import type { Deps } from '../deps.ts'
import { checkpointKey } from '../keys/checkpoint-key.ts'
import { stateCheckpoint } from '../telemetry/audit-checkpoint.ts'
import type { Job } from './schedule.ts'

/** Signs how the audit chain stands, each minute in which it has grown, and tells it to the log, which is not in the database. */
export const checkpointAudit: Job = {
  name: 'checkpoint-audit',
  everySeconds: 60,
  isDue: hasGrown,
  async run(deps) {
    const { store, log } = deps
    const head = await store.auditChain.findHead()
    if (!head || !(await hasGrown(deps))) return
    const statement = stateCheckpoint(await checkpointKey(deps), head, await store.time())
    await store.auditChain.addCheckpoint(head.seq, statement)
    log.info({ seq: head.seq, checkpoint: statement }, 'audit checkpoint')
  },
}

async function hasGrown({ store }: Pick<Deps, 'store'>): Promise<boolean> {
  const head = await store.auditChain.findHead()
  const last = await store.auditChain.lastCheckpoint()
  return head !== undefined && head.seq > (last?.seq ?? 0)
}
