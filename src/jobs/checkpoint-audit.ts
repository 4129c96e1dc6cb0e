import type { Deps } from '../deps.ts'
import { checkpointKey } from '../keys/checkpoint-key.ts'
import { createOutbound } from '../outbound/fetch-safely.ts'
import { stateCheckpoint } from '../telemetry/audit-checkpoint.ts'
import type { Job } from './schedule.ts'

/** Signs how the audit chain stands, each minute in which it has grown, and tells it to where the database does not reach. */
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
    await post(deps, statement)
  },
}

async function hasGrown({ store }: Pick<Deps, 'store'>): Promise<boolean> {
  const head = await store.auditChain.findHead()
  const last = await store.auditChain.lastCheckpoint()
  return head !== undefined && head.seq > (last?.seq ?? 0)
}

const RECEIVER = { maxBytes: 65_536, timeoutMs: 10_000 } as const

/** One that gets lost is made good by the next, which vouches for all before it. */
async function post({ config, log }: Pick<Deps, 'config' | 'log'>, checkpoint: string): Promise<void> {
  const { auditWebhookUrl, outboundAllow, issuer } = config
  if (!auditWebhookUrl) return
  try {
    const { status } = await createOutbound({ allow: outboundAllow }).fetch(auditWebhookUrl.reveal(), {
      ...RECEIVER,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ issuer, checkpoint }),
    })
    if (status >= 300) log.warn({ status }, 'an audit checkpoint was not taken')
  } catch (error) {
    log.warn({ err: error }, 'an audit checkpoint could not be posted')
  }
}
