// What a limited administrator reaches by a detour: through roles, clients, resources and time.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Permission } from '../../../src/protocol/permission.ts'
import type { RoleChange } from '../../../src/store/roles.ts'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import { apiAs, registerAdminClient } from '../../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'

const PAY = 'https://pay.example/api'
const OPEN = 'https://open.example/api'
const ANY_VERSION = { 'if-match': '*' }
const OFFICE = '198.51.100.0/24'
const MANAGER: readonly Permission[] = [
  'users:read',
  'users:write',
  'roles:read',
  'roles:write',
  'roles:grant',
  'clients:read',
  'clients:write',
  'secrets:write',
  'resources:read',
  'resources:write',
]

suite('privilege by a detour (A141)', () => {
  let server: TestServer
  let client: TestClient
  let admin: Awaited<ReturnType<typeof apiAs>>
  let manager: Awaited<ReturnType<typeof apiAs>>
  const event = () => administrationEvent(server.deps, 'test', 'operator', {})
  const role = (change: Omit<RoleChange, 'description'>) =>
    server.deps.store.roles.put({ description: '', ...change }, event())
  const give = (userId: string, name: string, seconds?: number) =>
    server.deps.store.userRoles.grant(
      userId,
      { role: name, grantedBy: 'operator', reason: undefined, expiresAt: inSeconds(seconds) },
      event(),
    )
  const inSeconds = (seconds: number | undefined) =>
    seconds === undefined ? undefined : new Date(server.clock.now().getTime() + seconds * 1000)

  before(async () => {
    server = await startServer()
    client = await registerAdminClient(server)
    const { resources } = server.deps.store
    const scopes = { pay: 'Pay', 'pay:read': 'Look' }
    await resources.put({ identifier: PAY, name: '', scopes, introspectionClients: [], scopesByRole: true }, event())
    await resources.put({ identifier: OPEN, name: '', scopes: { open: '' }, introspectionClients: [] }, event())
    await role({ name: 'manager', permissions: MANAGER, scopes: { [PAY]: ['pay:read'] } })
    admin = await apiAs(server, client, ['administrator'])
    manager = await apiAs(server, client, ['manager'])
  })
  after(() => server.close())

  const refused = async (answer: ReturnType<typeof manager.call>, what: string) => {
    const { statusCode, body } = await answer
    assert.equal(statusCode, 403, `${what}: ${body}`)
  }
  const allowed = async (answer: ReturnType<typeof manager.call>, what: string) => {
    const { statusCode, body } = await answer
    assert.ok(statusCode < 300, `${what}: ${statusCode} ${body}`)
  }

  test('a role that somebody above holds, or the actor, is not theirs to change or delete', async () => {
    for (const [name, user] of [
      ['held-above', admin.user],
      ['held-myself', manager.user],
    ] as const) {
      await role({ name, permissions: ['users:read'] })
      await give(user.id, name)
      for (const change of [
        { allowed_networks: ['192.0.2.1/32'] },
        { permissions: [] },
        { permissions: ['users:write'] },
        { description: 'x' },
      ]) {
        await refused(manager.call('PATCH', `/roles/${name}`, change, ANY_VERSION), `${name} ${JSON.stringify(change)}`)
      }
      await refused(manager.call('DELETE', `/roles/${name}`), name)
      await allowed(admin.call('PATCH', `/roles/${name}`, { description: 'x' }, ANY_VERSION), name)
    }
    await role({ name: 'held-below', permissions: ['users:read'] })
    await give((await server.makeUser()).id, 'held-below')
    await allowed(manager.call('PATCH', '/roles/held-below', { description: 'x' }, ANY_VERSION), 'held below')
    await allowed(manager.call('DELETE', '/roles/held-below'), 'held below')
  })

  test('who holds a role only until now holds it no more', async () => {
    await role({ name: 'was-held', permissions: ['users:read'] })
    await give(admin.user.id, 'was-held', -1)
    await allowed(manager.call('PATCH', '/roles/was-held', { description: 'x' }, ANY_VERSION), 'held once')
  })

  test('a limited administrator makes no role demand less, and may make it demand more', async () => {
    await role({ name: 'guarded', permissions: ['users:read'], requireMfa: true, allowedNetworks: [OFFICE] })
    for (const change of [
      { require_mfa: false },
      { allowed_networks: [] },
      { allowed_networks: [OFFICE, '0.0.0.0/0'] },
      { allowed_networks: ['0.0.0.0/0'] },
    ]) {
      await refused(manager.call('PATCH', '/roles/guarded', change, ANY_VERSION), JSON.stringify(change))
    }
    await role({ name: 'unguarded', permissions: ['users:read'] })
    const more = { require_mfa: true, allowed_networks: [OFFICE] }
    await allowed(manager.call('PATCH', '/roles/unguarded', more, ANY_VERSION), 'more')
    await allowed(admin.call('PATCH', '/roles/guarded', { require_mfa: false }, ANY_VERSION), 'by who may do all')
  })

  test('nobody gives what they do not have: no permission, no scope, not by a new role and not by two steps', async () => {
    for (const [name, body] of Object.entries({
      everything: { permissions: [...MANAGER, 'keys:rotate'] },
      equal: { permissions: MANAGER },
      'another-permission': { permissions: ['audit:read'] },
      'another-scope': { scopes: { [PAY]: ['pay'] } },
    })) {
      await refused(manager.call('POST', '/roles', { name, ...body }), name)
    }
    await allowed(manager.call('POST', '/roles', { name: 'mine', permissions: ['users:read'] }), 'mine')
    for (const change of [{ permissions: ['audit:read'] }, { scopes: { [PAY]: ['pay'] } }, { permissions: MANAGER }]) {
      await refused(manager.call('PATCH', '/roles/mine', change, ANY_VERSION), JSON.stringify(change))
    }
    await refused(manager.call('PUT', `/users/${manager.user.id}/roles/mine`, {}), 'to oneself')
    const { id } = await server.makeUser()
    await refused(manager.call('PUT', `/users/${id}/roles/administrator`, {}), 'administrator')
    await refused(manager.call('PUT', `/users/${id}/roles/manager`, {}), 'an equal')
    await allowed(manager.call('PUT', `/users/${id}/roles/mine`, {}), 'below')
  })

  test('who administers for a time gives nothing that outlives it, to themselves or to others', async () => {
    const { call, user } = await apiAs(server, client, ['administrator'])
    await give(user.id, 'administrator', 3600)
    const until = (seconds: number) => ({ expires_at: inSeconds(seconds)?.toISOString() })
    const other = await server.makeUser()
    await role({ name: 'kept', permissions: ['users:read'] })
    await give(user.id, 'kept')
    for (const [id, whose] of [
      [user.id, 'oneself'],
      [other.id, 'another'],
    ]) {
      await refused(call('PUT', `/users/${id}/roles/administrator`, {}), `${whose} for good`)
      await refused(call('PUT', `/users/${id}/roles/administrator`, until(7200)), `${whose} for longer`)
      await refused(call('PUT', `/users/${id}/roles/manager`, {}), `${whose} a lesser one for good`)
      await allowed(call('PUT', `/users/${id}/roles/manager`, until(1800)), `${whose} for less`)
    }
    await refused(call('PATCH', '/roles/kept', { permissions: MANAGER }, ANY_VERSION), 'a role kept for good')
    await allowed(call('PATCH', '/roles/kept', { description: 'x' }, ANY_VERSION), 'nothing added')
  })

  test('a client gives nobody a scope that its maker may not give', async () => {
    const make = (body: object) => manager.call('POST', '/clients', { client_name: 'X', ...body })
    const service = {
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      resources: [PAY],
    }
    const app = { redirect_uris: ['https://evil.example/cb'], token_endpoint_auth_method: 'none', resources: [PAY] }
    await refused(make({ ...service, scope: 'pay' }), 'a service that pays')
    await refused(make({ ...app, scope: 'openid pay', first_party: true }), 'an app that pays')
    await refused(make({ ...app, resources: [], scope: 'openid postern:admin' }), 'an app that administers')
    await allowed(make({ ...service, scope: 'pay:read' }), 'a scope that they have')
    await allowed(make({ ...service, resources: [OPEN], scope: 'open' }), 'a scope that everybody has')
    const { client_id } = (await make({ ...app, scope: 'openid' })).json()
    for (const scope of ['openid pay', 'openid postern:admin']) {
      await refused(manager.call('PATCH', `/clients/${client_id}`, { scope }, ANY_VERSION), scope)
    }
  })

  test('a client that can do more than the actor is not theirs to change, in no way', async () => {
    const payer = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'pay',
      resources: [PAY],
    })
    for (const { clientId } of [client, payer]) {
      const [secret] = await server.deps.store.administration.listSecrets(clientId)
      const path = `/clients/${clientId}`
      for (const change of [
        { redirect_uris: ['https://evil.example/cb'] },
        { first_party: true },
        { scope: 'openid' },
        { token_endpoint_auth_method: 'none' },
        { backchannel_logout_uri: 'https://evil.example/out' },
        { require_mfa: false },
      ]) {
        await refused(manager.call('PATCH', path, change, ANY_VERSION), `${clientId} ${JSON.stringify(change)}`)
      }
      for (const verb of ['secrets', 'disable', 'enable', 'end-grants']) {
        await refused(manager.call('POST', `${path}/${verb}`), verb)
      }
      await refused(manager.call('DELETE', path), 'delete')
      if (secret) await refused(manager.call('DELETE', `${path}/secrets/${secret.id}`), 'a secret')
    }
  })

  test('what goes by roles is not opened: by a change, by making it anew, or by a scope of the same name', async () => {
    const path = `/resources/${encodeURIComponent(PAY)}`
    await refused(manager.call('PATCH', path, { scopes_by_role: false }, ANY_VERSION), 'opened')
    await refused(manager.call('DELETE', path), 'deleted')
    await allowed(manager.call('PATCH', path, { name: 'Payments' }, ANY_VERSION), 'renamed')
    await allowed(manager.call('PATCH', `/resources/${encodeURIComponent(OPEN)}`, { name: 'x' }, ANY_VERSION), 'open')
  })
})
