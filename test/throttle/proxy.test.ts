import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { startServer } from '../support/server.ts'

const FORGED = Array.from({ length: 100 }, (_, hop) => `198.18.${hop}.1`)

/** A server behind proxies, and how a client there fares that cannot authenticate: 401, or 429 when its network waits. */
async function behind(proxies: string) {
  const server = await startServer({ TRUST_PROXY: proxies, LIMIT_CLIENT_AUTH_PER_MINUTE: '2' })
  const inside = { allowed_networks: ['203.0.113.0/24'], grant_types: ['client_credentials'] } as const
  const machine = await server.register({
    ...inside,
    allowed_networks: [...inside.allowed_networks],
    grant_types: [...inside.grant_types],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: '',
  })
  const ask = async (peer: string, forwarded: string | undefined, authorization: string) => {
    const response = await server.app.inject({
      method: 'POST',
      url: '/token',
      remoteAddress: peer,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization,
        ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
      },
      payload: 'grant_type=client_credentials',
    })
    return response.statusCode
  }
  return {
    close: () => server.close(),
    /** A client of its own, so that each case has its own limit. */
    async guesser() {
      const { clientId } = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
      const wrong = `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}`
      return (peer: string, forwarded?: string) => ask(peer, forwarded, wrong)
    },
    /** Whether the policy takes the caller for one of the network that the client is allowed in. */
    isInside: async (peer: string, forwarded?: string) => (await ask(peer, forwarded, machine.basic)) === 200,
  }
}

suite('behind two proxies, by number', async () => {
  const there = await behind('2')
  after(there.close)

  test('the address is the one that the farther proxy saw, whatever stands before it (A091)', async () => {
    const guess = await there.guesser()
    const chain = (forged: string) => `${forged}203.0.113.9, 192.0.2.1`
    assert.equal(await guess('192.0.2.2', chain('')), 401)
    assert.equal(await guess('192.0.2.2', chain('198.18.0.1, ')), 401)
    assert.equal(await guess('192.0.2.2', chain(`${FORGED.join(', ')}, `)), 429)
    assert.equal(await guess('192.0.2.2', chain('not an address, ')), 429)
    assert.equal(await guess('192.0.2.2', '203.0.114.9, 192.0.2.1'), 401) // another network
  })

  test('an address that cannot be read has a limit too, and is in no network (A091, A120)', async () => {
    const guess = await there.guesser()
    const statuses: number[] = []
    for (const unreadable of ['unknown', '203.0.113.9.9', '', '203.0.113.9:80', '[::1]'])
      statuses.push(await guess('192.0.2.2', `${unreadable}, 192.0.2.1`))
    assert.equal(statuses.filter((status) => status === 401).length <= 4, true)
    assert.ok(statuses.includes(429))
    for (const unreadable of ['unknown', '203.0.113.9.9', '203.0.113.9/24', '203.0.113.9:80'])
      assert.equal(await there.isInside('192.0.2.2', `${unreadable}, 192.0.2.1`), false, unreadable)
  })

  test('the networks of the policy look at the same address (A120)', async () => {
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9, 192.0.2.1'), true)
    assert.equal(await there.isInside('192.0.2.2', '::ffff:203.0.113.9, 192.0.2.1'), true)
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9, 198.18.0.1, 192.0.2.1'), false)
    assert.equal(await there.isInside('203.0.113.9', '198.18.0.1, 192.0.2.1'), false)
  })
})

suite('behind proxies of named networks', async () => {
  const there = await behind('192.0.2.0/24')
  after(there.close)

  test('their word counts, and nobody else’s (A091)', async () => {
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9'), true)
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9, 192.0.2.7'), true)
    assert.equal(await there.isInside('192.0.3.2', '203.0.113.9'), false)
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9, 198.18.0.1'), false)
    assert.equal(await there.isInside('192.0.2.2', '203.0.113.9, unknown'), false)
    const guess = await there.guesser()
    const statuses: number[] = []
    for (const forged of FORGED.slice(0, 3)) statuses.push(await guess('192.0.3.2', forged))
    assert.deepEqual(statuses, [401, 401, 429])
  })
})

suite('without a proxy', async () => {
  const there = await behind('0')
  after(there.close)

  test('no header says where a request comes from (A091)', async () => {
    assert.equal(await there.isInside('203.0.113.9'), true)
    assert.equal(await there.isInside('::ffff:203.0.113.9'), true)
    assert.equal(await there.isInside('203.0.113.9', '198.18.0.1'), true)
    assert.equal(await there.isInside('198.18.0.1', '203.0.113.9'), false)
    assert.equal(await there.isInside('198.18.0.1', FORGED.join(', ')), false)
  })
})
