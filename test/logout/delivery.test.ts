import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { LOOPBACK } from '../mail/mails.ts'
import { anotherNode } from '../support/back-channel.ts'
import { claimsIn, obtainTokens, startServer, type TestClient, type TestServer } from '../support/server.ts'
import { deliver, logoutsOf, type Receiver, startReceiver } from './receiver.ts'

/** Signs a new user in to clients, and out again: a logout token for each client waits. */
async function signedOutOf(server: TestServer, ...clients: readonly TestClient[]) {
  const user = await server.makeUser()
  const browser = server.browser()
  for (const client of clients) await obtainTokens(server, client, user, {}, browser)
  const event = administrationEvent(server.deps, 'user.signed_out_everywhere', 'operator', { userId: user.id })
  await server.deps.store.users.signOutEverywhere(user.id, event)
  return user
}

suite('the delivery of logout tokens', () => {
  let server: TestServer
  let receiver: Receiver
  let client: TestClient
  before(async () => {
    receiver = await startReceiver()
    server = await startServer(LOOPBACK)
    client = await server.register({ backchannel_logout_uri: receiver.uriOf('a') })
  })
  after(async () => {
    await server.close()
    await receiver.close()
  })

  async function stateAfter(status: number) {
    receiver.state.status = status
    const user = await signedOutOf(server, client)
    await deliver(server)
    const [row] = await logoutsOf(server, user.id)
    assert.ok(row)
    return { user, row, isDue: row.nextAttemptAt !== null }
  }

  for (const status of [200, 204]) {
    test(`${status}: it is delivered (OIDC Back-Channel Logout 1.0 §2.8)`, async () => {
      const { row, isDue } = await stateAfter(status)
      assert.deepEqual([isDue, row.attempts, row.lastError], [false, 1, null])
      assert.ok(row.deliveredAt)
    })
  }

  test('400: the client refused it, for good (OIDC Back-Channel Logout 1.0 §2.8)', async () => {
    const { row, isDue } = await stateAfter(400)
    assert.deepEqual([isDue, row.attempts, row.lastError, row.deliveredAt], [false, 1, 'http_400', null])
    receiver.told()
    server.clock.advance(60)
    await deliver(server)
    assert.deepEqual(receiver.told(), [])
  })

  for (const [status, error] of [
    [302, 'redirected'],
    [404, 'http_404'],
    [503, 'http_503'],
  ] as const) {
    test(`${status}: it is tried again, and no redirect is followed (A105)`, async () => {
      receiver.told()
      const { row, isDue, user } = await stateAfter(status)
      assert.deepEqual([isDue, row.attempts, row.lastError, row.deliveredAt], [true, 1, error, null])
      assert.equal(
        receiver.taken.every(({ path }) => path === '/a'),
        true,
      )
      receiver.state.status = 200
      server.clock.advance(11)
      await deliver(server)
      assert.ok((await logoutsOf(server, user.id))[0]?.deliveredAt)
    })
  }

  test('an answer that goes on and on is not read to its end, and what it says is kept nowhere (A105)', async () => {
    receiver.state.body = 'x'.repeat(6000)
    const { row, isDue } = await stateAfter(200)
    receiver.state.body = ''
    assert.deepEqual([isDue, row.lastError], [true, 'too_large'])
    server.clock.advance(11)
    await deliver(server)
    receiver.told()
  })

  test('each attempt waits twice as long and signs a new token, until there is no more use in it (§2.5)', async () => {
    receiver.told()
    const { user } = await stateAfter(503)
    for (const pause of [10, 20, 40]) {
      const [row] = await logoutsOf(server, user.id)
      const seconds = ((row?.nextAttemptAt?.getTime() ?? 0) - server.clock.now().getTime()) / 1000
      assert.ok(Math.abs(seconds - pause) < 3, `${seconds}`)
      await deliver(server)
      server.clock.advance(pause + 1)
      await deliver(server)
    }
    const claims = receiver.taken.map(({ form }) => claimsIn(form.get('logout_token') ?? ''))
    assert.equal(claims.length, 4)
    assert.equal(new Set(claims.map(({ jti }) => jti)).size, 4)
    const [first, last] = [claims[0]?.iat ?? 0, claims[3]?.iat ?? 0]
    assert.ok(last - first >= 73 && last - first < 80, 'dated when it was sent')

    server.clock.advance(3600)
    receiver.state.status = 200
    receiver.told()
    await deliver(server)
    assert.deepEqual(receiver.told(), [])
    const [row] = await logoutsOf(server, user.id)
    assert.deepEqual([row?.nextAttemptAt, row?.deliveredAt, row?.lastError], [null, null, 'http_503'])
    assert.ok(server.log.some((line) => line.includes('a logout token was given up') && line.includes(client.clientId)))
    assert.ok(!server.log.some((line) => line.includes('eyJ')), 'no token is logged')
  })

  test('what could not be tried before its end is told as expired', async () => {
    const user = await signedOutOf(server, client)
    server.clock.advance(3601)
    await deliver(server)
    assert.equal((await logoutsOf(server, user.id))[0]?.lastError, 'expired')
  })

  test('a client that has gone, or wants none any more, ends it', async () => {
    const gone = await server.register({ backchannel_logout_uri: receiver.uriOf('gone') })
    const user = await signedOutOf(server, gone)
    const event = administrationEvent(server.deps, 'client.removed', 'operator', { clientId: gone.clientId })
    await server.deps.store.clients.remove(gone.clientId, event)
    await deliver(server)
    const [row] = await logoutsOf(server, user.id)
    assert.deepEqual([row?.nextAttemptAt, row?.lastError], [null, 'no_receiver'])
  })

  test('nodes that deliver at once send each token once (design.md §2.2)', async () => {
    receiver.told()
    receiver.state.status = 200
    const more = await server.register({ backchannel_logout_uri: receiver.uriOf('b') })
    for (let count = 0; count < 8; count += 1) await signedOutOf(server, client, more)
    const other = await anotherNode(server)
    try {
      await Promise.all([server, other, server, other].map(deliver))
    } finally {
      await other.close()
    }
    const told = receiver.told()
    assert.equal(told.length, 16)
    assert.equal(new Set(told).size, 16)
  })

  test('clients take turns: many tokens of one do not hold up those of another', async () => {
    const more = await server.register({ backchannel_logout_uri: receiver.uriOf('b') })
    for (let count = 0; count < 3; count += 1) await signedOutOf(server, client)
    await signedOutOf(server, more)
    const due = await server.deps.store.outbox.claimLogouts(2, 1)
    assert.deepEqual(new Set(due.map(({ clientId }) => clientId)), new Set([client.clientId, more.clientId]))
    server.clock.advance(2)
    await deliver(server)
  })

  test('deliveries are listed newest first, a page at a time, by channel, without what they say', async () => {
    const user = await signedOutOf(server, client)
    const { outbox } = server.deps.store
    const all = await outbox.listDeliveries({ limit: 1000 })
    assert.deepEqual(
      all.map(({ id }) => id),
      all
        .map(({ id }) => id)
        .toSorted()
        .reverse(),
    )
    assert.ok(all.some(({ channel }) => channel === 'mail') && all.every((each) => !('payload' in each)))
    const [newest] = await outbox.listDeliveries({ channel: 'logout', limit: 1 })
    assert.deepEqual([newest?.userId, newest?.clientId, newest?.topic], [user.id, client.clientId, 'session-ended'])
    const rest = await outbox.listDeliveries({ channel: 'logout', after: newest?.id, limit: 1000 })
    assert.equal(rest.length, all.filter(({ channel }) => channel === 'logout').length - 1)
    assert.ok(rest.every(({ id, channel }) => id < (newest?.id ?? '') && channel === 'logout'))
  })
})

suite('where logout tokens are not sent', () => {
  let receiver: Receiver
  before(async () => {
    receiver = await startReceiver()
  })
  after(() => receiver.close())

  async function outcomes(settings: Readonly<Record<string, string>>, uris: readonly string[]) {
    const server = await startServer(settings)
    try {
      const found: (string | null | undefined)[] = []
      for (const backchannel_logout_uri of uris) {
        const user = await signedOutOf(server, await server.register({ backchannel_logout_uri }))
        await deliver(server)
        const [row] = await logoutsOf(server, user.id)
        found.push(row?.deliveredAt ? 'delivered' : `${row?.lastError}${row?.nextAttemptAt ? ', again' : ''}`)
      }
      return found
    } finally {
      await server.close()
    }
  }

  test('an issuer on the internet calls neither this machine nor a private network, and does not try again (A105)', async () => {
    const { port } = receiver
    const uris = [
      `http://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `https://127.0.0.1:${port}/`,
      'https://169.254.169.254/latest',
    ]
    assert.deepEqual(await outcomes({}, uris), [
      'forbidden_url',
      'forbidden_url',
      'forbidden_address',
      'forbidden_address',
    ])
    assert.equal(receiver.state.connections, 0)
  })

  test('unless the operator allows the host by name', async () => {
    const { port, uriOf } = receiver
    assert.deepEqual(await outcomes({ OUTBOUND_ALLOW: `127.0.0.1:${port}` }, [uriOf('allowed')]), ['delivered'])
  })

  test('an issuer on this machine calls apps on it, and no private network (A105)', async () => {
    const closed = await startReceiver()
    await closed.close()
    const uris = [
      receiver.uriOf('dev'),
      `http://localhost:${receiver.port}/dev`,
      closed.uriOf('dev'),
      'https://10.0.0.1/',
    ]
    assert.deepEqual(await outcomes(LOOPBACK, uris), [
      'delivered',
      'delivered',
      'unreachable, again',
      'forbidden_address',
    ])
  })
})
