import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Secret } from '../../src/base/secret.ts'
import { StoreUnavailable } from '../../src/store/database.ts'
import { openRedisThrottle } from '../../src/store/throttle-redis.ts'
import { freePort } from '../support/processes.ts'
import { NO_REDIS, startRedis, type TestRedis } from '../support/redis.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../support/server.ts'
import { attempt, exactness, LIMIT, type Limited, newKey } from './exactness.ts'

const NOTHING = () => undefined

suite('limits in Redis', { skip: NO_REDIS }, () => {
  let redis: TestRedis
  let limited: Limited
  let closing: readonly (() => void)[]
  before(async () => {
    redis = await startRedis(await freePort())
    let offset = 0
    const url = new Secret(redis.url)
    const open = () => openRedisThrottle({ url, onError: NOTHING, offsetSeconds: () => offset })
    const nodes = await Promise.all([open(), open(), open()])
    const advance = (seconds: number) => {
      offset += seconds
    }
    limited = { nodes, advance }
    closing = nodes.map(({ close }) => close)
  })
  after(async () => {
    for (const close of closing) close()
    await redis.discard()
  })

  exactness(() => limited)

  test('a key says nothing of whom it limits, and is gone when it limits nobody any more', async () => {
    const client = new Redis(redis.url)
    try {
      await client.flushdb()
      await limited.nodes[0]!.take([newKey()], { calls: 10, periodSeconds: 60 }, attempt())
      const keys = await client.keys('*')
      assert.equal(keys.length, 1)
      assert.match(keys[0] ?? '', /^postern:\{throttle\}:[0-9a-f]{64}$/)
      const ttl = await client.pttl(keys[0] ?? '')
      assert.ok(ttl > 5000 && ttl <= 6000, String(ttl))
    } finally {
      client.disconnect()
    }
  })
})

suite('a server whose limits are in Redis', { skip: NO_REDIS }, () => {
  let redis: TestRedis
  let server: TestServer
  let client: TestClient
  let machine: TestClient
  before(async () => {
    redis = await startRedis(await freePort())
    server = await startServer({ RATE_LIMIT_REDIS_URL: redis.url, LIMIT_AUTH_PER_MINUTE: '10' })
    client = await server.register({ first_party: true })
    machine = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: '',
    })
  })
  after(async () => {
    await server.close()
    await redis.discard()
  })

  const signIn = async (password: string, username = 'nobody', address = '203.0.113.1') => {
    const browser = server.browser(address)
    const page = await browser.follow(
      await browser.get(authorizeUrl(client, pkce().challenge), { fromElsewhere: true }),
    )
    return await browser.submit(page, { username, password })
  }
  const ask = (authorization: string) => server.post('/token', { grant_type: 'client_credentials' }, { authorization })
  const wrong = () => ask(`Basic ${Buffer.from(`${machine.clientId}:wrong`).toString('base64')}`)

  test('ten passwords a minute, and nothing of it in the database', async () => {
    for (let call = 0; call < 10; call++) assert.equal((await signIn('x')).statusCode, 400)
    const refused = await signIn('x')
    assert.equal(refused.statusCode, 429)
    server.clock.advance(Number(refused.headers['retry-after']))
    assert.equal((await signIn('x')).statusCode, 400)
    assert.deepEqual(await server.database.db.selectFrom('throttle').select('key').execute(), [])
  })

  test('eleven failed client authentications: the last says when to come again, as JSON (A087)', async () => {
    for (let call = 0; call < 10; call++) assert.equal((await wrong()).statusCode, 401)
    const refused = await wrong()
    assert.equal(refused.statusCode, 429)
    const body = refused.json<Record<string, unknown>>()
    assert.equal(body.error, 'slow_down')
    assert.equal(String(body.retry_after), refused.headers['retry-after'])
    assert.ok(Number(body.retry_after) >= 1 && Number(body.retry_after) <= 6)
  })

  test('while Redis is away nobody’s password or secret is tried, all else goes on, and it mends itself (design.md §6)', async () => {
    const user = await server.makeUser()
    await redis.stop()
    for (let call = 0; call < 3; call++) {
      const refused = await signIn(user.password, user.username, '203.0.114.1')
      assert.equal(refused.statusCode, 503)
      assert.ok(Number(refused.headers['retry-after']) > 0)
    }
    assert.equal((await wrong()).statusCode, 503)
    assert.equal((await ask(machine.basic)).statusCode, 200)
    const failures = server.log.filter((line) => line.includes('the limits failed'))
    assert.equal(failures.length, 1, 'told once')
    assert.equal(
      server.log.some((line) => line.includes('a-password-of-the-tests')),
      false,
    )

    await redis.start()
    for (let tries = 0; ; tries++) {
      const { statusCode } = await signIn(user.password, user.username, '203.0.114.1')
      if (statusCode === 303) break
      assert.equal(statusCode, 503)
      assert.ok(tries < 200)
      await pause(50)
    }
  })
})

test('without a Redis the limits say so at once, and keep nobody waiting', async () => {
  const told: Error[] = []
  const url = new Secret(`redis://127.0.0.1:${await freePort()}`)
  const throttle = await openRedisThrottle({ url, onError: (error) => void told.push(error) })
  try {
    await assert.rejects(throttle.take([newKey()], LIMIT, attempt()), StoreUnavailable)
    assert.equal(told.length, 1)
  } finally {
    throttle.close()
  }
})
