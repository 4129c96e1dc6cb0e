import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { apiAs, registerAdminClient } from '../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('the admin API: signing keys', () => {
  let server: TestServer
  let admin: TestClient
  before(async () => {
    server = await startServer()
    admin = await registerAdminClient(server)
  })
  after(() => server.close())
  const administrator = () => apiAs(server, admin, ['administrator'])

  test('the keys are listed with their way, and without any private part', async () => {
    const { call } = await administrator()
    const answer = await call('GET', '/keys')
    assert.equal(answer.statusCode, 200, answer.body)
    const { items } = answer.json()
    assert.deepEqual(items.map(({ state }: { state: string }) => state).sort(), ['current', 'next'])
    for (const secret of ['"d"', 'private', '"n"']) assert.ok(!answer.body.includes(secret))
  })

  test('the next key signs once every validator can know it, and not before', async () => {
    const { call } = await administrator()
    const early = await call('POST', '/keys/rotate')
    assert.equal(early.statusCode, 409)
    assert.match(early.json().detail, /published long enough.*wait \d+ s/)
    server.clock.advance(605)
    const { call: later, user } = await administrator()
    const rotated = await later('POST', '/keys/rotate')
    assert.equal(rotated.statusCode, 200, rotated.body)
    const { items } = (await later('GET', '/keys')).json()
    const current = items.find(({ state }: { state: string }) => state === 'current')
    assert.equal(current.kid, rotated.json().kid)
    const retired = items.find(({ state }: { state: string }) => state === 'retired')
    assert.equal(Date.parse(retired.dropped_at) - Date.parse(retired.retired_at), 8 * 86_400_000)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'key.rotated' }, 1)
    assert.equal(event?.actor, `user:${user.id}`)
    assert.ok(event?.request_id && event.session_id)
    assert.deepEqual(event?.detail, { kid: current.kid })
  })

  test('in an emergency the current key is gone at once, and a retired one by its name', async () => {
    const { call } = await administrator()
    const before = (await call('GET', '/keys')).json().items
    const kidOf = (state: string) => before.find((key: { state: string }) => key.state === state)?.kid
    assert.equal((await call('DELETE', `/keys/${kidOf('current')}`)).statusCode, 404)
    assert.equal((await call('DELETE', `/keys/${kidOf('retired')}`)).statusCode, 204)
    const replaced = await call('POST', '/keys/emergency')
    assert.equal(replaced.statusCode, 200, replaced.body)
    assert.equal(replaced.json().gone, kidOf('current'))
    server.clock.advance(6) // a node may know the keys for five seconds
    assert.equal((await call('GET', '/keys')).statusCode, 401) // what it signed is refused
  })

  test('moving the keys needs its permission and a fresh sign-in', async () => {
    const { call } = await administrator()
    await call('POST', '/roles', { name: 'watcher', permissions: ['keys:read'] })
    const watcher = await apiAs(server, admin, ['watcher'])
    assert.equal((await watcher.call('GET', '/keys')).statusCode, 200)
    assert.equal((await watcher.call('POST', '/keys/rotate')).statusCode, 403)
    server.clock.advance(301)
    for (const path of ['/keys/rotate', '/keys/emergency']) {
      assert.equal((await call('POST', path)).statusCode, 401)
    }
  })
})
