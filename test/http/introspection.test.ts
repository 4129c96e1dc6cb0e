import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

const API = 'https://api.example'

suite('introspection', () => {
  let server: TestServer
  let owner: TestClient
  let api: TestClient
  let stranger: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    api = await server.register({ token_endpoint_auth_method: 'client_secret_basic', client_id: 'the-api' })
    stranger = await server.register({ token_endpoint_auth_method: 'client_secret_post' })
    await server.registerResource({
      identifier: API,
      name: 'API',
      scopes: { 'api:read': 'Read' },
      introspectionClients: [api.clientId],
    })
    owner = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid email api:read',
      resources: [API],
    })
    user = await server.makeUser(['reader'])
  })
  after(() => server.close())

  const ask = (token: string, by: TestClient, more: Record<string, string> = {}) =>
    by === stranger
      ? server.post('/introspect', { token, client_id: by.clientId, client_secret: by.clientSecret, ...more })
      : server.post('/introspect', { token, ...more }, { authorization: by.basic })

  test('a client sees its own access token as it is (RFC 7662 §2.2)', async () => {
    const { tokens } = await obtainTokens(server, owner, user, { scope: 'openid email' })
    const { jti, iat, exp, sub, fid, type, ...claims } = claimsIn(tokens.access_token)
    const answer = (await ask(tokens.access_token, owner)).json()
    assert.deepEqual(
      { active: answer.active, token_type: answer.token_type, username: answer.username, client_id: answer.client_id },
      { active: true, token_type: 'Bearer', username: user.username, client_id: owner.clientId },
    )
    assert.deepEqual(
      [answer.jti, answer.iat, answer.exp, answer.sub, answer.scope, answer.iss, answer.aud],
      [jti, iat, exp, sub, claims.scope, claims.iss, claims.aud],
    )
    assert.equal(answer.fid, undefined) // an inner name, of no use to anybody else
  })

  test('a resource sees the tokens that are for it, and no others (RFC 7662 §4, protocol.md)', async () => {
    const forApi = (await obtainTokens(server, owner, user, { scope: 'openid api:read' })).tokens
    const forUs = (await obtainTokens(server, owner, user, { scope: 'openid email' })).tokens
    assert.equal(claimsIn(forApi.access_token).aud, API)
    assert.deepEqual(
      [(await ask(forApi.access_token, api)).json().active, (await ask(forApi.access_token, api)).json().aud],
      [true, API],
    )
    assert.deepEqual((await ask(forUs.access_token, api)).json(), { active: false })
    assert.deepEqual((await ask(forApi.refresh_token, api)).json(), { active: false })
    assert.deepEqual((await ask(forApi.access_token, stranger)).json(), { active: false })
    const machine = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      scope: 'api:read',
      resources: [API],
    })
    const own = (
      await server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
    ).json<Tokens>().access_token
    const seen = (await ask(own, api)).json()
    assert.deepEqual(
      [seen.active, seen.sub, seen.client_id, seen.scope, seen.username],
      [true, machine.clientId, machine.clientId, 'api:read', undefined],
    )
  })

  test('the current refresh token is active; its parents are not, and asking changes nothing (RFC 7662 §2.2)', async () => {
    const { tokens } = await obtainTokens(server, owner, user, { scope: 'openid email' })
    const seen = (await ask(tokens.refresh_token, owner)).json()
    assert.deepEqual(
      [seen.active, seen.username, seen.client_id, seen.token_type],
      [true, user.username, owner.clientId, undefined],
    )
    const second = (await refresh(server, owner, tokens.refresh_token)).json<Tokens>()
    for (let time = 0; time < 3; time += 1)
      assert.deepEqual((await ask(tokens.refresh_token, owner)).json(), { active: false })
    assert.equal((await ask(second.refresh_token, owner)).json().active, true)
    assert.equal((await refresh(server, owner, second.refresh_token)).statusCode, 200)
  })

  test('the hint is no more than a hint (RFC 7662 §2.1)', async () => {
    const { tokens } = await obtainTokens(server, owner, user, { scope: 'openid email' })
    for (const token_type_hint of ['refresh_token', 'access_token', 'x', '']) {
      assert.equal((await ask(tokens.access_token, owner, { token_type_hint })).json().active, true)
      assert.equal((await ask(tokens.refresh_token, owner, { token_type_hint })).json().active, true)
    }
  })

  test('roles are told as they are now (protocol.md, scopes and claims)', async () => {
    const { tokens } = await obtainTokens(server, owner, user, { scope: 'openid email' })
    assert.deepEqual((await ask(tokens.access_token, owner)).json().roles, ['reader'])
    await server.deps.store.userRoles.set(
      user.id,
      [],
      'operator',
      administrationEvent(server.deps, 'user.roles', 'operator', {}),
    )
    assert.deepEqual((await ask(tokens.access_token, owner)).json().roles, [])
  })

  test('every refusal to say more is the same answer, and none of it is kept (RFC 7662 §4)', async () => {
    const { tokens } = await obtainTokens(server, owner, user, { scope: 'openid email' })
    const bodies = await Promise.all(
      [tokens.id_token, 'x', 'a.b.c', `${tokens.access_token}x`, tokens.access_token.slice(0, -1)].map((token) =>
        ask(token, owner),
      ),
    )
    for (const answer of bodies) {
      assert.equal(answer.body, '{"active":false}')
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.match(String(answer.headers['content-type']), /^application\/json/)
    }
    assert.equal(
      refusal(await server.post('/introspect', { token: '' }, { authorization: owner.basic })),
      '400 invalid_request',
    )
  })

  test('an endpoint for servers answers no browser of another origin (A167)', async () => {
    const answer = await server.post(
      '/introspect',
      { token: 'x' },
      { authorization: owner.basic, origin: 'https://app.example' },
    )
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
})
