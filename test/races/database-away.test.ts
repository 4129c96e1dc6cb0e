import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts'
import { type Cluster, startCluster } from '../support/processes.ts'
import {
  answerIn,
  authorizeUrl,
  credentialsOf,
  obtainTokens,
  pkce,
  refresh,
  type TestClient,
  userinfoStatus,
} from '../support/server.ts'

/** How long a node knows clients and keys without asking the database. */
const REMEMBERED_MS = 5_000
/** What serves programs and people must answer before they give up. */
const PATIENCE_MS = 15_000
const SOON_MS = 3_000
const STATELESS = ['/jwks', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/healthz']

suite('a node that is cut off from the database', () => {
  let cluster: Cluster
  let proxy: DatabaseProxy
  let client: TestClient
  let machine: TestClient
  let user: Awaited<ReturnType<Cluster['makeUser']>>
  before(async () => {
    cluster = await startCluster({
      size: 2,
      databaseUrlOf: async (index, url) => {
        if (index > 0) return url
        proxy = await startDatabaseProxy(url)
        return proxy.url
      },
    })
    client = await cluster.register({ token_endpoint_auth_method: 'client_secret_basic' })
    machine = await cluster.register({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      scope: '',
    })
    user = await cluster.makeUser()
  })
  afterEach(() => proxy.heal())
  after(async () => {
    await cluster.close()
    await proxy.close()
  })

  const tokensNow = async () => (await obtainTokens(cluster.nodes[1]!, client, user)).tokens

  for (const [how, cut] of [
    ['refuses connections', () => proxy.refuse()],
    ['says nothing', async () => proxy.stall()],
  ] as const) {
    test(`that ${how} answers 503 where it needs it, serves the rest, and heals (A191)`, async () => {
      const [node, other] = [cluster.nodes[0]!, cluster.nodes[1]!]
      const tokens = await tokensNow()
      const { keys } = (await node.ask({ url: '/jwks' })).json()
      const ownToken = () => node.post('/token', { grant_type: 'client_credentials' }, credentialsOf(machine))
      const bearer = { authorization: `Bearer ${tokens.access_token}` }
      const stateful = [
        () => refresh(node, client, tokens.refresh_token),
        () => node.ask({ url: '/userinfo', headers: bearer }),
        () => node.post('/introspect', { token: tokens.access_token }, credentialsOf(client)),
        () => node.post('/revoke', { token: tokens.refresh_token }, credentialsOf(client)),
        () => node.browser().get('/first-administrator?token=fa_x'),
        () => node.ask({ url: '/readyz' }),
      ]
      assert.equal((await ownToken()).statusCode, 200) // from now on the node knows this client
      assert.equal((await node.post('/introspect', { token: 'x' }, credentialsOf(client))).statusCode, 200)

      await cut()
      const since = performance.now()
      const unavailable = stateful.map(async (ask) => {
        const answer = await ask()
        return { status: answer.statusCode, isInTime: performance.now() - since < PATIENCE_MS }
      })
      const sentBack = node.browser().get(authorizeUrl(client, pkce().challenge))
      // What is served must be served still when all that was remembered has become old.
      for (let isOld = false; !isOld; ) {
        isOld = performance.now() - since > REMEMBERED_MS + 500
        for (const ask of [...STATELESS.map((url) => () => node.ask({ url })), ownToken]) {
          const asked = performance.now()
          const answer = await ask()
          assert.equal(answer.statusCode, 200, answer.body)
          assert.ok(performance.now() - asked < SOON_MS, `an answer took ${performance.now() - asked} ms`)
        }
        await pause(200)
      }
      assert.deepEqual((await node.ask({ url: '/jwks' })).json().keys, keys)
      for (const answer of await Promise.all(unavailable)) assert.deepEqual(answer, { status: 503, isInTime: true })
      assert.equal(answerIn((await sentBack).headers.location).error, 'temporarily_unavailable') // RFC 6749 §4.1.2.1
      assert.equal(await userinfoStatus(other, tokens.access_token), 200) // nobody else notices, and nothing was revoked

      await proxy.heal()
      assert.equal((await node.ask({ url: '/readyz' })).statusCode, 200)
      assert.equal((await refresh(node, client, tokens.refresh_token)).statusCode, 200)
    })
  }

  test('never confirms a revocation that it could not write (RFC 7009 §2.2.1, A081)', async () => {
    const { access_token, refresh_token } = await tokensNow()
    const [node, other] = [cluster.nodes[0]!, cluster.nodes[1]!]
    const revoke = () => node.post('/revoke', { token: refresh_token }, credentialsOf(client))
    const broken = proxy.breakAt(/update refresh_family/, 'before', () => void proxy.refuse())
    assert.equal((await revoke()).statusCode, 503)
    await broken
    assert.equal(await userinfoStatus(other, access_token), 200)
    await proxy.heal()
    assert.equal((await revoke()).statusCode, 200)
    assert.equal(await userinfoStatus(other, access_token), 401)
  })
})
