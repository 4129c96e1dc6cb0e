import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { anotherNode, refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  codeForm,
  obtainCode,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

/** How far the clocks of two nodes are from their database's. */
const SKEW_SECONDS = 30

suite('A183 nodes whose clocks are thirty seconds early and late', () => {
  let server: TestServer
  let nodes: readonly TestServer[]
  let spa: TestClient
  let user: Awaited<ReturnType<TestServer['makeUser']>>
  before(async () => {
    server = await startServer()
    nodes = [
      await anotherNode(server, { aheadSeconds: SKEW_SECONDS }),
      await anotherNode(server, { aheadSeconds: -SKEW_SECONDS }),
    ]
    spa = await server.register({})
    user = await server.makeUser()
  })
  after(async () => {
    for (const node of nodes) await node.close()
    await server.close()
  })

  const redeem = (node: TestServer, code: string, verifier: string) =>
    node.post('/token', codeForm(spa, code, verifier))

  for (const [giver, taker] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const names = ['early', 'late']
    test(`take what the other gave: the ${names[giver]} one first (design.md §2.12)`, async () => {
      const [one, other] = [nodes[giver]!, nodes[taker]!]
      const { code, verifier } = await obtainCode(one, spa, user)
      const answer = await redeem(other, code, verifier)
      assert.equal(answer.statusCode, 200, answer.body)
      const first = answer.json<Tokens>()
      for (const node of [server, ...nodes]) assert.equal(await userinfoStatus(node, first.access_token), 200)
      const renewed = await refresh(one, spa, first.refresh_token)
      assert.equal(renewed.statusCode, 200, renewed.body)
      const second = renewed.json<Tokens>()
      const again = await refresh(other, spa, second.refresh_token)
      assert.equal(again.statusCode, 200, again.body)
      const iat = Number(claimsIn(second.access_token).iat)
      assert.ok(Math.abs(iat - server.clock.now().getTime() / 1000) <= 5, 'a token with a row has the database’s time')
    })

    test(`let a code live its sixty seconds, and no longer, at the ${names[taker]} one (RFC 6749 §4.1.2)`, async () => {
      const [one, other] = [nodes[giver]!, nodes[taker]!]
      const fresh = await obtainCode(one, spa, user)
      server.clock.advance(50)
      assert.equal((await redeem(other, fresh.code, fresh.verifier)).statusCode, 200)
      const stale = await obtainCode(one, spa, user)
      server.clock.advance(61)
      assert.equal(refusal(await redeem(other, stale.code, stale.verifier)), '400 invalid_grant')
    })

    test(`keep one retry window: the ${names[giver]} one rotates, the ${names[taker]} one judges (design.md §4.2)`, async () => {
      const [one, other] = [nodes[giver]!, nodes[taker]!]
      const { code, verifier } = await obtainCode(one, spa, user)
      const { refresh_token } = (await redeem(one, code, verifier)).json<Tokens>()
      const successor = (await refresh(one, spa, refresh_token)).json<Tokens>().refresh_token
      server.clock.advance(20)
      assert.equal((await refresh(other, spa, refresh_token)).json<Tokens>().refresh_token, successor)
      server.clock.advance(20)
      assert.equal(refusal(await refresh(other, spa, refresh_token)), '400 invalid_grant')
    })
  }
})
