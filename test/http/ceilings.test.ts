import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { ceiling } from '../../src/base/ceiling.ts'
import { refusal } from '../support/back-channel.ts'
import { obtainTokens, startServer, type TestClient, type TestServer } from '../support/server.ts'

test('a ceiling lets a burst through, then one at a time, and refusals cost nothing (design.md §6)', () => {
  let now = 0
  const { take } = ceiling({ now: () => new Date(now) }, 10, 60)
  assert.deepEqual(
    Array.from({ length: 12 }, () => take('a')),
    [...Array(10).fill(0), 6, 6],
  )
  assert.equal(take('b'), 0)
  now += 5999
  assert.equal(take('a'), 1)
  now += 1
  assert.deepEqual([take('a'), take('a')], [0, 6])
  now += 3_600_000
  assert.deepEqual(
    Array.from({ length: 11 }, () => take('a')),
    [...Array(10).fill(0), 6],
  )
})

suite('ceilings', () => {
  let server: TestServer
  let spa: TestClient
  let machine: TestClient
  before(async () => {
    server = await startServer({
      CEILING_CLIENT_PER_MINUTE: '3',
      CEILING_ADDRESS_PER_MINUTE: '60',
      LIMIT_DEFAULT_PER_HOUR: '2',
      LIMIT_CLIENT_AUTH_PER_MINUTE: '1000',
    })
    spa = await server.register({})
    machine = await server.register({
      grant_types: ['client_credentials'],
      scope: '',
      token_endpoint_auth_method: 'client_secret_basic',
    })
  })
  after(() => server.close())

  const ask = (headers: Record<string, string>, form: Record<string, string> = {}, remoteAddress = '192.0.2.1') =>
    server.app.inject({
      method: 'POST',
      url: '/token',
      remoteAddress,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
    })

  test('a client beyond its ceiling waits exactly as long as it is told (design.md §6)', async () => {
    const answers = []
    for (let call = 0; call < 5; call += 1) answers.push(await ask({ authorization: machine.basic }))
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200, 429, 429],
    )
    const last = answers.at(-1)!
    const { retry_after, error } = last.json()
    assert.equal(error, 'slow_down')
    assert.equal(last.headers['retry-after'], String(retry_after))
    assert.ok(retry_after >= 19 && retry_after <= 20)
    server.clock.advance(retry_after)
    assert.equal((await ask({ authorization: machine.basic })).statusCode, 200)
    assert.equal((await ask({ authorization: machine.basic })).statusCode, 429)
  })

  test('who fails to authenticate uses up nothing of the client’s (design.md §6)', async () => {
    server.clock.advance(120)
    const wrong = `Basic ${Buffer.from(`${machine.clientId}:wrong`).toString('base64')}`
    for (let call = 0; call < 10; call += 1)
      assert.equal(refusal(await ask({ authorization: wrong })), '401 invalid_client')
    assert.equal((await ask({ authorization: machine.basic })).statusCode, 200)
  })

  test('a public client’s name is anybody’s, so a stranger uses up the share of their own network alone (design.md §6, §2.9)', async () => {
    server.clock.advance(120)
    const named = (address: string) =>
      ask({}, { client_id: spa.clientId, grant_type: 'refresh_token', refresh_token: 'x' }, address)
    for (let call = 0; call < 4; call += 1) await named('203.0.113.66')
    assert.equal(refusal(await named('203.0.113.66')), '429 slow_down')
    assert.equal(refusal(await named('203.0.113.67')), '429 slow_down') // the same network
    assert.equal(refusal(await named('192.0.2.9')), '400 invalid_grant')
  })

  test('one user’s token cannot close userinfo to the others (design.md §6, §2.9)', async () => {
    server.clock.advance(120)
    const { tokens } = await obtainTokens(server, spa, await server.makeUser())
    const from = (remoteAddress: string) =>
      server.app.inject({
        url: '/userinfo',
        remoteAddress,
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
    for (let call = 0; call < 3; call += 1) assert.equal((await from('203.0.113.1')).statusCode, 200)
    const refused = await from('203.0.113.1')
    assert.equal(refusal(refused), '429 slow_down')
    assert.equal(refused.headers['retry-after'], String(refused.json().retry_after))
    assert.equal((await from('192.0.2.10')).statusCode, 200)
  })

  test('pages, metadata and keys have a ceiling for each network, and what has no route the lowest (design.md §6)', async () => {
    const get = (url: string, remoteAddress: string) => server.app.inject({ url, remoteAddress })
    const statuses = []
    for (let call = 0; call < 61; call += 1)
      statuses.push((await get(call % 2 ? '/jwks' : '/.well-known/openid-configuration', '198.18.0.1')).statusCode)
    assert.deepEqual([new Set(statuses.slice(0, 60)), statuses[60]], [new Set([200]), 429])
    assert.equal((await get('/jwks', '198.18.1.1')).statusCode, 200)
    const unknown = [await get('/x', '198.18.2.1'), await get('/y', '198.18.2.2'), await get('/z', '198.18.2.3')]
    assert.deepEqual(unknown.map(refusal), ['404 not_found', '404 not_found', '429 slow_down'])
    assert.equal(unknown[2]!.headers['retry-after'], String(unknown[2]!.json().retry_after))
  })
})
