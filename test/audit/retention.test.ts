import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditRetention } from '../../src/jobs/audit-retention.ts'
import { checkpointAudit } from '../../src/jobs/checkpoint-audit.ts'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { checkpointKey } from '../../src/keys/checkpoint-key.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { verifyChain } from '../../src/telemetry/verify-audit.ts'
import { ENGINE_NAMES, startServer, type TestServer } from '../support/server.ts'

const DAY = 86_400

async function happen(server: TestServer, times: number) {
  for (let n = 0; n < times; n++) {
    await server.deps.store.audit.record(administrationEvent(server.deps, 'role.put', 'operator', {}))
  }
  await sealAudit.run(server.deps)
  await checkpointAudit.run(server.deps)
}

const report = async ({ deps, clock, config }: TestServer) =>
  verifyChain({
    store: deps.store,
    key: await checkpointKey(deps),
    retentionDays: config.auditRetentionDays,
    now: clock.now(),
  })

for (const engine of ENGINE_NAMES) {
  test(`on ${engine}, retention drops whole prefixes that end in a checkpoint, and the rest still proves itself (design.md §7)`, async (t) => {
    const server = await startServer({ AUDIT_RETENTION_DAYS: '30' }, engine)
    t.after(() => server.close())
    await happen(server, 3)
    const first = (await server.deps.store.auditChain.lastCheckpoint())?.seq ?? 0
    server.clock.advance(20 * DAY)
    await happen(server, 3)

    await auditRetention.run(server.deps)
    assert.deepEqual([(await report(server)).from, (await report(server)).faults], [1, []])

    server.clock.advance(11 * DAY) // the first part is 31 days old now
    await auditRetention.run(server.deps)
    await sealAudit.run(server.deps)
    const { from, faults, through } = await report(server)
    assert.deepEqual([from, faults], [first + 1, []])
    assert.equal((await server.audited()).at(-1), 'audit.pruned')
    assert.equal((await server.audited()).length, through - first)
    await auditRetention.run(server.deps)
    assert.equal((await report(server)).through, through, 'nothing is old enough any more')

    server.clock.advance(40 * DAY)
    await checkpointAudit.run(server.deps)
    server.clock.advance(40 * DAY)
    await auditRetention.run(server.deps)
    await sealAudit.run(server.deps)
    assert.deepEqual((await report(server)).faults, [])
    assert.deepEqual(await server.audited(), ['audit.pruned'])
  })
}
