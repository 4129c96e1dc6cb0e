// Which tokens and sessions open the administration, and for how long.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import {
  API,
  apiAs,
  beginSession,
  callWith,
  callWithSession,
  registerAdminClient,
  signInAs,
} from '../../support/administrator.ts'
import { claimsIn, obtainTokens, refresh, startServer, type TestClient, type TestServer } from '../../support/server.ts'

const ORDERS = 'https://orders.example/api'
const SCOPE = 'openid offline_access postern:admin'
const MACHINE = {
  client_id: 'machine',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  scope: '',
}

suite('tokens and sessions that open the administration', () => {
  let server: TestServer
  let client: TestClient
  let admin: Awaited<ReturnType<typeof apiAs>>
  const event = () => administrationEvent(server.deps, 'test', 'operator', {})
  before(async () => {
    server = await startServer()
    client = await registerAdminClient(server)
    const scopes = { orders: '' }
    await server.registerResource({ identifier: ORDERS, name: '', scopes, introspectionClients: [] })
    await server.deps.store.roles.put({ name: 'helper', description: '', permissions: ['users:read'] }, event())
    admin = await apiAs(server, client, ['administrator'])
  })
  after(() => server.close())

  const statusWith = async (token: string, path = '/users') => (await callWith(server, token)('GET', path)).statusCode
  /** Somebody with a client of their own, which may be spoilt. */
  async function somebody(roles: readonly string[] = ['helper']) {
    const own = await server.register({ scope: SCOPE, first_party: true })
    const { user, browser } = await signInAs(server, roles)
    const { tokens } = await obtainTokens(server, own, user, { scope: SCOPE, prompt: 'consent' }, browser)
    assert.equal(await statusWith(tokens.access_token), 200)
    return { own, user, browser, tokens }
  }

  test('a refreshed token is as old as the sign-in: secrets, keys and roles need a new one (A148)', async () => {
    const { own, tokens } = await somebody(['administrator'])
    server.clock.advance(301)
    const young = (await refresh(server, own, tokens.refresh_token)).json().access_token
    assert.ok(Number(claimsIn(young).iat) - Number(claimsIn(young).auth_time) > 300)
    const call = callWith(server, young)
    assert.equal((await call('GET', '/users')).statusCode, 200)
    for (const [path, body] of [
      ['/clients', MACHINE],
      ['/roles', { name: 'x' }],
      ['/keys/emergency', undefined],
      ['/keys/rotate', undefined],
    ] as const) {
      const answer = await call('POST', path, body)
      assert.equal(answer.statusCode, 401, path)
      assert.match(String(answer.headers['www-authenticate']), /insufficient_user_authentication.*max_age="?300/)
    }
  })

  test('a token of a grant that began with a password alone opens nothing, whatever the session did since (A133)', async () => {
    const { user, browser } = await signInAs(server, ['helper'], { isMfa: false })
    const { tokens } = await obtainTokens(server, client, user, { scope: 'openid postern:admin' }, browser)
    await beginSession(server, user.id, browser)
    assert.equal(await statusWith(tokens.access_token), 401)
  })

  test('a factor that was removed since counts no more, in a token or in a session (A133)', async () => {
    const { user, browser, tokens } = await somebody()
    const call = await callWithSession(server, browser)
    assert.equal((await call('GET', '/users')).statusCode, 200)
    const [factor] = await server.deps.store.secondFactors.listTotp(user.id)
    await server.deps.store.secondFactors.removeTotp(user.id, factor?.id ?? '', event())
    assert.equal(await statusWith(tokens.access_token), 401)
    assert.equal((await call('GET', '/users')).statusCode, 401)
    assert.match(String((await browser.get('/admin/users')).headers.location), /\/interaction\?id=/)
  })

  test('a client that is disabled, deleted, cut off or no longer of the admin API takes its tokens along (A148)', async () => {
    const changes = {
      disabled: (id: string) => admin.call('POST', `/clients/${id}/disable`),
      'cut off': (id: string) => admin.call('POST', `/clients/${id}/end-grants`),
      deleted: (id: string) => admin.call('DELETE', `/clients/${id}`),
      'without the scope': (id: string) =>
        admin.call('PATCH', `/clients/${id}`, { scope: 'openid' }, { 'if-match': '*' }),
    }
    admin = await apiAs(server, client, ['administrator'])
    for (const [what, change] of Object.entries(changes)) {
      const { own, tokens } = await somebody()
      server.clock.advance(1)
      const answer = await change(own.clientId)
      assert.ok(answer.statusCode < 300, `${what}: ${answer.body}`)
      server.clock.advance(60) // what a node remembers of a client
      assert.equal(await statusWith(tokens.access_token), 401, what)
    }
  })

  test('an ended session and a revoked token open nothing', async () => {
    const one = await somebody()
    await server.post('/revoke', { token: one.tokens.refresh_token, client_id: one.own.clientId })
    assert.equal(await statusWith(one.tokens.access_token), 401)
    const { user, token } = await apiAs(server, client, ['helper'])
    await server.deps.store.users.signOutEverywhere(user.id, event())
    assert.equal(await statusWith(token), 401)
  })

  test('no other kind of token is taken for one: another audience, no user, an ID token, a refresh token', async () => {
    const both = await server.register({ scope: `${SCOPE} orders`, resources: [ORDERS], first_party: true })
    const { user, browser } = await signInAs(server, ['administrator'])
    const asked = { scope: `${SCOPE} orders`, resource: ORDERS, prompt: 'consent' }
    const { tokens } = await obtainTokens(server, both, user, asked, browser)
    assert.equal(claimsIn(tokens.access_token).aud, ORDERS)
    for (const token of Object.values({ ...tokens, scope: '', expires_in: '' }).filter((one) => one.includes('.'))) {
      assert.equal(await statusWith(token, '/me'), 401)
    }
    const service = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      scope: 'postern:admin',
    })
    const form = { grant_type: 'client_credentials', scope: 'postern:admin' }
    const own = await server.post('/token', form, { authorization: service.basic })
    assert.equal(claimsIn(own.json().access_token).scope, '')
    assert.equal(await statusWith(own.json().access_token, '/me'), 403)
  })

  test('who has no permission gets no token for the administration: not by default, and not by refreshing', async () => {
    const { tokens } = await obtainTokens(server, client, await server.makeUser(), { scope: undefined })
    assert.equal(tokens.scope, 'openid')
    const { own, user, tokens: had } = await somebody()
    await server.deps.store.userRoles.revoke(user.id, 'helper', event())
    assert.equal(await statusWith(had.access_token), 403)
    const renewed = (await refresh(server, own, had.refresh_token)).json()
    assert.equal(renewed.scope, 'openid offline_access')
    assert.equal(await statusWith(renewed.access_token, '/me'), 403)
    const asked = await refresh(server, own, renewed.refresh_token, { scope: 'postern:admin' })
    assert.notEqual(asked.json().scope, 'postern:admin')
  })

  test('a token that is sent is what counts, and no cookie stands in for it', async () => {
    const { browser } = await signInAs(server, ['administrator'])
    const session = await callWithSession(server, browser)
    const weak = await apiAs(server, client, ['helper'])
    const ask = async (authorization: string) =>
      (await session('GET', '/roles', undefined, { authorization })).statusCode
    assert.equal(await ask(`Bearer ${weak.token}`), 403)
    for (const wrong of ['Bearer x', 'Basic YTpi', 'DPoP x', '']) assert.equal(await ask(wrong), 401, wrong)
    assert.equal(await ask('Bearer'), 400)
    const inQuery = await callWith(server, undefined)('GET', `/me?access_token=${weak.token}`)
    assert.equal(inQuery.statusCode, 401)
    const me = await server.app.inject({
      method: 'POST',
      url: `${API}/roles`,
      headers: { host: 'gate.example', 'content-type': 'application/x-www-form-urlencoded' },
      payload: `access_token=${weak.token}`,
    })
    assert.equal(me.statusCode, 401)
  })
})
