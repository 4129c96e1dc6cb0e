import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { bearer } from '../../src/resource-server/fastify.ts'
import { createVerifier } from '../../src/resource-server/index.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { AUDIENCE, FakeClock, fakeIssuer, ISSUER, newPair, sign } from './issuer.ts'

const pair = await newPair('k1')

async function service() {
  const clock = new FakeClock()
  const issuer = fakeIssuer([pair])
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: issuer.fetch, clock })
  const app = fastify({ loggerInstance: createLog({ level: 'silent' }) })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  )
  const preHandler = bearer(verifier, { realm: 'api', requiredScopes: ['read'] })
  app.route({
    method: ['GET', 'POST'],
    url: '/notes',
    preHandler,
    handler: async ({ accessToken }) => ({ hello: accessToken.subject }),
  })
  const call = (authorization?: string, more: object = {}) =>
    app.inject({ url: '/notes', ...(authorization === undefined ? {} : { headers: { authorization } }), ...more })
  return { app, call, issuer, token: (claims = {}) => sign(pair, clock, claims) }
}

test('a good token reaches the handler (RFC 6750 §2.1)', async () => {
  const { call, token } = await service()
  const response = await call(`bearer ${await token()}`)
  assert.deepEqual([response.statusCode, response.json()], [200, { hello: 'alice' }])
})

test('without a token the answer is 401, its challenge without an error (RFC 6750 §3.1, A079)', async () => {
  const { call } = await service()
  for (const authorization of [undefined, 'Basic eDp5', 'BearerX']) {
    const response = await call(authorization)
    assert.deepEqual(
      [response.statusCode, response.headers['www-authenticate']],
      [401, 'Bearer realm="api", scope="read"'],
    )
    assert.equal(response.json().error, 'invalid_token')
  }
})

test('a malformed header is 400, a bad token 401, a narrow one 403 (RFC 6750 §3.1, A079)', async () => {
  const { call, token } = await service()
  const table = [
    [`Bearer  ${await token()}`, 400, 'invalid_request'],
    ['Bearer a.b.c', 401, 'invalid_token'],
    [`Bearer ${await token({ aud: 'https://other.example' })}`, 401, 'invalid_token'],
    [`Bearer ${await token({ scope: 'reader write' })}`, 403, 'insufficient_scope'],
  ] as const
  for (const [authorization, status, error] of table) {
    const response = await call(authorization)
    assert.deepEqual([response.statusCode, response.json().error], [status, error])
    assert.match(
      String(response.headers['www-authenticate']),
      new RegExp(`^Bearer realm="api", error="${error}", error_description="[^"]+", scope="read"$`),
    )
    assert.equal(response.headers['cache-control'], 'no-store')
  }
})

test('a token in the URL or in a form is refused, alone or beside the header (RFC 9700 §4.3.2, A079)', async () => {
  const { call, token } = await service()
  const good = await token()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = { method: 'POST', payload: `access_token=${good}` }
  const requests = [
    call(undefined, { url: `/notes?access_token=${good}` }),
    call(`Bearer ${good}`, { url: `/notes?access_token=${good}` }),
    call(undefined, { ...form, headers }),
    call(undefined, { ...form, headers: { ...headers, authorization: `Bearer ${good}` } }),
  ]
  for (const response of await Promise.all(requests))
    assert.deepEqual([response.statusCode, response.json().error], [400, 'invalid_request'])
})

test('while the issuer was never reached the answer is 503, and nobody passes (controls.md row 2)', async () => {
  const { call, token, issuer } = await service()
  issuer.isDown = true
  const response = await call(`Bearer ${await token()}`)
  assert.deepEqual([response.statusCode, response.json().error], [503, 'temporarily_unavailable'])
})

test('any other fault in the check lets nobody pass (controls.md row 2)', async () => {
  const app = fastify()
  const broken = { verify: async () => Promise.reject(new Error('bug')) }
  app.get('/', { preHandler: bearer(broken) }, async () => 'in')
  const response = await app.inject({ url: '/', headers: { authorization: 'Bearer x' } })
  assert.equal(response.statusCode, 500)
})
