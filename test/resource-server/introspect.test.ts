import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIntrospector, type IntrospectorOptions, OAuthError } from '../../src/resource-server/index.ts'
import type { Fetch } from '../../src/resource-server/key-set.ts'
import { AUDIENCE, FakeClock, ISSUER } from './issuer.ts'

/** An issuer that says of every token what the test tells it to. */
function set(options: Partial<IntrospectorOptions> = {}) {
  const clock = new FakeClock()
  const good = {
    active: true,
    token_type: 'Bearer',
    ...{ iss: ISSUER, sub: 'alice', aud: AUDIENCE, client_id: 'spa', scope: 'read', jti: 'j' },
    ...{ iat: clock.seconds(), exp: clock.seconds() + 900, roles: ['editor'], username: 'ada' },
  }
  const issuer = {
    answer: good as unknown,
    status: 200,
    isDown: false,
    asked: [] as { url: string; init: RequestInit }[],
  }
  const fetch: Fetch = async (url, init) => {
    issuer.asked.push({ url, init })
    await Promise.resolve()
    if (issuer.isDown) throw new TypeError('fetch failed')
    return Response.json(issuer.answer, { status: issuer.status })
  }
  const introspector = createIntrospector({
    issuer: ISSUER,
    clientId: 'api:1',
    clientSecret: 'cs_ü +%',
    audience: AUDIENCE,
    fetch,
    clock,
    ...options,
  })
  return { clock, issuer, good, introspector }
}

const refuses = (promise: Promise<unknown>, code = 'invalid_token', message?: string) =>
  assert.rejects(promise, (error) => error instanceof OAuthError && error.code === code, message)

test('an active token is given as a verified one is, and the question is asked as the standard has it (RFC 7662 §2)', async () => {
  const { issuer, introspector } = set()
  const token = await introspector.verify('a.b.c')
  assert.deepEqual([token.subject, token.clientId, token.scopes, token.roles], ['alice', 'spa', ['read'], ['editor']])
  assert.ok(Object.isFrozen(token) && Object.isFrozen(token.claims))
  const [{ url, init } = assert.fail()] = issuer.asked
  assert.equal(url, `${ISSUER}/introspect`)
  assert.deepEqual(
    [init.method, init.redirect, init.body],
    ['POST', 'error', 'token=a.b.c&token_type_hint=access_token'],
  )
  const credentials = Buffer.from(String(new Headers(init.headers).get('authorization')).slice(6), 'base64').toString()
  assert.equal(credentials, 'api%3A1:cs_%C3%BC+%2B%25') // RFC 6749 §2.3.1
})

test('a token that is not active, or not an access token for us, is refused (RFC 7662 §4, A074, A076)', async () => {
  const { issuer, good, introspector } = set({ cacheSeconds: 0 })
  const answers = [
    { active: false },
    { ...good, active: 'true' },
    { ...good, active: 1 },
    { ...good, token_type: undefined },
    { ...good, token_type: 'DPoP' },
    { ...good, type: 'refresh' },
    { ...good, aud: 'https://other.example' },
    { ...good, aud: undefined },
    { ...good, iss: 'https://evil.example' },
    { ...good, exp: good.iat - 11 },
    { ...good, cnf: { jkt: 'x' } },
    { ...good, sub: undefined },
  ]
  for (const answer of answers) {
    issuer.answer = answer
    await refuses(introspector.verify('a.b.c'), 'invalid_token', JSON.stringify(answer))
  }
})

test('while the issuer cannot be asked, or answers nonsense, nobody passes (controls.md row 2)', async () => {
  const { issuer, introspector } = set({ cacheSeconds: 0 })
  for (const status of [401, 429, 500, 503, 302]) {
    issuer.status = status
    await refuses(introspector.verify('a.b.c'), 'temporarily_unavailable', String(status))
  }
  issuer.status = 200
  for (const answer of [null, [], 'active', {}, 7]) {
    issuer.answer = answer
    await refuses(introspector.verify('a.b.c'), 'temporarily_unavailable', JSON.stringify(answer))
  }
  issuer.isDown = true
  await refuses(introspector.verify('a.b.c'), 'temporarily_unavailable')
})

test('an answer is believed for five seconds at most, good or bad, and never past the expiry (RFC 7662 §4)', async () => {
  const { issuer, good, introspector, clock } = set()
  await introspector.verify('a')
  issuer.answer = { active: false }
  clock.advance(4)
  await introspector.verify('a')
  assert.equal(issuer.asked.length, 1)
  clock.advance(1)
  await refuses(introspector.verify('a'))
  issuer.answer = good
  await refuses(introspector.verify('a'))
  assert.equal(issuer.asked.length, 2)
  clock.advance(5)
  await introspector.verify('a')

  issuer.answer = { ...good, exp: clock.seconds() - 8 }
  await introspector.verify('ending')
  clock.advance(2)
  await refuses(introspector.verify('ending'))
  for (const cacheSeconds of [5.1, -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => set({ cacheSeconds }), RangeError)
})

test('a failure is not remembered', async () => {
  const { issuer, introspector } = set()
  issuer.isDown = true
  await refuses(introspector.verify('a'), 'temporarily_unavailable')
  issuer.isDown = false
  await introspector.verify('a')
})

test('many callers share one question; with no cache each asks its own, so that no answer is older than its request', async () => {
  const sharing = set()
  await Promise.all(Array.from({ length: 50 }, () => sharing.introspector.verify('a')))
  assert.equal(sharing.issuer.asked.length, 1)
  const asking = set({ cacheSeconds: 0 })
  await Promise.all(Array.from({ length: 3 }, () => asking.introspector.verify('a')))
  assert.equal(asking.issuer.asked.length, 3)
})
