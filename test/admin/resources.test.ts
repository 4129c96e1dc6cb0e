import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type AdminCall, apiAs, registerAdminClient } from '../support/administrator.ts'
import { startServer, type TestServer } from '../support/server.ts'

const API = `https://api.example/v1/${'long/'.repeat(40)}?tenant=a`
const PATH = `/resources/${encodeURIComponent(API)}`

suite('the admin API: resources', () => {
  let server: TestServer
  let call: AdminCall
  before(async () => {
    server = await startServer()
    call = (await apiAs(server, await registerAdminClient(server), ['administrator'])).call
  })
  after(() => server.close())

  test('a resource is made once, read by its percent-encoded identifier, and changed from the version that was seen', async () => {
    const resource = { identifier: API, name: 'API', scopes: { 'api:read': 'Read' } }
    const made = await call('POST', '/resources', resource)
    assert.equal(made.statusCode, 201, made.body)
    assert.equal(made.headers.location, `/admin/api/v1${PATH}`)
    assert.equal((await call('POST', '/resources', resource)).statusCode, 409)
    const read = await call('GET', PATH)
    assert.equal(read.statusCode, 200, read.body)
    assert.deepEqual([read.json().scopes, read.json().scopes_by_role], [{ 'api:read': 'Read' }, false])
    const version = { 'if-match': String(read.headers.etag) }
    assert.equal((await call('PATCH', PATH, { scopes_by_role: true })).statusCode, 428)
    const changed = await call('PATCH', PATH, { scopes_by_role: true }, version)
    assert.deepEqual([changed.json().name, changed.json().scopes_by_role], ['API', true])
    assert.equal((await call('PATCH', PATH, { name: 'x' }, version)).statusCode, 412)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'resource.updated' }, 1)
    assert.deepEqual(event?.detail, {
      resource: API,
      before: { scopes_by_role: false },
      after: { scopes_by_role: true },
    })
  })

  test('what is no resource, or no client, is told by its field', async () => {
    const fields = async (body: object) =>
      (await call('POST', '/resources', body)).json().errors.map(({ field }: { field: string }) => field)
    assert.deepEqual(await fields({ identifier: 'not a uri' }), ['identifier'])
    assert.deepEqual(await fields({ identifier: server.config.issuer }), ['identifier'])
    assert.deepEqual(await fields({ identifier: 'https://b.example', introspection_clients: ['nobody'] }), [
      'introspection_clients.0',
    ])
    assert.deepEqual(await fields({ identifier: 'https://b.example', scopes: { openid: '' } }), ['scopes.openid'])
  })

  test('a resource that a client may ask tokens for stays', async () => {
    const identifier = 'https://used.example'
    await call('POST', '/resources', { identifier, scopes: { 'used:read': '' } })
    const client = await server.register({ resources: [identifier], scope: 'openid used:read' })
    const path = `/resources/${encodeURIComponent(identifier)}`
    assert.equal((await call('DELETE', path)).statusCode, 409)
    await call('PATCH', `/clients/${client.clientId}`, { resources: [], scope: 'openid' }, { 'if-match': '*' })
    assert.equal((await call('DELETE', path)).statusCode, 204)
    assert.equal((await call('DELETE', path)).statusCode, 404)
  })

  test('the list is paged by its key', async () => {
    for (const name of ['x', 'y', 'z']) await call('POST', '/resources', { identifier: `https://${name}.example` })
    const first = (await call('GET', '/resources?limit=3')).json()
    const rest = (await call('GET', `/resources?limit=3&cursor=${first.next_cursor}`)).json()
    const all = [...first.items, ...rest.items].map(({ identifier }: { identifier: string }) => identifier)
    assert.deepEqual(all, [...all].sort())
    assert.equal(rest.next_cursor, undefined)
  })
})
