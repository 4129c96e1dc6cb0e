import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { CompiledQuery, sql } from 'kysely'
import { newId, systemRandom } from '../../src/base/random.ts'
import { checkpointAudit } from '../../src/jobs/checkpoint-audit.ts'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { checkpointKey } from '../../src/keys/checkpoint-key.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { readCheckpoint, stateCheckpoint } from '../../src/telemetry/audit-checkpoint.ts'
import { sealEvents, sealHash } from '../../src/telemetry/seal-audit.ts'
import { type ChainFault, verifyChain } from '../../src/telemetry/verify-audit.ts'
import { ENGINE_NAMES, startServer, type TestServer } from '../support/server.ts'

const TABLES = ['audit_event', 'audit_queue', 'audit_seal', 'audit_head', 'audit_checkpoint'] as const

const asOwner = (server: TestServer, ...statements: readonly string[]) =>
  server.database.asOwner(async (db) => {
    for (const statement of statements) await db.executeQuery(CompiledQuery.raw(statement))
  })

const happen = (server: TestServer, detail: Readonly<Record<string, unknown>> = {}) =>
  server.deps.store.audit.record(administrationEvent(server.deps, 'role.put', 'operator', { detail }))

async function verified(server: TestServer, since?: string) {
  const { store, config } = server.deps
  const key = await checkpointKey(server.deps)
  const checkpoint = since === undefined ? undefined : readCheckpoint(key, since)
  return await verifyChain(
    { store, key, retentionDays: config.auditRetentionDays, now: server.clock.now() },
    checkpoint,
  )
}

/** What is found after somebody with all rights did something. Everything is put back afterwards. */
async function found(
  server: TestServer,
  statements: readonly string[],
  since?: string,
): Promise<readonly ChainFault[]> {
  await asOwner(server, ...TABLES.map((table) => `create table kept_${table} as select * from ${table}`))
  try {
    await asOwner(server, ...statements)
    return (await verified(server, since)).faults
  } finally {
    await asOwner(
      server,
      ...TABLES.toReversed().map((table) => `delete from ${table}`),
      ...TABLES.map((table) => `insert into ${table} select * from kept_${table}`),
      ...TABLES.map((table) => `drop table kept_${table}`),
    )
  }
}

const kindsAndPlaces = (faults: readonly ChainFault[]) => faults.map(({ kind, seq }) => `${kind} ${seq ?? ''}`.trim())

for (const engine of ENGINE_NAMES) {
  suite(`the audit chain on ${engine}`, () => {
    let server: TestServer
    let statement: string
    let ids: readonly string[]
    before(async () => {
      server = await startServer({}, engine)
      for (let n = 0; n < 8; n++) await happen(server, { n, nested: { b: 1, a: ['x', null] } })
      await sealAudit.run(server.deps)
      await checkpointAudit.run(server.deps)
      statement = (await server.deps.store.auditChain.lastCheckpoint())?.statement ?? ''
      for (let n = 0; n < 4; n++) await happen(server)
      await sealAudit.run(server.deps)
      ids = (await server.deps.store.auditChain.listSeals(0, 1000)).map(({ eventId }) => eventId)
    })
    after(() => server.close())
    const place = () => ({ middle: 4, signed: ids.length - 4, end: ids.length })

    test('every event is sealed, in order and without a fault (design.md §7)', async () => {
      const report = await verified(server)
      assert.deepEqual(report, { from: 1, through: ids.length, checkpoints: 1, waiting: 0, faults: [] })
      assert.equal(await sealAudit.isDue?.(server.deps), false)
      assert.equal((await server.audited()).length, ids.length)
    })

    test('the chain can be read from a checkpoint on (design.md §7)', async () => {
      const report = await verified(server, statement)
      assert.deepEqual([report.from, report.through, report.faults], [place().signed + 1, place().end, []])
    })

    const CHANGES: Readonly<Record<string, string>> = {
      at: "at = at + interval '1 microsecond'",
      type: "type = 'role.got'",
      outcome: "outcome = 'failure'",
      actor: "actor = 'nobody'",
      user_id: "user_id = '01890000-0000-7000-8000-000000000000'",
      client_id: "client_id = 'x'",
      session_id: "session_id = '01890000-0000-7000-8000-000000000000'",
      family_id: "family_id = '01890000-0000-7000-8000-000000000000'",
      request_id: "request_id = 'x'",
      reason: "reason = ''",
      detail: `detail = '{"n": 99}'`,
    }
    for (const [column, change] of Object.entries(CHANGES)) {
      test(`an event whose ${column} was changed is named (A178)`, async () => {
        const id = ids[place().middle - 1]
        const faults = await found(server, [`update audit_event set ${change} where id = '${id}'`])
        assert.deepEqual(
          faults.map(({ kind, eventId }) => [kind, eventId]),
          [['changed', id]],
        )
      })
    }

    test('an event that was removed is named, and its seal still has it (A178)', async () => {
      const id = ids[place().middle - 1]
      const faults = await found(server, [`delete from audit_event where id = '${id}'`])
      assert.deepEqual(
        faults.map(({ kind, eventId }) => [kind, eventId]),
        [['removed', id]],
      )
    })

    test('an event that was removed with its seal leaves a gap, which is named (A178)', async () => {
      const faults = await found(server, [
        `delete from audit_event where id = '${ids[3]}'`,
        'delete from audit_seal where seq = 4',
      ])
      assert.deepEqual(kindsAndPlaces(faults), ['removed 4'])
    })

    test('a gap that was closed by counting anew breaks the chain there (A178)', async () => {
      const faults = await found(server, [
        `delete from audit_event where id = '${ids[3]}'`,
        'delete from audit_seal where seq = 4',
        'update audit_seal set seq = seq + 1000 where seq > 4',
        'update audit_seal set seq = seq - 1001 where seq > 1000',
      ])
      assert.equal(kindsAndPlaces(faults)[0], 'broken 4')
    })

    test('two seals that changed places are named (A178)', async () => {
      const faults = await found(server, [
        'update audit_seal set seq = -1 where seq = 4',
        'update audit_seal set seq = 4 where seq = 5',
        'update audit_seal set seq = 5 where seq = -1',
      ])
      assert.deepEqual(kindsAndPlaces(faults), ['broken 4', 'broken 5', 'broken 6'])
      assert.deepEqual(
        faults.map(({ eventId }) => eventId),
        [ids[4], ids[3], ids[5]],
      )
    })

    test('an event that changed together with the text of its seal breaks the chain there (A178)', async () => {
      const faults = await found(server, [
        `update audit_event set actor = 'nobody' where id = '${ids[3]}'`,
        `update audit_seal set text = replace(text, '"actor":"operator"', '"actor":"nobody"') where seq = 4`,
        `update audit_seal set text = replace(text, '"actor":"system"', '"actor":"nobody"') where seq = 4`,
      ])
      assert.deepEqual(kindsAndPlaces(faults), ['broken 4'])
      assert.equal(faults[0]?.eventId, ids[3])
    })

    const INSERT = `insert into audit_event (id, at, type, outcome, actor) values
      ('01890000-0000-7000-8000-000000000000', now(), 'role.put', 'success', 'operator')`
    test('an event that was put in by the side is named (A178)', async () => {
      const faults = await found(server, [INSERT])
      assert.deepEqual(
        faults.map(({ kind, eventId }) => [kind, eventId]),
        [['added', '01890000-0000-7000-8000-000000000000']],
      )
    })

    test('an event that was put in with a seal beyond the end is named (A178)', async () => {
      const faults = await found(server, [
        INSERT,
        `insert into audit_seal values (${place().end + 1}, '01890000-0000-7000-8000-000000000000', '{}', '\\x00')`,
      ])
      assert.deepEqual(kindsAndPlaces(faults), [`added ${place().end + 1}`])
    })

    test('a tail that was cut off is told, also when the head was put back (A178)', async () => {
      const { end, signed } = place()
      const cut = `delete from audit_seal where seq > ${signed - 2}`
      assert.ok(kindsAndPlaces(await found(server, [cut])).includes(`removed ${signed - 1}`))
      const setBack = [
        cut,
        `delete from audit_event where id in ('${ids.slice(signed - 2).join("', '")}')`,
        `update audit_head set seq = ${signed - 2}, hash = (select hash from audit_seal where seq = ${signed - 2})`,
      ]
      assert.deepEqual(kindsAndPlaces(await found(server, setBack)), [`removed ${signed - 1}`])
      const forgotten = [...setBack, 'delete from audit_checkpoint']
      assert.deepEqual(kindsAndPlaces(await found(server, forgotten)), [])
      assert.ok((await found(server, forgotten, statement)).length > 0, 'a checkpoint that was kept elsewhere tells')
      assert.ok(end > signed)
    })

    test('a chain that was rewritten whole, and consistently, contradicts its checkpoint (A178)', async () => {
      const seals = await server.deps.store.auditChain.listSeals(0, 1000)
      const first = seals[0]?.text.replace('"success"', '"failure"') ?? ''
      let hash = Buffer.alloc(32)
      const statements = [`update audit_event set outcome = 'failure' where id = '${ids[0]}'`]
      for (const { seq, text } of seals) {
        const written = seq === 1 ? first : text
        hash = Buffer.from(sealHash(hash, written))
        statements.push(
          `update audit_seal set text = '${written.replaceAll("'", "''")}', hash = '\\x${hash.toString('hex')}' where seq = ${seq}`,
        )
      }
      statements.push(`update audit_head set hash = '\\x${hash.toString('hex')}'`)
      assert.deepEqual(kindsAndPlaces(await found(server, statements)), [`rewritten ${place().signed}`])
      const forged = [...statements, "update audit_checkpoint set statement = 'x'"]
      assert.deepEqual(kindsAndPlaces(await found(server, forged)), [`forged ${place().signed}`])
      const forgotten = [...statements, 'delete from audit_checkpoint']
      assert.deepEqual(kindsAndPlaces(await found(server, forgotten)), [])
      assert.equal((await found(server, forgotten, statement))[0]?.kind, 'rewritten')
    })

    test('a prefix that was dropped before its time is told (A178)', async () => {
      const { signed } = place()
      const drop = [
        `delete from audit_event where id in (select event_id from audit_seal where seq <= ${signed})`,
        `delete from audit_seal where seq <= ${signed}`,
      ]
      const faults = await found(server, drop)
      assert.match(faults[0]?.message ?? '', /too young/)
      assert.match((await found(server, [...drop, 'delete from audit_checkpoint']))[0]?.message ?? '', /no checkpoint/)
    })

    test('a head that is gone is told (A178)', async () => {
      const faults = await found(server, ['delete from audit_head'])
      assert.ok(faults.some(({ message }) => message === 'the head of the chain is gone'))
    })

    test('personal data can be erased, and the chain stands (design.md §7)', async () => {
      const userId = newId(systemRandom, server.clock.now())
      await server.deps.store.audit.record({
        ...administrationEvent(server.deps, 'user.put', 'operator', { userId }),
        address: '198.51.100.0/24',
        userAgent: 'browser',
      })
      await sealAudit.run(server.deps)
      const subjects = async () =>
        (await sql`select 1 from audit_subject where address = '198.51.100.0/24'`.execute(server.database.db)).rows
          .length
      assert.equal(await subjects(), 1)
      await server.deps.store.auditChain.eraseSubject(userId)
      assert.equal(await subjects(), 0)
      assert.deepEqual((await verified(server)).faults, [])
      const [last] = (await server.deps.store.auditChain.listSeals(0, 1000)).slice(-1)
      assert.ok(!last?.text.includes('198.51'))
    })

    test('sealers that race seal each event once (design.md §7)', async () => {
      const wave = async () => {
        await Promise.all(Array.from({ length: 20 }, () => happen(server)))
        await Promise.all(Array.from({ length: 4 }, () => sealAudit.run(server.deps)))
      }
      const before = server.log.filter((line) => line.includes('"message":"audit"')).length
      await wave()
      await Promise.all([wave(), wave()])
      await sealAudit.run(server.deps)
      const { faults, waiting } = await verified(server)
      assert.deepEqual([faults, waiting], [[], 0])
      assert.equal(server.log.filter((line) => line.includes('"message":"audit"')).length - before, 60)
    })

    test('a sealer that comes late changes nothing (design.md §7)', async () => {
      const chain = server.deps.store.auditChain
      const head = await chain.findHead()
      assert.ok(head)
      await happen(server)
      const seals = sealEvents(head, await chain.listWaiting(10))
      assert.equal(await chain.extend(head, seals), true)
      assert.equal(await chain.extend(head, seals), false)
      assert.deepEqual((await verified(server)).faults, [])
    })

    test('an event that was queued again is not sealed again (A178)', async () => {
      await sql`insert into audit_queue values (${ids[0]})`.execute(server.database.db)
      await sealAudit.run(server.deps)
      assert.deepEqual((await verified(server)).faults, [])
      await sql`delete from audit_queue`.execute(server.database.db)
    })
  })
}

suite('what the audit tells outside the database', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())
  const linesOf = (message: string) =>
    server.log.filter((line) => line.includes(`"message":"${message}"`)).map((line) => [line, JSON.parse(line)])

  test('one event is one line, whatever stands in its fields (A162)', async () => {
    const evil = 'a\nb\r\u001b[31m\u2028\u2029\u0085"}{\\\u202e'
    const event = administrationEvent(server.deps, 'client.put', 'operator', { clientId: evil, detail: { name: evil } })
    await server.deps.store.audit.record({ ...event, reason: evil, requestId: evil })
    await sealAudit.run(server.deps)
    const [[line, read]] = linesOf('audit').slice(-1) as [[string, Record<string, string>]]
    assert.equal(line.trimEnd().split(/[\n\r\u2028\u2029\u0085]/).length, 1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(line.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
    assert.equal(read.client_id, evil)
    assert.equal(JSON.parse(read.detail ?? '').name, evil)
    assert.equal(read.event, event.id)
    assert.match(read.hash ?? '', /^[0-9a-f]{64}$/)
  })

  test('a checkpoint goes to the log whole, and a changed one is not ours (design.md §7)', async () => {
    await checkpointAudit.run(server.deps)
    const [[, read]] = linesOf('audit checkpoint').slice(-1) as [[string, { checkpoint: string; seq: number }]]
    const key = await checkpointKey(server.deps)
    const head = await server.deps.store.auditChain.findHead()
    const checkpoint = readCheckpoint(key, read.checkpoint)
    assert.deepEqual({ seq: checkpoint?.seq, hash: checkpoint?.hash }, { ...head })
    assert.equal(await checkpointAudit.isDue?.(server.deps), false)
    for (const [from, to] of [
      [`.${read.seq}.`, `.${read.seq + 1}.`],
      [/[0-9a-f]$/, '?'],
      ['postern-audit.1', 'postern-audit.2'],
    ] as const) {
      assert.equal(readCheckpoint(key, read.checkpoint.replace(from, to)), undefined)
    }
    const last = read.checkpoint.slice(-1) === '0' ? '1' : '0'
    assert.equal(readCheckpoint(key, read.checkpoint.slice(0, -1) + last), undefined)
    assert.equal(readCheckpoint(key, ''), undefined)
    const other = await startServer()
    try {
      const stranger = await checkpointKey(other.deps)
      assert.ok(head)
      assert.equal(readCheckpoint(key, stateCheckpoint(stranger, head, server.clock.now())), undefined)
    } finally {
      await other.close()
    }
  })

  test('a checkpoint is posted to where the operator keeps it, and a receiver that fails is no fault (design.md §7)', async (t) => {
    const got: string[] = []
    let status = 204
    const receiver = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => got.push(text))
      request.on('end', () => response.writeHead(status).end())
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    t.after(() => receiver.close())
    const { port } = receiver.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/audit?token=of-the-receiver`
    const posting = await startServer({ AUDIT_WEBHOOK_URL: url, OUTBOUND_ALLOW: `127.0.0.1:${port}` })
    t.after(() => posting.close())
    for (status of [204, 500]) {
      await happen(posting)
      await sealAudit.run(posting.deps)
      await checkpointAudit.run(posting.deps)
      const last = await posting.deps.store.auditChain.lastCheckpoint()
      assert.deepEqual(JSON.parse(got.pop() ?? ''), { issuer: posting.config.issuer, checkpoint: last?.statement })
    }
    assert.ok(posting.log.some((line) => line.includes('an audit checkpoint was not taken')))
    receiver.close()
    await happen(posting)
    await sealAudit.run(posting.deps)
    await checkpointAudit.run(posting.deps)
    assert.ok(posting.log.some((line) => line.includes('an audit checkpoint could not be posted')))
    assert.ok(!posting.log.some((line) => line.includes('of-the-receiver')))
  })
})
