import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { cutDatabase } from '../support/back-channel.ts'
import { codeForm, obtainCode, obtainTokens, startServer, type TestClient, type TestServer } from '../support/server.ts'

const ORIGIN = 'https://app.example'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const CORS_PATHS = { '/token': 'POST', '/revoke': 'POST', '/userinfo': 'GET, POST' } as const

suite('answers to other origins', () => {
  let server: TestServer
  let spa: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer({ LIMIT_CLIENT_AUTH_PER_MINUTE: '1' })
    spa = await server.register({})
    user = await server.makeUser()
  })
  after(() => server.close())

  const from = (
    origin: string,
    path: string,
    form: Record<string, string> | string = {},
    headers: Record<string, string> = {},
  ) => server.post(path, form, { origin, ...headers })

  test('a registered origin reads every status of token, revoke and userinfo (A167)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const { tokens } = await obtainTokens(server, spa, user)
    const wrong = { client_id: spa.clientId, client_secret: 'wrong' }
    const restoreAfter = async () => {
      const restore = await cutDatabase(server)
      const answers = [
        await from(ORIGIN, '/userinfo', { access_token: tokens.access_token }),
        await from(ORIGIN, '/token', {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
          client_id: spa.clientId,
        }),
        await from(ORIGIN, '/revoke', { token: tokens.refresh_token, client_id: spa.clientId }),
      ]
      await restore()
      return answers
    }
    const answers = [
      await from(ORIGIN, '/token', codeForm(spa, code, verifier)),
      await from(ORIGIN, '/token', codeForm(spa, code, verifier)),
      await from(ORIGIN, '/token', 'x=1&x=2'),
      await from(ORIGIN, '/token', '{}', { 'content-type': 'application/json' }),
      await from(ORIGIN, '/token', wrong),
      await from(ORIGIN, '/token', wrong),
      await from(ORIGIN, '/token', `x=${'a'.repeat(70_000)}`),
      await server.app.inject({ method: 'PUT', url: '/token', headers: { origin: ORIGIN } }),
      await from(ORIGIN, '/revoke', { token: 'x', client_id: spa.clientId }),
      await from(ORIGIN, '/revoke', { client_id: spa.clientId }),
      await server.app.inject({
        url: '/userinfo',
        headers: { origin: ORIGIN, authorization: `Bearer ${tokens.access_token}` },
      }),
      await server.app.inject({ url: '/userinfo', headers: { origin: ORIGIN } }),
      await server.app.inject({ url: '/userinfo', headers: { origin: ORIGIN, authorization: 'Bearer' } }),
      ...(await restoreAfter()),
    ]
    const statuses = answers.map(({ statusCode }) => statusCode)
    assert.deepEqual(statuses, [200, 400, 400, 400, 401, 429, 413, 405, 200, 400, 200, 401, 400, 503, 503, 503])
    for (const { headers, statusCode } of answers) {
      assert.equal(headers['access-control-allow-origin'], ORIGIN, String(statusCode))
      assert.equal(headers['access-control-allow-credentials'], undefined)
      assert.match(String(headers.vary), /\bOrigin\b/)
      assert.match(String(headers['access-control-expose-headers']), /WWW-Authenticate/)
      assert.equal(headers['cross-origin-resource-policy'], 'cross-origin')
      assert.equal(headers['cache-control'], 'no-store')
    }
  })

  test('any other origin reads nothing, and caches are told why (A167)', async () => {
    const strangers = [
      'https://evil.test',
      'https://app.example.evil.test',
      'http://app.example',
      'https://app.example:8443',
      'HTTPS://APP.EXAMPLE',
      'null',
      'https://app.example/',
      'x'.repeat(1000),
    ]
    for (const origin of strangers) {
      for (const path of Object.keys(CORS_PATHS)) {
        const answer = await from(origin, path, { client_id: spa.clientId })
        assert.equal(answer.headers['access-control-allow-origin'], undefined, origin)
        assert.match(String(answer.headers.vary), /\bOrigin\b/)
      }
    }
  })

  test('the origin of a disabled client is another origin (A167)', async () => {
    await server.register({ redirect_uris: ['https://gone.example/cb'], disabled: true })
    assert.equal((await from('https://gone.example', '/token')).headers['access-control-allow-origin'], undefined)
  })

  test('a preflight says what may be sent, to registered origins only (Fetch §4.8)', async () => {
    for (const [url, methods] of Object.entries(CORS_PATHS)) {
      const preflight = (origin: string) =>
        server.app.inject({
          method: 'OPTIONS',
          url,
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization',
          },
        })
      const { headers, statusCode } = await preflight(ORIGIN)
      assert.deepEqual(
        [statusCode, headers['access-control-allow-origin'], headers['access-control-allow-methods']],
        [204, ORIGIN, methods],
      )
      assert.match(String(headers['access-control-allow-headers']), /Authorization/)
      const stranger = await preflight('https://evil.test')
      assert.equal(stranger.headers['access-control-allow-origin'], undefined)
      assert.equal(stranger.headers['access-control-allow-methods'], undefined)
    }
  })

  test('keys and metadata are everybody’s, without credentials (protocol.md, endpoints)', async () => {
    for (const url of [
      '/jwks',
      '/.well-known/jwks.json',
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ]) {
      for (const headers of [{}, { origin: 'https://evil.test' }]) {
        const answer = await server.app.inject({ url, headers })
        assert.equal(answer.headers['access-control-allow-origin'], '*')
        assert.equal(answer.headers['access-control-allow-credentials'], undefined)
      }
    }
  })

  test('nothing else is for other origins (A167)', async () => {
    const { host } = new URL(server.config.issuer)
    for (const url of [
      '/authorize',
      '/logout',
      '/introspect',
      '/login',
      '/interaction',
      '/consent',
      '/healthz',
      '/account',
      '/nowhere',
    ]) {
      for (const method of METHODS) {
        const answer = await server.app.inject({ method, url, headers: { host, origin: ORIGIN } })
        assert.equal(answer.headers['access-control-allow-origin'], undefined, `${method} ${url}`)
      }
    }
  })
})
