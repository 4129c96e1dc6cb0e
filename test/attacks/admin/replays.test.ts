// What is kept under an Idempotency-Key, and who is told it again.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import { apiAs, registerAdminClient } from '../../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'

const MACHINE = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: '' }
const KEY = { 'idempotency-key': 'the-same' }

suite('answers that are told again', () => {
  let server: TestServer
  let client: TestClient
  const event = () => administrationEvent(server.deps, 'test', 'operator', {})
  before(async () => {
    server = await startServer()
    client = await registerAdminClient(server)
    for (const [name, permissions] of Object.entries({
      maker: ['clients:read', 'clients:write', 'secrets:write', 'users:write'],
      lesser: ['clients:read', 'clients:write'],
    })) {
      await server.deps.store.roles.put({ name, description: '', permissions }, event())
    }
  })
  after(() => server.close())

  const grant = (userId: string, role: string) =>
    server.deps.store.userRoles.grant(
      userId,
      { role, grantedBy: 'operator', reason: undefined, expiresAt: undefined },
      event(),
    )

  test('a secret is told again to who was told it, and to nobody else with the same key (A149)', async () => {
    const [one, other] = [await apiAs(server, client, ['maker']), await apiAs(server, client, ['maker'])]
    const made = await one.call('POST', '/clients', MACHINE, KEY)
    const again = await one.call('POST', '/clients', MACHINE, KEY)
    assert.deepEqual([made.statusCode, again.statusCode, again.body], [201, 201, made.body])
    const theirs = await other.call('POST', '/clients', MACHINE, KEY)
    assert.equal(theirs.statusCode, 201)
    assert.notEqual(theirs.json().client_secret, made.json().client_secret)
  })

  test('who has lost a permission since is not told it again, nor who has to sign in again (A148)', async () => {
    const { call, user } = await apiAs(server, client, ['maker', 'lesser'])
    const made = await call('POST', '/clients', MACHINE, KEY)
    const secret: string = made.json().client_secret
    await server.deps.store.userRoles.revoke(user.id, 'maker', event())
    const weaker = await call('POST', '/clients', MACHINE, KEY)
    assert.deepEqual([weaker.statusCode, weaker.body.includes(secret)], [422, false])
    await server.deps.store.userRoles.revoke(user.id, 'lesser', event())
    assert.equal((await call('POST', '/clients', MACHINE, KEY)).statusCode, 403)
    await grant(user.id, 'maker')
    await grant(user.id, 'lesser')
    assert.equal((await call('POST', '/clients', MACHINE, KEY)).json().client_secret, secret)
    server.clock.advance(301)
    const stale = await call('POST', '/clients', MACHINE, KEY)
    assert.deepEqual([stale.statusCode, stale.body.includes(secret)], [401, false])
  })

  test('a key is for one request: not for another body, place or kind', async () => {
    const { call } = await apiAs(server, client, ['maker'])
    const { client_id: id } = (await call('POST', '/clients', MACHINE, KEY)).json()
    assert.equal((await call('POST', '/clients', { ...MACHINE, client_name: 'X' }, KEY)).statusCode, 422)
    const added = await call('POST', `/clients/${id}/secrets`, undefined, KEY)
    assert.equal(added.statusCode, 201)
    const { client_id: second } = (await call('POST', '/clients', MACHINE)).json()
    assert.equal((await call('POST', `/clients/${second}/secrets`, undefined, KEY)).statusCode, 422)
    assert.equal(
      (await call('POST', `/clients/${id}/secrets`, undefined, KEY)).json().client_secret,
      added.json().client_secret,
    )
    for (const wrong of ['', ' ', 'a b', 'ä', 'x'.repeat(201)]) {
      assert.equal((await call('POST', '/clients', MACHINE, { 'idempotency-key': wrong })).statusCode, 400, wrong)
    }
  })

  test('what is kept is sealed, and what was refused is not kept', async () => {
    const { call } = await apiAs(server, client, ['maker'])
    const key = { 'idempotency-key': 'mended' }
    assert.equal((await call('POST', '/clients', { scope: 'no such scope' }, key)).statusCode, 400)
    const { client_secret: secret } = (await call('POST', '/clients', MACHINE, key)).json()
    const rows = await server.database.db.selectFrom('idempotent_call').selectAll().execute()
    assert.ok(rows.length > 3)
    for (const { answer, request } of rows) {
      const kept = Buffer.concat([answer ?? Buffer.alloc(0), request]).toString('latin1')
      assert.ok(!kept.includes(secret) && !kept.includes('client_'))
    }
  })
})
