import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { newId } from '../../src/base/random.ts'
import type { RoleChange } from '../../src/store/roles.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import {
  claimsIn,
  codeForm,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

const API = 'https://orders.example/api'
const OPEN = 'https://open.example/api'
/** Open too, with a scope that the other one gives by roles. */
const DECOY = 'https://decoy.example/api'

suite('what roles let a user have (RFC 6749 §3.3)', () => {
  let server: TestServer
  let app: TestClient
  const event = (type = 'test') => administrationEvent(server.deps, type, 'operator', {})
  const role = (change: RoleChange) => server.deps.store.roles.put(change, event())
  const give = (userId: string, name: string, expiresAt?: Date) =>
    server.deps.store.userRoles.grant(
      userId,
      { role: name, grantedBy: 'operator', reason: undefined, expiresAt },
      event(),
    )
  const minutes = (count: number) => new Date(server.clock.now().getTime() + count * 60_000)

  before(async () => {
    server = await startServer()
    const { resources } = server.deps.store
    const scopes = { 'orders:read': '', 'orders:write': '' }
    await resources.put({ identifier: API, name: '', scopes, introspectionClients: [], scopesByRole: true }, event())
    await resources.put({ identifier: OPEN, name: '', scopes: { 'open:read': '' }, introspectionClients: [] }, event())
    const decoy = { identifier: DECOY, name: '', scopes: { 'orders:read': '' }, introspectionClients: [] }
    await resources.put(decoy, event())
    await role({ name: 'reader', description: '', scopes: { [API]: ['orders:read'] } })
    await role({ name: 'writer', description: '', scopes: { [API]: ['orders:read', 'orders:write'] } })
    await role({ name: 'support', description: '', permissions: ['users:read'] })
    app = await server.register({
      scope: 'openid offline_access postern:admin orders:read orders:write open:read',
      resources: [API, OPEN],
      first_party: true,
    })
  })
  after(() => server.close())

  const person = async (...roles: string[]) => {
    const user = await server.makeUser()
    for (const name of roles) await give(user.id, name)
    return user
  }
  const scopeOf = async (user: Awaited<ReturnType<typeof person>>, scope: string, resource = API) => {
    const { tokens } = await obtainTokens(server, app, user, { scope, resource })
    assert.equal(claimsIn(tokens.access_token).scope, tokens.scope)
    return tokens.scope
  }
  const renewed = async (tokens: Tokens) => (await refresh(server, app, tokens.refresh_token)).json<Tokens>()

  test('a user gets at a resource that goes by roles what their roles allow, and no more', async () => {
    assert.equal(await scopeOf(await person('reader'), 'openid orders:read orders:write'), 'openid orders:read')
    assert.equal(
      await scopeOf(await person('reader', 'writer'), 'orders:read orders:write'),
      'orders:read orders:write',
    )
    assert.equal(await scopeOf(await person(), 'open:read', OPEN), 'open:read')
  })

  test('a scope of the same name at an open resource gives nothing at one that goes by roles (A141)', async () => {
    const two = await server.register({ scope: 'openid orders:read', resources: [API, DECOY], first_party: true })
    const user = await person()
    await assert.rejects(obtainCode(server, two, user, { scope: 'orders:read', resource: API }), /error=access_denied/)
    const { tokens } = await obtainTokens(server, two, user, { scope: 'openid orders:read', resource: API })
    assert.equal(tokens.scope, 'openid')
    for (const [resource, scope] of [
      [API, 'openid'],
      [DECOY, 'openid orders:read'],
    ] as const) {
      const { code, verifier } = await obtainCode(server, two, user, { scope: 'openid orders:read' })
      const answer = await server.post('/token', { ...codeForm(two, code, verifier), resource })
      assert.equal(answer.json().scope, scope)
    }
  })

  test('who may have nothing of what was asked is refused, and the audit says why', async () => {
    const user = await person('support')
    await assert.rejects(obtainCode(server, app, user, { scope: 'orders:read', resource: API }), /error=access_denied/)
    const denied = await server.deps.store.auditTrail.latest({ type: 'policy.denied', userId: user.id }, 10)
    assert.deepEqual(
      denied.map(({ reason }) => reason),
      ['no scope that a role allows'],
    )
  })

  test('a role that is taken away is out of the next token, and of introspection at once', async () => {
    const user = await person('writer')
    const { tokens } = await obtainTokens(server, app, user, { scope: 'openid orders:write', resource: API })
    await server.deps.store.userRoles.revoke(user.id, 'writer', event())
    assert.equal((await renewed(tokens)).scope, 'openid')
  })

  test('a role for a time counts until then, and not a moment longer', async () => {
    const user = await person()
    await give(user.id, 'writer', minutes(10))
    const { tokens } = await obtainTokens(server, app, user, { scope: 'openid orders:write', resource: API })
    assert.deepEqual(claimsIn(tokens.access_token).roles, ['writer'])
    server.clock.advance(601)
    const later = await renewed(tokens)
    assert.deepEqual([later.scope, claimsIn(later.access_token).roles], ['openid', []])
    const [held] = await server.deps.store.userRoles.list(user.id)
    assert.equal(held?.isOver, true)
  })

  test('the scope of the admin API is for who may do anything there, and for no resource', async () => {
    const all = { scope: 'openid postern:admin' }
    const { tokens } = await obtainTokens(server, app, await person('support'), all)
    assert.equal(tokens.scope, 'openid postern:admin')
    assert.equal(claimsIn(tokens.access_token).aud, server.deps.config.issuer)
    assert.equal((await obtainTokens(server, app, await person('reader'), all)).tokens.scope, 'openid')
    assert.equal(await scopeOf(await person('support', 'reader'), 'postern:admin orders:read'), 'orders:read')
  })

  test('the last administrator cannot be disabled, deleted, or put out of office, and counts only while it can sign in (A151)', async () => {
    const [first, second] = [await person('administrator'), await person('administrator')]
    const { userRoles, users } = server.deps.store
    assert.equal(await users.setDisabled(second.id, true, event()), 'changed')
    assert.equal(await users.setDisabled(first.id, true, event()), 'last-administrator')
    assert.equal(await users.remove(first.id, event()), 'last-administrator')
    assert.equal(await userRoles.revoke(first.id, 'administrator', event()), 'last-administrator')
    assert.equal(await userRoles.set(first.id, [], 'operator', event()), 'last-administrator')
    assert.equal(await give(first.id, 'administrator', minutes(60)), 'last-administrator')
    await give((await person()).id, 'administrator', minutes(60))
    assert.equal(await users.setDisabled(first.id, true, event()), 'last-administrator')
    assert.equal(await users.setDisabled(second.id, false, event()), 'changed')
    assert.equal(await users.remove(first.id, event()), 'changed')
    assert.equal(await users.remove(second.id, event()), 'last-administrator')
  })

  test('a version that has moved on is not overwritten (RFC 9110 §13.1.1)', async () => {
    const name = `role-${newId(server.deps.random, server.clock.now())}`
    const put = (description: string, condition = {}) =>
      server.deps.store.roles.put({ name, description }, event(), condition)
    assert.equal(await put('none', { expects: 'present' }), false)
    assert.equal(await put('first', { expects: 'absent' }), true)
    assert.equal(await put('again', { expects: 'absent' }), false)
    const { version } = (await server.deps.store.roles.find(name))!
    assert.equal(await put('second', { expects: 'present', version }), true)
    assert.equal(await put('third', { expects: 'present', version }), false)
    assert.equal((await server.deps.store.roles.find(name))?.description, 'second')
  })
})
