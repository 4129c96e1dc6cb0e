import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { atOnce, type Cluster, ROUNDS, type ServerProcess, startCluster } from '../support/processes.ts'
import {
  claimsIn,
  codeForm,
  credentialsOf,
  obtainCode,
  refresh,
  type TestClient,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

const CALLERS = 50

interface FamilyRow {
  readonly jti: Buffer
  readonly previous_jti: Buffer | null
  readonly revoked_reason: string | null
  readonly retries: number
}

suite('fifty callers over three nodes', () => {
  let cluster: Cluster
  let spa: TestClient
  let unforgiving: TestClient
  let user: Awaited<ReturnType<Cluster['makeUser']>>
  let browser: ReturnType<Cluster['browser']>
  before(async () => {
    cluster = await startCluster()
    spa = await cluster.register({})
    unforgiving = await cluster.register({ refresh_retry_seconds: 0 })
    user = await cluster.makeUser()
    browser = cluster.browser()
    for (const client of [spa, unforgiving]) await obtainCode(cluster, client, user, {}, browser) // signs in, and allows
  })
  after(() => cluster.close())

  const codeFor = (client: TestClient) => obtainCode(cluster, client, user, {}, browser)
  const redeem = (
    node: Pick<ServerProcess, 'post'>,
    client: TestClient,
    { code, verifier }: { code: string; verifier: string },
  ) => node.post('/token', codeForm(client, code, verifier), credentialsOf(client))
  const tokensFor = async (client: TestClient): Promise<Tokens> =>
    (await redeem(cluster, client, await codeFor(client))).json<Tokens>()
  const familyOf = async (refreshToken: string): Promise<FamilyRow> => {
    const rows = await cluster.sql<FamilyRow>('select * from refresh_family where id = $1', [
      claimsIn(refreshToken).fid,
    ])
    assert.equal(rows.length, 1)
    return rows[0]!
  }
  const jtiOf = (token: string): Buffer => Buffer.from(String(claimsIn(token).jti), 'base64url')
  const assertDead = async ({ access_token, refresh_token }: Tokens, client: TestClient): Promise<void> => {
    for (const node of cluster.nodes) {
      assert.equal(await userinfoStatus(node, access_token), 401)
      assert.equal((await refresh(node, client, refresh_token)).json().error, 'invalid_grant')
    }
  }
  const answersOf = (results: readonly { readonly statusCode: number }[]) => {
    const statuses = results.map(({ statusCode }) => statusCode)
    assert.deepEqual(
      statuses.filter((status) => status !== 200 && status !== 400),
      [],
    )
    return statuses.filter((status) => status === 200).length
  }

  test('one code redeemed by all gives tokens once at most, and in the end to nobody (RFC 6749 §4.1.2, A039)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const code = await codeFor(spa)
      const answers = await atOnce(cluster.nodes, CALLERS, (node) => redeem(node, spa, code))
      assert.equal(answersOf(answers), 1)
      for (const answer of answers.filter(({ statusCode }) => statusCode === 400))
        assert.equal(answer.json().error, 'invalid_grant')
      const tokens = answers.find(({ statusCode }) => statusCode === 200)!.json<Tokens>()
      assert.equal((await familyOf(tokens.refresh_token)).revoked_reason, 'code replay')
      await assertDead(tokens, spa)
    }
  })

  test('one refresh token sent by all gives each the same successor, and the family moves once (A049)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = await tokensFor(spa)
      const answers = await atOnce(cluster.nodes, CALLERS, (node) => refresh(node, spa, first.refresh_token))
      assert.equal(answersOf(answers), CALLERS)
      const [successor, ...others] = new Set(answers.map((answer) => answer.json<Tokens>().refresh_token))
      assert.deepEqual(others, [])
      const family = await familyOf(first.refresh_token)
      assert.deepEqual(family.previous_jti, jtiOf(first.refresh_token))
      assert.deepEqual(family.jti, jtiOf(successor!))
      assert.equal(family.retries, CALLERS - 1)
      const statuses = await Promise.all(answers.map((answer) => userinfoStatus(cluster, answer.json().access_token)))
      assert.deepEqual([...new Set(statuses)], [200])
      assert.equal((await refresh(cluster, spa, successor!)).statusCode, 200)
    }
  })

  test('without a retry window one of them is served at most, and the family has ended (RFC 9700 §4.14.2, A049)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = await tokensFor(unforgiving)
      const answers = await atOnce(cluster.nodes, CALLERS, (node) => refresh(node, unforgiving, first.refresh_token))
      assert.equal(answersOf(answers), 1)
      assert.equal((await familyOf(first.refresh_token)).revoked_reason, 'late-retry')
      await assertDead(answers.find(({ statusCode }) => statusCode === 200)!.json<Tokens>(), unforgiving)
    }
  })

  test('a replay that races a refresh leaves nothing alive, whichever came first (RFC 9700 §4.14.2, A048)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = await tokensFor(spa)
      const second = (await refresh(cluster, spa, first.refresh_token)).json<Tokens>()
      const third = (await refresh(cluster, spa, second.refresh_token)).json<Tokens>()
      const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
        refresh(node, spa, index % 5 === 4 ? first.refresh_token : third.refresh_token),
      )
      answersOf(answers)
      assert.equal((await familyOf(first.refresh_token)).revoked_reason, 'reuse')
      for (const tokens of [third, ...new Map(served(answers)).values()]) await assertDead(tokens, spa)
    }
  })

  test('a code replayed while its tokens are refreshed ends them all (RFC 6749 §4.1.2)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const code = await codeFor(spa)
      const first = (await redeem(cluster, spa, code)).json<Tokens>()
      const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
        index % 10 === 9 ? redeem(node, spa, code) : refresh(node, spa, first.refresh_token),
      )
      answersOf(answers)
      for (const tokens of [first, ...new Map(served(answers)).values()]) await assertDead(tokens, spa)
    }
  })

  test('two refreshes in a row never fork the family for those who send the first token again (A049, A052)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = await tokensFor(spa)
      const chain = (async () => {
        const second = await refresh(cluster.nodes[0]!, spa, first.refresh_token)
        const third = await refresh(cluster.nodes[1]!, spa, second.json<Tokens>().refresh_token)
        return [second, third] as const
      })()
      const retries = await atOnce(cluster.nodes, 12, (node) => refresh(node, spa, first.refresh_token))
      const [second, third] = await chain
      assert.equal(second.statusCode, 200)
      // Whoever is classified before the second move gets the one successor; whoever comes after it has replayed.
      const successors = new Set(served(retries).map(([refreshToken]) => refreshToken))
      successors.delete(second.json<Tokens>().refresh_token)
      assert.deepEqual([...successors], [])
      const hasReplayed = answersOf(retries) < retries.length
      const family = await familyOf(first.refresh_token)
      if (hasReplayed) {
        assert.equal(family.revoked_reason, 'reuse')
        await assertDead(second.json<Tokens>(), spa)
        if (third.statusCode === 200) await assertDead(third.json<Tokens>(), spa)
      } else {
        assert.equal(family.revoked_reason, null)
        assert.deepEqual(family.jti, jtiOf(third.json<Tokens>().refresh_token))
        assert.equal((await refresh(cluster, spa, third.json<Tokens>().refresh_token)).statusCode, 200)
      }
    }
  })

  test('what is stored of a code and a token is of no use to whoever has it (A174)', async () => {
    const { code, verifier } = await codeFor(spa)
    const digest = digestOf(code)
    for (const text of [digest.toString('hex'), digest.toString('base64url'), `ac_${digest.toString('base64url')}`]) {
      const answer = await redeem(cluster, spa, { code: text, verifier })
      assert.equal(answer.json().error, 'invalid_grant')
    }
    const tokens = (await redeem(cluster, spa, { code, verifier })).json<Tokens>()
    const { jti } = await familyOf(tokens.refresh_token)
    for (const text of [jti.toString('hex'), jti.toString('base64url')])
      assert.equal((await refresh(cluster, spa, text)).json().error, 'invalid_grant')
    assert.equal(await userinfoStatus(cluster, tokens.access_token), 200)
  })
})

/** The token answers among them, by refresh token. */
const served = (
  answers: readonly { readonly statusCode: number; json<T>(): T }[],
): readonly (readonly [string, Tokens])[] =>
  answers
    .filter(({ statusCode }) => statusCode === 200)
    .map((answer) => answer.json<Tokens>())
    .map((tokens) => [tokens.refresh_token, tokens])
