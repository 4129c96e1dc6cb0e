import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { anotherNode, cutDatabase, refusal } from '../../support/back-channel.ts'
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
  userinfoStatus,
} from '../../support/server.ts'

const API = 'https://api.example/v1'
const OTHER_API = 'https://other-api.example'

suite('attacks where tokens are presented', () => {
  let server: TestServer
  let spa: TestClient
  let basic: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    await server.registerResource({
      identifier: API,
      name: 'API',
      scopes: { 'api:read': 'Read' },
      introspectionClients: [],
    })
    await server.registerResource({
      identifier: OTHER_API,
      name: 'Other',
      scopes: { 'other:read': 'Read' },
      introspectionClients: [],
    })
    spa = await server.register({ scope: 'openid email profile api:read other:read', resources: [API, OTHER_API] })
    basic = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    user = await server.makeUser()
  })
  after(() => server.close())

  test('A077: a resource outside the grant is refused, and burns nothing (RFC 8707 §2.2)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user, { scope: 'openid api:read', resource: API })
    const form = codeForm(spa, code, verifier)
    for (const resource of [
      OTHER_API,
      'relative',
      '/v1',
      `${API}#x`,
      `${API}/`,
      API.toUpperCase(),
      server.config.issuer,
    ]) {
      assert.equal(refusal(await server.post('/token', { ...form, resource })), '400 invalid_target', resource)
    }
    const several = `${new URLSearchParams(form)}&resource=${encodeURIComponent(API)}&resource=${encodeURIComponent(OTHER_API)}`
    assert.equal(refusal(await server.post('/token', several)), '400 invalid_target')
    const good = await server.post('/token', { ...form, resource: API })
    assert.equal(claimsIn(good.json<Tokens>().access_token).aud, API)
  })

  test('A077: the audience is exactly what was granted (RFC 8707 §2.2, design.md §3)', async () => {
    const none = (await obtainTokens(server, spa, user, { scope: 'openid email' })).tokens
    assert.equal(claimsIn(none.access_token).aud, server.config.issuer)
    const byScope = (await obtainTokens(server, spa, user, { scope: 'openid api:read' })).tokens
    assert.equal(claimsIn(byScope.access_token).aud, API)
    const { code, verifier } = await obtainCode(server, spa, user, { scope: 'openid api:read other:read' })
    assert.equal(refusal(await server.post('/token', codeForm(spa, code, verifier))), '400 invalid_target') // two: name one
    const named = (
      await server.post('/token', { ...codeForm(spa, code, verifier), resource: OTHER_API })
    ).json<Tokens>()
    assert.equal(claimsIn(named.access_token).aud, OTHER_API)
    assert.equal(named.scope, 'openid other:read') // what means nothing there is not said there
    const other = await refresh(server, spa, named.refresh_token, { resource: API })
    assert.deepEqual(
      [claimsIn(other.json<Tokens>().access_token).aud, other.json<Tokens>().scope],
      [API, 'openid api:read'],
    )
  })

  test('A077: a client’s own token is for a resource of its own (RFC 8707 §2)', async () => {
    const machine = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'api:read',
      resources: [API],
    })
    const ask = (more: Record<string, string>) =>
      server.post('/token', { grant_type: 'client_credentials', ...more }, { authorization: machine.basic })
    for (const resource of [OTHER_API, 'relative', `${API}#x`])
      assert.equal(refusal(await ask({ resource })), '400 invalid_target')
    assert.equal(refusal(await ask({ scope: 'other:read' })), '400 invalid_scope')
    const claims = claimsIn((await ask({ resource: API })).json<Tokens>().access_token)
    assert.deepEqual(
      [claims.aud, claims.sub, claims.client_id, claims.scope, claims.fid],
      [API, machine.clientId, machine.clientId, 'api:read', undefined],
    )
  })

  test('A079: a token travels in one place, spelled one way (RFC 6750 §2, §3)', async () => {
    const { access_token: token } = (await obtainTokens(server, basic, user)).tokens
    const get = (authorization: string | undefined, url = '/userinfo') =>
      server.app.inject({ url, headers: authorization === undefined ? {} : { authorization } })
    const refused = {
      'in the query': [await get(undefined, `/userinfo?access_token=${token}`), '400 invalid_request'],
      'in header and query': [await get(`Bearer ${token}`, `/userinfo?access_token=${token}`), '400 invalid_request'],
      'in header and form': [
        await server.post('/userinfo', { access_token: token }, { authorization: `Bearer ${token}` }),
        '400 invalid_request',
      ],
      'twice in a form': [
        await server.post('/userinfo', `access_token=${token}&access_token=${token}`),
        '400 invalid_request',
      ],
      'behind two spaces': [await get(`Bearer  ${token}`), '400 invalid_request'],
      'with something behind it': [await get(`Bearer ${token} x`), '400 invalid_request'],
      'with a comma': [await get(`Bearer ${token},Bearer ${token}`), '400 invalid_request'],
      'absent behind its scheme': [await get('Bearer '), '400 invalid_request'],
      'without a space': [await get(`Bearer${token}`), '401 invalid_token'],
      'under Basic': [await get(basic.basic), '401 invalid_token'],
      'under DPoP': [await get(`DPoP ${token}`), '401 invalid_token'],
      absent: [await get(undefined), '401 invalid_token'],
    } as const
    for (const [where, [answer, expected]] of Object.entries(refused)) {
      assert.equal(refusal(answer), expected, where)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="postern"/, where)
    }
    assert.equal(refused.absent[0].headers['www-authenticate'], 'Bearer realm="postern"') // no error code: nothing was sent
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) assert.equal((await get(`${scheme} ${token}`)).statusCode, 200)
    assert.equal((await server.post('/userinfo', { access_token: token })).statusCode, 200)
    assert.equal(
      (await server.app.inject({ method: 'POST', url: '/userinfo', headers: { authorization: `Bearer ${token}` } }))
        .statusCode,
      200,
    )
  })

  test('A080: introspection needs authentication, and tells strangers nothing (RFC 7662 §2.1, §4)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const own = (await obtainTokens(server, basic, user)).tokens
    const ask = (token: string, headers: Record<string, string> = {}, more: Record<string, string> = {}) =>
      server.post('/introspect', { token, ...more }, headers)
    assert.equal(refusal(await ask(tokens.access_token)), '401 invalid_client')
    assert.equal(refusal(await ask(tokens.access_token, {}, { client_id: spa.clientId })), '401 invalid_client')
    assert.equal(
      refusal(await ask(tokens.access_token, { authorization: `Bearer ${tokens.access_token}` })),
      '401 invalid_client',
    )
    const authorization = basic.basic
    assert.equal((await ask(own.access_token, { authorization })).json().active, true)
    for (const token of [tokens.access_token, tokens.refresh_token, own.id_token, 'garbage', 'a.b.c']) {
      assert.equal((await ask(token, { authorization })).body, '{"active":false}')
    }
    assert.equal(refusal(await ask('', { authorization })), '400 invalid_request')
    server.clock.advance(901)
    assert.equal((await ask(own.access_token, { authorization })).body, '{"active":false}')
  })

  test('A081: revoking what is not one’s own, or nothing at all, is a 200 without effect (RFC 7009 §2.2)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    for (const token of [tokens.access_token, tokens.refresh_token, 'garbage', 'a.b.c', tokens.id_token]) {
      const answer = await server.post('/revoke', { token }, { authorization: basic.basic })
      assert.deepEqual([answer.statusCode, answer.body], [200, ''])
    }
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
    assert.equal((await refresh(server, spa, tokens.refresh_token)).statusCode, 200)
  })

  test('A081: a revoked token is dead on every node at once (design.md §4.4)', async () => {
    const other = await anotherNode(server)
    try {
      for (const hint of ['refresh_token', 'access_token', 'nonsense']) {
        for (const kind of ['access_token', 'refresh_token'] as const) {
          const { tokens } = await obtainTokens(server, spa, user)
          assert.equal(await userinfoStatus(other, tokens.access_token), 200)
          const form = { token: tokens[kind], token_type_hint: hint, client_id: spa.clientId }
          assert.equal((await server.post('/revoke', form)).statusCode, 200)
          assert.equal(await userinfoStatus(other, tokens.access_token), 401)
          assert.equal(refusal(await refresh(other, spa, tokens.refresh_token)), '400 invalid_grant')
        }
      }
    } finally {
      await other.close()
    }
  })

  test('A081: while the database is away revocation says so, and never that it happened (RFC 7009 §2.2.1)', async () => {
    const { tokens } = await obtainTokens(server, basic, user)
    const machine = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: '',
    })
    const own = await server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
    const restore = await cutDatabase(server)
    try {
      for (const token of [tokens.access_token, tokens.refresh_token]) {
        assert.equal(
          refusal(await server.post('/revoke', { token }, { authorization: basic.basic })),
          '503 temporarily_unavailable',
        )
      }
      const answer = await server.post(
        '/revoke',
        { token: own.json<Tokens>().access_token },
        { authorization: machine.basic },
      )
      assert.equal(refusal(answer), '503 temporarily_unavailable')
      assert.ok(Number(answer.headers['retry-after']) > 0)
      assert.equal(answer.json().retry_after, Number(answer.headers['retry-after']))
      assert.equal(await userinfoStatus(server, tokens.access_token), 503)
      assert.equal(refusal(await refresh(server, basic, tokens.refresh_token)), '503 temporarily_unavailable')
      assert.equal(
        refusal(await server.post('/introspect', { token: tokens.access_token }, { authorization: basic.basic })),
        '503 temporarily_unavailable',
      )
    } finally {
      await restore()
    }
    assert.equal(await userinfoStatus(server, tokens.access_token), 200) // nothing was revoked, and it heals by itself
    assert.equal(
      (await server.post('/revoke', { token: tokens.refresh_token }, { authorization: basic.basic })).statusCode,
      200,
    )
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
  })
})
