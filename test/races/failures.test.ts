import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Break, type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts'
import { type Cluster, startCluster } from '../support/processes.ts'
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

const BREAKS: readonly Break[] = ['before', 'after']
/** How long a node knows keys without asking the database. */
const REMEMBERED_MS = 5_000
const LOADERS = 3

suite('three nodes through failures', () => {
  let cluster: Cluster
  let proxy: DatabaseProxy
  let client: TestClient
  let user: Awaited<ReturnType<Cluster['makeUser']>>
  let browser: ReturnType<Cluster['browser']>
  before(async () => {
    // The first node reaches the database through a network that fails on command.
    cluster = await startCluster({
      databaseUrlOf: async (index, url) => {
        if (index > 0) return url
        proxy = await startDatabaseProxy(url)
        return proxy.url
      },
    })
    client = await cluster.register({ token_endpoint_auth_method: 'client_secret_basic' })
    user = await cluster.makeUser()
    browser = cluster.nodes[1]!.browser()
    await codeNow()
  })
  after(async () => {
    await cluster.close()
    await proxy.close()
  })

  afterEach(() => proxy.heal())

  const codeNow = () => obtainCode(cluster.nodes[1]!, client, user, {}, browser)
  const redeem = (index: number, { code, verifier }: { code: string; verifier: string }) =>
    cluster.nodes[index]!.post('/token', codeForm(client, code, verifier), credentialsOf(client))
  const tokensNow = async (): Promise<Tokens> => (await redeem(1, await codeNow())).json<Tokens>()
  const refreshAt = (index: number, token: string) => refresh(cluster.nodes[index]!, client, token)
  const currentJti = async (token: string): Promise<unknown> => {
    const sql = `select translate(rtrim(encode(jti, 'base64'), '='), '+/', '-_') as jti from refresh_family where id = $1`
    return (await cluster.sql(sql, [claimsIn(token).fid]))[0]?.jti
  }

  for (const where of BREAKS) {
    test(`a connection that breaks ${where} a code is spent costs nobody the code (design: unknown outcomes)`, async () => {
      for (const statement of [/from authorization_code a where a\.digest/, /insert into refresh_family/]) {
        const code = await codeNow()
        const broken = proxy.breakAt(statement, where)
        const answer = await redeem(0, code)
        await broken
        assert.equal(answer.statusCode, 200, answer.body)
        assert.equal((await refreshAt(2, answer.json<Tokens>().refresh_token)).statusCode, 200)
      }
    })

    test(`a connection that breaks ${where} a refresh is stored costs nobody the grant (design: unknown outcomes)`, async () => {
      const first = await tokensNow()
      const broken = proxy.breakAt(/update refresh_family/, where)
      const answer = await refreshAt(0, first.refresh_token)
      await broken
      assert.equal(answer.statusCode, 200, answer.body)
      const successor = answer.json<Tokens>().refresh_token
      assert.equal((await refreshAt(2, first.refresh_token)).json<Tokens>().refresh_token, successor)
      assert.equal(claimsIn(successor).jti, await currentJti(first.refresh_token))
    })

    test(`a database that is gone ${where} a refresh is stored is a 503, and a retry gets the successor (RFC 6749 §5.2)`, async () => {
      const first = await tokensNow()
      const broken = proxy.breakAt(/update refresh_family/, where, () => void proxy.refuse())
      const answer = await refreshAt(0, first.refresh_token)
      await broken
      assert.equal(answer.statusCode, 503, answer.body)
      assert.equal(answer.json().error, 'temporarily_unavailable')
      assert.ok(Number(answer.headers['retry-after']) > 0)
      const elsewhere = await refreshAt(2, first.refresh_token)
      assert.equal(elsewhere.statusCode, 200, elsewhere.body)
      await proxy.heal()
      const here = await refreshAt(0, first.refresh_token)
      assert.equal(here.json<Tokens>().refresh_token, elsewhere.json<Tokens>().refresh_token)
    })

    test(`a node killed ${where} a code or a refresh is stored leaves both effects or neither (A181)`, async () => {
      const code = await codeNow()
      const first = await tokensNow()
      const kill = () => process.kill(cluster.nodes[0]!.pid, 'SIGKILL')
      const killed = proxy.breakAt(/insert into refresh_family/, where, kill)
      await assert.rejects(redeem(0, code))
      await killed
      await cluster.restart(0)
      const again = await redeem(0, code)
      // "both": it was spent, nobody got its tokens, and this is a replay; "neither": it still stands.
      assert.equal(again.statusCode, where === 'before' ? 200 : 400, again.body)

      const killedAgain = proxy.breakAt(/update refresh_family/, where, kill)
      await assert.rejects(refreshAt(0, first.refresh_token))
      await killedAgain
      await cluster.restart(0)
      const second = await refreshAt(0, first.refresh_token)
      assert.equal(second.statusCode, 200, second.body)
      assert.equal(claimsIn(second.json<Tokens>().refresh_token).jti, await currentJti(first.refresh_token))
    })
  }

  /**
   * Clients that refresh all the time, at every node, as careful ones do: a lost or unavailable answer is asked for again
   * elsewhere with the same token. None of them may ever lose its grant.
   */
  async function underLoad(disturb: () => Promise<void>, check: (tokens: Tokens) => Promise<void>): Promise<number> {
    let isRunning = true
    let answered = 0
    async function load(offset: number): Promise<void> {
      let tokens = await tokensNow()
      for (let turn = offset; isRunning; turn += 1) {
        const answer = await refreshAt(turn % cluster.nodes.length, tokens.refresh_token).catch(() => undefined)
        if (answer === undefined || answer.statusCode === 503) {
          await pause(5)
          continue
        }
        assert.equal(answer.statusCode, 200, answer.body)
        tokens = answer.json<Tokens>()
        await check(tokens)
        answered += 1
      }
    }
    const loads = Promise.all(
      Array.from({ length: LOADERS }, (_, offset) => load(offset).finally(() => (isRunning = false))),
    )
    await Promise.all([loads, disturb().finally(() => (isRunning = false))])
    const reused = await cluster.sql(`select 1 from audit_event where type = 'refresh_token.reused'`)
    assert.deepEqual(reused, [])
    return answered
  }

  test('keys are rotated under load without one token that does not verify (A185)', async () => {
    const before = (await cluster.ask({ url: '/jwks' })).json()
    assert.equal(before.keys.length, 2) // the next key was published long before it signs
    const known = createLocalJWKSet(before)
    const kids = new Set<string>()
    const answered = await underLoad(
      async () => {
        await pause(200)
        await cluster.sql(`update signing_key set created_at = created_at - interval '1 hour'`)
        const command = await cluster.postern(['key', 'rotate'])
        assert.equal(command.code, 0, command.stderr)
        await pause(REMEMBERED_MS + 500) // until each node has noticed
      },
      async (tokens) => {
        const { protectedHeader } = await jwtVerify(tokens.access_token, known, { issuer: cluster.issuer })
        kids.add(protectedHeader.kid ?? '')
        const [node] = [...cluster.nodes].toSorted(() => Math.random() - 0.5)
        assert.equal(await userinfoStatus(node!, tokens.access_token), 200)
      },
    )
    assert.equal(kids.size, 2)
    assert.ok(answered > 50, String(answered))
  })

  test('nodes are rolled and killed under load, and no client loses its grant (A181, A192)', async () => {
    const ends: unknown[] = []
    const answered = await underLoad(
      async () => {
        for (const index of [0, 1]) ends.push((await cluster.restart(index)).code)
        ends.push((await cluster.restart(2, 'SIGKILL')).signal)
      },
      async () => {},
    )
    assert.deepEqual(ends, [0, 0, 'SIGKILL'])
    assert.ok(answered > 50, String(answered))
  })
})
