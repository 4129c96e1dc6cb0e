import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { apiAs, registerAdminClient } from '../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('the admin API: roles', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer()
    client = await registerAdminClient(server)
  })
  after(() => server.close())

  test('tells who calls what they may do', async () => {
    const { call, user } = await apiAs(server, client, ['administrator'])
    const answer = await call('GET', '/me')
    assert.equal(answer.statusCode, 200, answer.body)
    const { sub, permissions } = answer.json()
    assert.equal(sub, user.id)
    assert.ok(permissions.includes('keys:rotate'))
  })

  test('a role is made once, changed from the version that was seen, and deleted', async () => {
    const { call } = await apiAs(server, client, ['administrator'])
    const role = { name: 'clerk', description: 'Looks things up', permissions: ['users:read'] }
    const key = { 'idempotency-key': 'make-clerk' }
    const made = await call('POST', '/roles', role, key)
    assert.equal(made.statusCode, 201, made.body)
    assert.equal(made.headers.location, '/admin/api/v1/roles/clerk')
    const again = await call('POST', '/roles', role, key)
    assert.deepEqual([again.statusCode, again.body, again.headers.etag], [201, made.body, made.headers.etag])
    assert.equal((await call('POST', '/roles', { ...role, name: 'other' }, key)).statusCode, 422)
    assert.equal((await call('POST', '/roles', role)).statusCode, 409)
    assert.equal((await call('PATCH', '/roles/clerk', { description: 'x' })).statusCode, 428)
    const version = { 'if-match': String(made.headers.etag) }
    const changed = await call('PATCH', '/roles/clerk', { description: 'Helps' }, version)
    assert.equal(changed.json().description, 'Helps', changed.body)
    assert.deepEqual(changed.json().permissions, ['users:read'])
    assert.equal((await call('PATCH', '/roles/clerk', { description: 'x' }, version)).statusCode, 412)
    assert.equal((await call('DELETE', '/roles/clerk')).statusCode, 204)
    assert.equal((await call('GET', '/roles/clerk')).statusCode, 404)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'role.updated' }, 1)
    assert.deepEqual(event?.detail, {
      role: 'clerk',
      before: { description: 'Looks things up' },
      after: { description: 'Helps' },
    })
  })

  test('unknown fields, wrong media types and unknown names are told as problems', async () => {
    const { call } = await apiAs(server, client, ['administrator'])
    const wrong = await call('POST', '/roles', { name: 'x', is_admin: true, permissions: ['everything'] })
    assert.match(String(wrong.headers['content-type']), /^application\/problem\+json/)
    assert.deepEqual(
      [
        wrong.statusCode,
        wrong
          .json()
          .errors.map(({ field }: { field: string }) => field)
          .sort(),
      ],
      [400, ['is_admin', 'permissions.0']],
    )
    assert.equal((await call('POST', '/roles', { name: 'x' }, { 'content-type': 'text/plain' })).statusCode, 415)
    assert.equal((await call('GET', '/roles/nobody')).json().type, 'urn:postern:problem:not-found')
    assert.equal((await call('GET', '/nothing')).statusCode, 404)
    assert.equal((await call('GET', '/roles?x=1')).statusCode, 400)
  })

  test('without a second factor, a fresh sign-in, the scope or a permission there is no way in', async () => {
    const limited = await apiAs(server, client, ['administrator'], { isMfa: false }).catch((error: unknown) =>
      String(error),
    )
    assert.match(String(limited), /second-factor|no code/)
    const narrow = await apiAs(server, client, ['administrator'], { scope: 'openid' })
    assert.equal((await narrow.call('GET', '/me')).statusCode, 403)
    const { call } = await apiAs(server, client, ['administrator'])
    server.clock.advance(301)
    const stale = await call('DELETE', '/roles/clerk')
    assert.equal(stale.statusCode, 401)
    assert.match(String(stale.headers['www-authenticate']), /insufficient_user_authentication.*max_age="300"/)
  })

  test('a role is granted for a time, by whom and why, and not beyond what its giver has', async () => {
    const { call, user } = await apiAs(server, client, ['administrator'])
    await call('POST', '/roles', { name: 'helper', permissions: ['users:read'] })
    await call('POST', '/roles', { name: 'giver', permissions: ['users:read', 'roles:grant', 'roles:read'] })
    const person = await server.makeUser()
    const until = new Date(server.clock.now().getTime() + 3_600_000).toISOString()
    const granted = await call('PUT', `/users/${person.id}/roles/helper`, { expires_at: until, reason: 'On call' })
    assert.equal(granted.statusCode, 200, granted.body)
    assert.deepEqual([granted.json().granted_by, granted.json().reason], [`user:${user.id}`, 'On call'])
    const giver = await apiAs(server, client, ['giver'])
    const other = await server.makeUser()
    assert.equal((await giver.call('PUT', `/users/${other.id}/roles/helper`, {})).statusCode, 200)
    assert.equal((await giver.call('PUT', `/users/${other.id}/roles/giver`, {})).statusCode, 403)
    assert.equal((await giver.call('PUT', `/users/${other.id}/roles/administrator`, {})).statusCode, 403)
    assert.equal((await giver.call('PUT', `/users/${user.id}/roles/helper`, {})).statusCode, 403)
    assert.equal((await giver.call('PUT', `/users/${giver.user.id}/roles/helper`, {})).statusCode, 403)
    assert.ok((await server.audited()).includes('administration.denied'))
  })

  test('the document is OpenAPI 3.1 and names every operation', async () => {
    const { call } = await apiAs(server, client, ['administrator'])
    const document = (await call('GET', '/openapi.json')).json()
    assert.equal(document.openapi, '3.1.0')
    assert.equal(document.paths['/roles/{name}'].patch['x-permission'], 'roles:write')
    assert.equal(
      document.paths['/roles'].post.responses[201].content['application/json'].schema.$ref,
      '#/components/schemas/Role',
    )
  })
})
