import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../src/base/random.ts'
import { checkpointAudit } from '../../src/jobs/checkpoint-audit.ts'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { startShell } from '../cli/shell.ts'

const { deps, run, json } = await startShell()
const EVIL = '=1+1\n\u001b[31mred\u2028\u202e","x'
const clock = { now: () => new Date() }

const event = administrationEvent({ clock, random: systemRandom }, 'client.put', 'operator', { clientId: EVIL })
await deps.store.audit.record({ ...event, reason: '-2', requestId: 'a-request', address: '198.51.100.0/24' })

test('the chain is verified by command, from a checkpoint too (design.md §7)', async () => {
  const waiting = await run(['audit', 'verify'])
  assert.match(waiting.out, /events wait to be sealed/)
  assert.equal(waiting.code, 0)
  await sealAudit.run(deps)
  await checkpointAudit.run(deps)
  const { code, out } = await run(['audit', 'verify'])
  assert.equal(code, 0)
  assert.match(out, /^Read seals 1 to \d+ and 1 checkpoints\.\nNothing was changed, removed, moved or put in\.\n$/)
  const statement = (await deps.store.auditChain.lastCheckpoint())?.statement ?? ''
  assert.equal((await run(['audit', 'verify', '--since', statement])).code, 0)
  const forged = await run(['audit', 'verify', '--since', statement.replace('.1.', '.2.')])
  assert.equal(forged.code, 1)
  assert.match(forged.error, /has not signed/)
  const { faults, checkpointKey } = await json(['audit', 'verify'])
  assert.deepEqual(faults, [])
  assert.match(String(checkpointKey), /BEGIN PUBLIC KEY/)
})

test('the latest events are shown, and a terminal obeys none of them (A162)', async () => {
  const { out } = await run(['audit', 'tail'])
  assert.match(out, /^AT +TYPE/)
  assert.ok(out.includes('client.put'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(out.replaceAll('\n', ''), /[\u0000-\u001f\u2028-\u202e]/)
  const { events } = await json(['audit', 'tail', '--type', 'client.put'])
  assert.ok(Array.isArray(events))
  assert.deepEqual(
    events.map(({ client_id }) => client_id),
    [EVIL],
  )
  assert.equal((await run(['audit', 'tail', '--limit', '0'])).code, 2)
  assert.equal((await run(['audit', 'tail', '--client', 'nobody'])).out, 'No events.\n')
})

test('an export has one line an event, and reads back as it was (A162)', async () => {
  const { code, out } = await run(['audit', 'export'])
  assert.equal(code, 0)
  const lines = out.trimEnd().split(/[\n\r\u2028\u2029\u0085]/)
  const events = lines.map((line) => JSON.parse(line))
  assert.equal(events.length, (await deps.store.auditTrail.after(undefined, 1000)).length)
  const found = events.find(({ id }) => id === event.id)
  assert.equal(found.client_id, EVIL)
  assert.equal(found.address, '198.51.100.0/24')
})

test('a spreadsheet computes nothing of an export (OWASP: CSV Injection)', async () => {
  const { out } = await run(['audit', 'export', '--format', 'csv'])
  const [names, ...lines] = out.trimEnd().split('\n')
  assert.ok(names?.startsWith('id,at,type'))
  const line = lines.find((each) => each.includes('client.put')) ?? ''
  assert.ok(line.includes(`"'=1+1 `))
  assert.ok(line.includes(`"'-2"`))
  assert.ok(line.includes('"",""x"'), 'a quote is doubled')
  assert.equal(lines.length, (await deps.store.auditTrail.after(undefined, 1000)).length)
  assert.equal((await run(['audit', 'export', '--format', 'xml'])).code, 2)
})

test('a request is explained by what it did (pages.md)', async () => {
  const { code, out } = await run(['explain', 'a-request'])
  assert.equal(code, 0)
  assert.ok(out.includes('client.put'))
  const unknown = await run(['explain', 'nothing'])
  assert.equal(unknown.code, 1)
  assert.match(unknown.error, /nothing is known/)
})

test('doctor says that the server cannot change its audit (design.md §7)', async () => {
  const { findings } = await json(['doctor'])
  assert.ok(Array.isArray(findings))
  assert.equal(findings.find(({ code }) => code === 'database.role')?.severity, 'ok')
})
