import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError } from '../../src/protocol/error.ts'
import { type Fetch, remoteKeys } from '../../src/resource-server/key-set.ts'
import { FakeClock, fakeIssuer, newPair } from './issuer.ts'

const one = await newPair('k1')
const two = await newPair('k2')

function set(cacheControl?: string) {
  const clock = new FakeClock()
  const issuer = fakeIssuer([one], cacheControl)
  return { clock, issuer, find: remoteKeys({ jwksUri: 'https://id.example.com/jwks', fetch: issuer.fetch, clock }) }
}

test('keys are read once, and kept as long as Cache-Control says (RFC 9111 §4.2)', async () => {
  const { clock, issuer, find } = set('public, max-age=120')
  for (const seconds of [0, 60, 59]) {
    clock.advance(seconds)
    assert.ok(await find('k1'))
  }
  assert.equal(issuer.calls, 1)
  clock.advance(1)
  assert.ok(await find('k1'))
  assert.equal(issuer.calls, 2)
})

const ages = {
  '': 600,
  'no-store': 10,
  'max-age=0': 10,
  'max-age=x': 600,
  'max-age="90"': 90,
  'max-age=999999999': 86_400,
  'S-MaxAge=5, Max-Age=90': 90,
}
for (const [cacheControl, seconds] of Object.entries(ages)) {
  test(`Cache-Control "${cacheControl}" keeps the keys for ${seconds} s (RFC 9111 §5.2.2)`, async () => {
    const { clock, issuer, find } = set(cacheControl)
    await find('k1')
    clock.advance(seconds - 1)
    await find('k1')
    assert.equal(issuer.calls, 1)
    clock.advance(1)
    await find('k1')
    assert.equal(issuer.calls, 2)
  })
}

test('many callers share one flight (A087)', async () => {
  const { issuer, find, clock } = set()
  assert.ok((await Promise.all(Array.from({ length: 50 }, () => find('k1')))).every(Boolean))
  assert.equal(issuer.calls, 1)
  issuer.keys = [one, two]
  clock.advance(1)
  assert.ok((await Promise.all(Array.from({ length: 50 }, () => find('k2')))).every(Boolean))
  assert.equal(issuer.calls, 2)
})

test('an unknown key id makes one look, then none for ten seconds (OIDC Core §10.1.1, A071)', async () => {
  const { clock, issuer, find } = set()
  await find('k1')
  for (let round = 0; round < 20; round++) assert.equal(await find(`unknown ${round}`), undefined)
  assert.equal(issuer.calls, 2)
  issuer.keys = [two]
  clock.advance(10)
  assert.ok(await find('k2'))
  assert.equal(issuer.calls, 3)
  assert.equal(await find('k1'), undefined)
})

test('an unknown key id at the first start costs one look, not two', async () => {
  const { issuer, find } = set()
  assert.equal(await find('k9'), undefined)
  assert.equal(issuer.calls, 1)
})

test('while the issuer is down its last keys serve on, and it is asked every ten seconds (A191)', async () => {
  const { clock, issuer, find } = set()
  await find('k1')
  issuer.isDown = true
  clock.advance(600)
  for (let round = 0; round < 10; round++) assert.ok(await find('k1'))
  assert.equal(issuer.calls, 2)
  clock.advance(10)
  assert.ok(await find('k1'))
  assert.equal(issuer.calls, 3)
  issuer.isDown = false
  issuer.keys = [two]
  clock.advance(10)
  await find('k1')
  assert.ok(await find('k2'))
  assert.equal(await find('k1'), undefined)
})

test('nobody waits for an issuer that is known to be down (A191)', async () => {
  const { clock, issuer } = set()
  let hangs = false
  const fetch: Fetch = (url, init) => (hangs ? new Promise(() => {}) : issuer.fetch(url, init))
  const find = remoteKeys({ jwksUri: 'https://id.example.com/jwks', fetch, clock })
  await find('k1')
  issuer.isDown = true
  clock.advance(600)
  await find('k1')
  hangs = true
  clock.advance(10)
  assert.ok(await find('k1'))
})

test('an issuer that was never reached is unavailable, and not hammered', async () => {
  const { clock, issuer, find } = set()
  issuer.isDown = true
  const isUnavailable = (error: unknown) => error instanceof OAuthError && error.status === 503
  for (let round = 0; round < 5; round++) await assert.rejects(find('k1'), isUnavailable)
  assert.equal(issuer.calls, 1)
  issuer.isDown = false
  clock.advance(10)
  assert.ok(await find('k1'))
})

test('an answer that is no key set is a failure like any other (RFC 7517 §5)', async () => {
  const clock = new FakeClock()
  const answers = [
    () => new Response('<html>'),
    () => Response.json([]),
    () => Response.json({ keys: {} }),
    () => Response.json({ keys: [null] }),
    () => new Response('', { status: 500 }),
  ]
  for (const answer of answers) {
    const find = remoteKeys({ jwksUri: 'https://id.example.com/jwks', fetch: async () => answer(), clock })
    await assert.rejects(find('k1'), OAuthError)
  }
})
