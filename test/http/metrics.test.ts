import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { metricsApp } from '../../src/http/endpoints/metrics.ts'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { parseExposition, type Sample, valueIn } from '../support/exposition.ts'
import { obtainTokens, PASSWORD, refresh, startServer, type TestServer } from '../support/server.ts'

describe('metrics', () => {
  let server: TestServer
  let metrics: FastifyInstance
  before(async () => {
    server = await startServer({ ADMIN_PORT: '3001', METRICS_PORT: '9090', CEILING_CLIENT_PER_MINUTE: '20' })
    metrics = metricsApp(server.deps)
  })
  after(async () => {
    await metrics.close()
    await server.close()
  })
  async function scrape(): Promise<readonly Sample[]> {
    const answer = await metrics.inject('/metrics')
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    return parseExposition(answer.body)
  }

  test('a journey moves the counts: requests, tokens, refreshes, sign-ins, refusals', async () => {
    const client = await server.register({})
    const user = await server.makeUser()
    const before = await scrape()
    const { tokens } = await obtainTokens(server, client, user)
    const next = await refresh(server, client, tokens.refresh_token)
    await refresh(server, client, tokens.refresh_token)
    await refresh(server, client, next.json().refresh_token)
    assert.equal((await refresh(server, client, tokens.refresh_token)).statusCode, 400)
    const browser = server.browser()
    const page = await browser.follow(await browser.get('/account'))
    await browser.submit(page, { username: user.username, password: `${PASSWORD}x` })
    await server.app.inject({ url: '/no/such/place' })
    await sealAudit.run(server.deps)

    const now = await scrape()
    const moved = (name: string, labels: Record<string, string>) =>
      valueIn(now, name, labels) - valueIn(before, name, labels)
    const token = { route: '/token', method: 'POST' }
    assert.equal(moved('postern_http_requests_total', { ...token, status: '2xx' }), 4)
    assert.equal(moved('postern_http_requests_total', { ...token, status: '4xx' }), 1)
    assert.equal(moved('postern_http_request_duration_seconds_count', { route: '/token' }), 5)
    assert.equal(moved('postern_http_requests_total', { route: 'none', status: '4xx' }), 1)
    assert.equal(moved('postern_tokens_issued_total', { grant_type: 'authorization_code' }), 1)
    assert.equal(moved('postern_tokens_issued_total', { grant_type: 'refresh_token' }), 3)
    assert.equal(moved('postern_refreshes_total', { outcome: 'rotated' }), 2)
    assert.equal(moved('postern_refreshes_total', { outcome: 'retried' }), 1)
    assert.equal(moved('postern_refreshes_total', { outcome: 'reused' }), 1)
    assert.equal(moved('postern_refusals_total', { code: 'invalid_grant' }), 1)
    assert.equal(moved('postern_audit_events_total', { type: 'user.signed_in', outcome: 'success' }), 1)
    assert.equal(moved('postern_audit_events_total', { type: 'user.sign_in_failed', outcome: 'failure' }), 1)
  })

  test('a client over its ceiling is counted as throttled', async () => {
    const client = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.clientSecret }
    const before = valueIn(await scrape(), 'postern_throttled_total', { limit: 'client' })
    for (let call = 0; call < 21; call += 1) await server.post('/token', form)
    assert.equal(valueIn(await scrape(), 'postern_throttled_total', { limit: 'client' }), before + 1)
  })

  test('a scrape tells what waits, how old the keys are and what is in use', async () => {
    const samples = await scrape()
    assert.equal(valueIn(samples, 'postern_database_up'), 1)
    assert.ok(samples.some(({ name }) => name === 'postern_audit_queue'))
    assert.equal(valueIn(samples, 'postern_signing_keys', { state: 'current', alg: 'RS256' }), 1)
    assert.ok(valueIn(samples, 'postern_signing_key_age_seconds', { state: 'current' }) >= 0)
    for (const name of ['postern_password_permits', 'postern_database_connections'])
      for (const what of ['in_use', 'waiting']) assert.ok(samples.some((sample) => sample.name === `${name}_${what}`))
  })

  test('no label names a person, a client, a session or an address, whoever was here (controls row 40)', async () => {
    const client = await server.register({})
    const user = await server.makeUser()
    await obtainTokens(server, client, user)
    await server.app.inject({ url: `/login?id=${user.id}&email=${user.email}` })
    await server.app.inject({ url: `/${user.username}`, headers: { 'user-agent': user.email } })
    await sealAudit.run(server.deps)
    const { body } = await metrics.inject('/metrics')
    for (const word of [client.clientId, user.id, user.username, user.email, '198.51.100'])
      assert.ok(!body.includes(word), word)
    for (const { labels } of parseExposition(body))
      for (const text of Object.values(labels)) {
        assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-|@|[?&=]/)
        assert.ok(text.length < 60, text)
      }
  })

  test('metrics are read at their own listener, which has nothing else', async () => {
    const admin = await buildApp(server.deps, { listener: 'admin' })
    assert.equal((await server.app.inject('/metrics')).statusCode, 404)
    assert.equal((await admin.inject('/metrics')).statusCode, 404)
    await admin.close()
    for (const url of ['/', '/token', '/healthz', '/admin']) assert.equal((await metrics.inject(url)).statusCode, 404)
    assert.equal((await metrics.inject({ method: 'POST', url: '/metrics' })).statusCode, 404)
  })
})
