import { administrationEvent } from '../telemetry/audit.ts'
import type { Job } from './schedule.ts'

const MOST_ROUNDS = 100

/** Drops what the audit has kept long enough, and says so in the audit. */
export const auditRetention: Job = {
  name: 'audit-retention',
  everySeconds: 3600,
  async run(deps) {
    const told = (through: number) => administrationEvent(deps, 'audit.pruned', 'system', { detail: { through } })
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if ((await deps.store.auditChain.prune(deps.config.auditRetentionDays, told)) === 0) return
    }
  },
}
