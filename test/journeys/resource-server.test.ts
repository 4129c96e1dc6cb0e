import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import * as client from 'openid-client'
import { bearer } from '../../src/resource-server/fastify.ts'
import { createVerifier } from '../../src/resource-server/index.ts'
import { DECLARED, ORDERS, SECRETS } from '../support/journey.ts'
import { startAlone } from '../support/processes.ts'

suite('a service behind us, with the package it imports', () => {
  let alone: Awaited<ReturnType<typeof startAlone>>
  let api: FastifyInstance
  let machine: client.Configuration
  before(async () => {
    alone = await startAlone({ engine: 'PostgreSQL', declared: DECLARED })
    const verifier = createVerifier({ issuer: alone.issuer, audience: ORDERS })
    api = fastify()
    api.get('/orders', { preHandler: bearer(verifier, { requiredScopes: ['orders.read'] }) }, async (request) => ({
      client: request.accessToken.clientId,
    }))
    api.post('/orders', { preHandler: bearer(verifier, { requiredScopes: ['orders.write'] }) }, async () => ({}))
    await api.listen({ host: '127.0.0.1', port: 0 })
    const options = { execute: [client.allowInsecureRequests] }
    const authentication = client.ClientSecretBasic(SECRETS.machine)
    machine = await client.discovery(new URL(alone.issuer), 'machine', undefined, authentication, options)
  })
  after(async () => {
    await api.close()
    await alone.close()
  })

  const at = (): string => {
    const address = api.server.address()
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/orders` : ''
  }
  const call = (token: string | undefined, method = 'GET') =>
    fetch(at(), { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })

  test('lets in who has a token for it, by the keys it reads from us (RFC 9068 §4)', async () => {
    const { access_token } = await client.clientCredentialsGrant(machine, { scope: 'orders.read', resource: ORDERS })
    const answer = await call(access_token)
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { client: 'machine' })
  })

  test('says what is missing in the words of RFC 6750 §3', async () => {
    const { access_token } = await client.clientCredentialsGrant(machine, { scope: 'orders.read', resource: ORDERS })
    const wanting = await call(access_token, 'POST')
    assert.equal(wanting.status, 403)
    assert.match(wanting.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
    const none = await call(undefined)
    assert.equal(none.status, 401)
    assert.match(none.headers.get('www-authenticate') ?? '', /^Bearer/)
    const forged = await call(`${access_token.slice(0, -8)}AAAAAAAA`)
    assert.equal(forged.status, 401)
    assert.match(forged.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  })

  test('refuses a token that is meant for somebody else (RFC 9068 §4)', async () => {
    const options = { execute: [client.allowInsecureRequests] }
    const authentication = client.ClientSecretBasic(SECRETS.orders)
    const other = await client.discovery(new URL(alone.issuer), 'orders', undefined, authentication, options)
    const { access_token } = await client.clientCredentialsGrant(other)
    assert.equal((await call(access_token)).status, 401)
  })

  test('goes on letting clients in while we are away (design: tokens)', async () => {
    const { access_token } = await client.clientCredentialsGrant(machine, { scope: 'orders.read', resource: ORDERS })
    await alone.server.end('SIGKILL')
    assert.equal((await call(access_token)).status, 200)
  })
})
