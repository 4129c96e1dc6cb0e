import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { cutDatabase, refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '/token': ['POST', 'OPTIONS'],
  '/revoke': ['POST', 'OPTIONS'],
  '/introspect': ['POST'],
  '/userinfo': ['GET', 'POST', 'OPTIONS'],
  '/jwks': ['GET', 'HEAD'],
  '/.well-known/jwks.json': ['GET', 'HEAD'],
  '/.well-known/openid-configuration': ['GET', 'HEAD'],
  '/.well-known/oauth-authorization-server': ['GET', 'HEAD'],
  '/authorize': ['GET', 'POST'],
  '/logout': ['GET', 'POST'],
  '/healthz': ['GET'],
  '/readyz': ['GET'],
}
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

suite('refusals', () => {
  let server: TestServer
  let backend: TestClient
  let tokens: Tokens
  before(async () => {
    server = await startServer()
    backend = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    tokens = (await obtainTokens(server, backend, await server.makeUser())).tokens
  })
  after(() => server.close())

  for (const [url, allowed] of Object.entries(ALLOWED)) {
    test(`${url} refuses every other method with 405 and Allow (RFC 9110 §15.5.6)`, async () => {
      const { host } = new URL(server.config.issuer)
      for (const method of METHODS.filter((each) => !allowed.includes(each))) {
        const answer = await server.app.inject({ method, url, headers: { host } })
        assert.equal(answer.statusCode, 405, method)
        assert.deepEqual(String(answer.headers.allow).split(', ').sort(), [...allowed].sort(), method)
      }
    })
  }

  const HEADERS = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }

  test('a refusal of the back channel is JSON of fixed words and a request id, under every header (A165, A166)', async () => {
    const credentials = { authorization: backend.basic }
    const answers = [
      await server.post('/token', {}, credentials),
      await server.post('/token', { grant_type: 'x' }, credentials),
      await server.post('/token', { grant_type: 'refresh_token', refresh_token: '<script>\'"' }, credentials),
      await server.post('/token', '{"a":', { 'content-type': 'application/json' }),
      await server.post('/token', {}, { authorization: 'Basic x' }),
      await server.app.inject({ method: 'PUT', url: '/token' }),
      await server.app.inject({ url: '/userinfo' }),
      await server.post('/introspect', {}, credentials),
      await server.post('/revoke', {}, credentials),
      await server.app.inject({ url: '/nowhere/../../etc/passwd' }),
      await server.app.inject({ url: '/token/' }),
    ]
    for (const answer of answers) {
      const { error, error_description, request_id, ...more } = answer.json<Record<string, string>>()
      assert.match(String(error), /^[a-z_]+$/)
      assert.match(error_description ?? 'none', /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
      assert.match(String(request_id), /^[0-9a-f-]{36}$/)
      assert.deepEqual(more, {})
      for (const [name, value] of Object.entries(HEADERS)) assert.equal(answer.headers[name], value, name)
      assert.doesNotMatch(answer.body, /<script|passwd|at .*\.ts|node_modules|Error:/)
      assert.ok(
        server.log.some((line) => line.includes(request_id!)),
        'the log knows what was wrong',
      )
    }
  })

  test('while the database is away, whatever needs it says so, and nothing more (A165, A191)', async () => {
    const credentials = { authorization: backend.basic }
    await server.post('/introspect', { token: 'x' }, credentials)
    await server.app.inject('/jwks')
    const restore = await cutDatabase(server)
    try {
      const failed = [
        await refresh(server, backend, tokens.refresh_token),
        await server.post('/token', { grant_type: 'authorization_code', code: 'ac_x', redirect_uri: 'x' }, credentials),
        await server.post('/introspect', { token: tokens.access_token }, credentials),
        await server.post('/revoke', { token: tokens.access_token }, credentials),
        await server.app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${tokens.access_token}` } }),
        await server.post(
          '/token',
          {},
          { authorization: `Basic ${Buffer.from('never-heard-of:x').toString('base64')}` },
        ),
      ]
      for (const answer of failed) {
        const { request_id, ...body } = answer.json()
        assert.equal(answer.statusCode, 503)
        assert.deepEqual(body, {
          error: 'temporarily_unavailable',
          error_description: 'the server cannot answer now',
          retry_after: 5,
        })
        assert.equal(answer.headers['retry-after'], '5')
        assert.equal(answer.headers['www-authenticate'], undefined) // the token may be good
        assert.match(request_id, /^[0-9a-f-]{36}$/)
      }
      server.clock.advance(60) // what is remembered for seconds is served on
      for (const url of ['/jwks', '/.well-known/openid-configuration', '/healthz'])
        assert.equal((await server.app.inject(url)).statusCode, 200, url)
      assert.equal((await server.app.inject('/readyz')).statusCode, 503)
      const machine = { grant_type: 'client_credentials' }
      assert.equal(refusal(await server.post('/token', machine, credentials)), '400 unauthorized_client') // known, and judged
    } finally {
      await restore()
    }
    assert.equal((await server.app.inject('/readyz')).statusCode, 200)
    assert.equal((await refresh(server, backend, tokens.refresh_token)).statusCode, 200)
  })

  test('answers with tokens are not stored anywhere (RFC 6749 §5.1)', async () => {
    const answer = await refresh(
      server,
      backend,
      (await obtainTokens(server, backend, await server.makeUser())).tokens.refresh_token,
    )
    assert.deepEqual([answer.headers['cache-control'], answer.headers.pragma], ['no-store', 'no-cache'])
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.deepEqual(Object.keys(answer.json()).sort(), [
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'scope',
      'token_type',
    ])
    assert.equal(
      answer.json().expires_in,
      Number(claimsIn(answer.json().access_token).exp) - Number(claimsIn(answer.json().access_token).iat),
    )
  })
})
