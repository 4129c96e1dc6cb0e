import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { type AdminCall, apiAs, registerAdminClient } from '../support/administrator.ts'
import { startServer, type TestServer } from '../support/server.ts'

suite('the admin API: audit log and deliveries', () => {
  let server: TestServer
  let call: AdminCall
  let user: { readonly id: string }
  before(async () => {
    server = await startServer()
    const admin = await registerAdminClient(server)
    ;({ call, user } = await apiAs(server, admin, ['administrator']))
    for (const name of ['a', 'b', 'c', 'd']) await call('POST', '/roles', { name })
  })
  after(() => server.close())

  const typesOf = (body: { items: readonly { type: string }[] }) => body.items.map(({ type }) => type)

  test('events are listed newest first, page by page', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const answer = await call('GET', `/audit?limit=3${cursor}`)
      assert.equal(answer.statusCode, 200, answer.body)
      seen.push(...answer.json().items.map(({ id }: { id: string }) => id))
      cursor = answer.json().next_cursor ? `&cursor=${answer.json().next_cursor}` : ''
    } while (cursor !== '')
    const all = await server.deps.store.auditTrail.after(undefined, 1000)
    assert.deepEqual(seen, all.map(({ id }) => id).toReversed())
  })

  test('each filter leaves what it says', async () => {
    assert.deepEqual(typesOf((await call('GET', '/audit?type=role.created&limit=2')).json()), [
      'role.created',
      'role.created',
    ])
    const [newest] = (await call('GET', `/audit?actor=user:${user.id}`)).json().items
    const one = (await call('GET', `/audit?request_id=${newest.request_id}`)).json().items
    assert.deepEqual(
      one.map(({ id }: { id: string }) => id),
      [newest.id],
    )
    assert.equal((await call('GET', '/audit?outcome=failure&type=role.created')).json().items.length, 0)
    const now = server.clock.now().toISOString()
    assert.equal((await call('GET', `/audit?type=role.created&from=${encodeURIComponent(now)}`)).json().items.length, 0)
    assert.equal((await call('GET', `/audit?type=role.created&to=${encodeURIComponent(now)}`)).json().items.length, 4)
    assert.ok((await call('GET', `/audit?user_id=${user.id}`)).json().items.length > 0)
    for (const wrong of ['user_id=x', 'outcome=maybe', 'from=yesterday', 'kind=x', 'type=a&type=b']) {
      assert.equal((await call('GET', `/audit?${wrong}`)).statusCode, 400, wrong)
    }
  })

  test('an event is read by its id', async () => {
    const [newest] = (await call('GET', '/audit?type=role.created&limit=1')).json().items
    assert.deepEqual((await call('GET', `/audit/${newest.id}`)).json(), newest)
    assert.equal((await call('GET', `/audit/${user.id}`)).statusCode, 404)
    assert.equal((await call('GET', '/audit/nothing')).statusCode, 400)
  })

  test('the export gives every event a line, by the same filters, and is an event itself', async () => {
    const answer = await call('GET', '/audit/export?type=role.created')
    assert.match(String(answer.headers['content-type']), /^application\/x-ndjson/)
    const lines = answer.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ detail }) => detail.role),
      ['d', 'c', 'b', 'a'],
    )
    const [exported] = await server.deps.store.auditTrail.latest({ type: 'audit.exported' }, 1)
    assert.deepEqual([exported?.actor, exported?.detail], [`user:${user.id}`, { filter: { type: 'role.created' } }])
  })

  test('the chain is verified, and says what was done to it', async () => {
    await sealAudit.run(server.deps)
    const whole = await call('POST', '/audit/verification', {})
    assert.equal(whole.statusCode, 200, whole.body)
    assert.deepEqual([whole.json().is_intact, whole.json().faults], [true, []])
    assert.ok(whole.json().through > 0)
    assert.equal((await call('POST', '/audit/verification', {})).statusCode, 409) // not twice within seconds
    server.clock.advance(6)
    await server.database.asOwner(async (db) => {
      await db.updateTable('audit_event').set({ actor: 'operator' }).where('type', '=', 'role.created').execute()
    })
    const broken = (await call('POST', '/audit/verification', {})).json()
    assert.equal(broken.is_intact, false)
    assert.deepEqual([...new Set(broken.faults.map(({ kind }: { kind: string }) => kind))], ['changed'])
    assert.equal((await call('POST', '/audit/verification', { since: 'postern-audit.1' })).statusCode, 400)
  })

  test('deliveries are listed by channel and state, without what they say', async () => {
    const mail = (id: string) => ({ id, topic: 'notice', payload: Buffer.from('sealed text'), lifetimeSeconds: 600 })
    const ids = [1, 2, 3].map((n) => `01900000-0000-7000-8000-00000000000${n}`)
    await server.deps.store.outbox.add(ids.map(mail))
    await server.deps.store.outbox.deliver(ids[0]!)
    await server.deps.store.outbox.giveUp(ids[1]!, 'refused')
    const states = async (query: string) => {
      const answer = await call('GET', `/deliveries?channel=mail${query}`)
      assert.equal(answer.statusCode, 200, answer.body)
      assert.ok(!answer.body.includes('payload'))
      return answer.json().items.map(({ id, state }: { id: string; state: string }) => [id, state])
    }
    assert.deepEqual(await states('&state=delivered'), [[ids[0], 'delivered']])
    assert.deepEqual(await states('&state=failed'), [[ids[1], 'failed']])
    assert.deepEqual(await states('&state=waiting'), [[ids[2], 'waiting']])
    assert.equal((await states('')).length, 3)
    assert.equal((await call('GET', '/deliveries?channel=sms')).statusCode, 400)
  })
})
