// Who may do what, for every route that administrators have: the matrix is made from the routes themselves.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Operation } from '../../src/http/admin-api/operation.ts'
import { OPERATIONS } from '../../src/http/admin-api/operations.ts'
import { PERMISSIONS, type Permission } from '../../src/protocol/permission.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { routesOf } from '../attacks/front-channel.ts'
import {
  type AdminCall,
  API,
  apiAs,
  callWith,
  callWithSession,
  registerAdminClient,
  signInAs,
} from '../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../support/server.ts'

const NOBODY = '018f0000-0000-7000-8000-00000000dead'
const FORGED = {
  'x-is-admin': 'true',
  'x-user': 'administrator',
  'x-forwarded-user': 'root',
  'x-roles': 'administrator',
}

/** A path of an operation whose things are not there. */
const pathOf = ({ path }: Pick<Operation, 'path'>): string =>
  path.replaceAll(/:(\w+)/g, (_, name: string) =>
    ['id', 'session', 'secret'].some((one) => name.includes(one)) ? NOBODY : 'nobody',
  )

suite('every route of the administration, by who asks (A139)', () => {
  let server: TestServer
  let client: TestClient
  const role = (name: string, permissions: readonly Permission[]) =>
    server.deps.store.roles.put(
      { name, description: '', permissions },
      administrationEvent(server.deps, 'role.put', 'operator', {}),
    )
  before(async () => {
    server = await startServer({ CEILING_ADDRESS_PER_MINUTE: '100000', LIMIT_DEFAULT_PER_HOUR: '100000' }, 'PGlite')
    client = await registerAdminClient(server)
    for (const permission of PERMISSIONS) {
      await role(`only-${permission}`, [permission])
      await role(
        `but-${permission}`,
        PERMISSIONS.filter((one) => one !== permission),
      )
    }
  })
  after(() => server.close())

  const ask = (call: AdminCall, one: Operation) =>
    call(one.method, pathOf(one), one.body ? {} : undefined, {
      ...FORGED,
      ...(one.needsVersion ? { 'if-match': '*' } : {}),
    })

  test('nobody, a user without a role, and a token without the scope get nowhere', async () => {
    const anonymous = callWith(server, undefined)
    const wrong = callWith(server, 'not-a-token')
    const user = await callWithSession(server, (await signInAs(server, [])).browser)
    const narrow = (await apiAs(server, client, ['administrator'], { scope: 'openid' })).call
    for (const one of OPERATIONS) {
      assert.equal((await ask(anonymous, one)).statusCode, 401, `${one.id} anonymously`)
      assert.equal((await ask(wrong, one)).statusCode, 401, `${one.id} with a token that is none`)
      const plain = await ask(user, one)
      if (one.action) assert.equal(plain.statusCode, 403, `${one.id} as a user: ${plain.body}`)
      const answer = await ask(narrow, one)
      assert.equal(answer.statusCode, 403, `${one.id} without the scope`)
      assert.match(String(answer.headers['www-authenticate']), /insufficient_scope/)
    }
  })

  test('a second factor is needed, whatever the roles', async () => {
    const { browser } = await signInAs(server, ['administrator'], { isMfa: false })
    const call = await callWithSession(server, browser)
    for (const one of OPERATIONS) {
      const answer = await call(one.method, pathOf(one), one.body ? {} : undefined, { 'x-csrf-token': 'x' })
      assert.ok([401, 403].includes(answer.statusCode), `${one.id}: ${answer.body}`)
    }
    assert.equal((await call('GET', '/me')).statusCode, 401)
  })

  test('the one permission of an operation opens it, and all others together do not', async () => {
    for (const permission of PERMISSIONS) {
      const operations = OPERATIONS.filter(({ action }) => action?.permission === permission)
      const [only, but] = await Promise.all([
        apiAs(server, client, [`only-${permission}`]),
        apiAs(server, client, [`but-${permission}`]),
      ])
      for (const one of operations) {
        const refused = await ask(but.call, one)
        assert.equal(refused.statusCode, 403, `${one.id} without ${permission}: ${refused.body}`)
        const allowed = await ask(only.call, one)
        assert.ok(![401, 403].includes(allowed.statusCode), `${one.id} with ${permission}: ${allowed.body}`)
        assert.ok(allowed.statusCode < 500, `${one.id}: ${allowed.body}`)
      }
      if (permission === 'keys:rotate') server.clock.advance(6) // a node may sign with a key that is gone for five seconds
    }
  })

  test('every permission is asked for somewhere', () => {
    const asked = new Set(OPERATIONS.flatMap(({ action }) => action?.permission ?? []))
    assert.deepEqual([...asked].sort(), [...PERMISSIONS].sort())
  })

  test('what is worth the most needs a fresh sign-in (A148)', async () => {
    const { call } = await apiAs(server, client, ['administrator'])
    server.clock.advance(301)
    for (const one of OPERATIONS) {
      const answer = await ask(call, one)
      if (one.action?.needsFreshSignIn) assert.equal(answer.statusCode, 401, `${one.id}: ${answer.body}`)
      else assert.ok(answer.statusCode !== 401, `${one.id}: ${answer.body}`)
    }
    const fresh = OPERATIONS.filter(({ action }) => action?.needsFreshSignIn).map(({ action }) => action?.permission)
    for (const permission of ['roles:write', 'roles:grant', 'secrets:write', 'keys:rotate', 'factors:reset'] as const) {
      assert.ok(fresh.includes(permission), permission)
    }
  })

  test('a session may change nothing without the token of its page, nor from another origin', async () => {
    const { browser } = await signInAs(server, ['administrator'])
    const call = await callWithSession(server, browser)
    for (const one of OPERATIONS.filter(({ method }) => method !== 'GET')) {
      const path = pathOf(one)
      const body = one.body ? {} : undefined
      for (const headers of [{ 'x-csrf-token': 'wrong' }, { origin: 'https://elsewhere.example' }]) {
        assert.equal((await call(one.method, path, body, headers)).statusCode, 403, one.id)
      }
    }
  })

  test('other methods are refused with those that are served', async () => {
    const { call } = await apiAs(server, client, ['administrator'])
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
    const paths = [...new Set(OPERATIONS.map(({ path }) => path))]
    for (const path of paths) {
      const served: readonly string[] = OPERATIONS.filter((one) => one.path === path).map(({ method }) => method)
      for (const method of methods.filter((one) => !served.includes(one))) {
        const answer = await call(method, pathOf({ path }))
        assert.equal(answer.statusCode, 405, `${method} ${path}`)
        assert.deepEqual(String(answer.headers.allow).split(', ').sort(), [...served].sort(), path)
      }
    }
  })

  test('a role that is taken away, a time that is over and a user that is disabled count at the next call (A148)', async () => {
    const { deps } = server
    const event = administrationEvent(deps, 'test', 'operator', {})
    const revoked = await apiAs(server, client, ['only-users:read'])
    assert.equal((await revoked.call('GET', '/users')).statusCode, 200)
    await deps.store.userRoles.revoke(revoked.user.id, 'only-users:read', event)
    assert.equal((await revoked.call('GET', '/users')).statusCode, 403)
    const timed = await apiAs(server, client, ['only-users:read'])
    const expiresAt = new Date(server.clock.now().getTime() + 60_000)
    const grant = { role: 'only-users:read', grantedBy: 'operator', reason: undefined, expiresAt }
    await deps.store.userRoles.grant(timed.user.id, grant, event)
    assert.equal((await timed.call('GET', '/users')).statusCode, 200)
    server.clock.advance(61)
    assert.equal((await timed.call('GET', '/users')).statusCode, 403)
    const disabled = await apiAs(server, client, ['only-users:read'])
    await deps.store.users.setDisabled(disabled.user.id, true, event)
    assert.equal((await disabled.call('GET', '/users')).statusCode, 401)
  })

  const pages = () =>
    routesOf(server.app).filter(
      ({ method, path }) =>
        path.startsWith('/admin') &&
        !path.startsWith(API) &&
        ['GET', 'POST'].includes(method) &&
        !path.endsWith('/sign-out'),
    )
  test('every page of the console sends strangers to sign in, and shows others no more than their permission opens', async () => {
    await role('deliveries', ['deliveries:read'])
    const stranger = server.browser()
    const { browser: user } = await signInAs(server, [])
    const { browser: limited } = await signInAs(server, ['deliveries'])
    const { browser: weak } = await signInAs(server, ['administrator'], { isMfa: false })
    const OPEN = ['/admin', '/admin/deliveries', '/admin/deliveries.csv']
    for (const { method, path } of pages()) {
      const url = pathOf({ path })
      const send = (browser: typeof user) => (method === 'GET' ? browser.get(url) : browser.post(url, {}))
      const isRefused = (status: number) => status === 405 // the other method of a page
      const asked = await send(stranger)
      if (isRefused(asked.statusCode)) continue
      assert.equal(asked.statusCode, 303, `${method} ${path} as a stranger`)
      assert.match(String(asked.headers.location), /\/interaction\?id=/)
      assert.equal((await send(user)).statusCode, 403, `${method} ${path} as a user`)
      assert.equal((await send(weak)).statusCode, 303, `${method} ${path} without a second factor`)
      if (!OPEN.includes(path))
        assert.equal((await send(limited)).statusCode, 403, `${method} ${path} as a limited administrator`)
    }
  })
})
