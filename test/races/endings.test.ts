import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { AuditEvent } from '../../src/store/audit.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { type Cluster, ROUNDS, type ServerProcess, startCluster } from '../support/processes.ts'
import {
  claimsIn,
  codeForm,
  credentialsOf,
  obtainCode,
  PASSWORD,
  refresh,
  type TestClient,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

const CODES = 6
const FAMILIES = 3
/** The longest that a node may know a client as it was. design.md §2.2 */
const CLIENT_RECORD_MS = 5_000

suite('what ends while it is being used, over three nodes', { concurrency: 2 }, () => {
  let cluster: Cluster
  let client: TestClient
  before(async () => {
    cluster = await startCluster()
    client = await cluster.register({ token_endpoint_auth_method: 'client_secret_basic' })
  })
  after(() => cluster.close())

  const event = (type: string, userId: string): AuditEvent =>
    administrationEvent(cluster.deps, type, 'operator', { userId })

  const redeem = (node: Pick<ServerProcess, 'post'>, { code, verifier }: { code: string; verifier: string }) =>
    node.post('/token', codeForm(client, code, verifier), credentialsOf(client))

  const isActive = async (node: ServerProcess, token: string): Promise<boolean> => {
    const answer = await node.post('/introspect', { token }, credentialsOf(client))
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json().active
  }

  async function assertDead({ access_token, refresh_token }: Tokens): Promise<void> {
    for (const node of cluster.nodes) {
      assert.equal(await userinfoStatus(node, access_token), 401)
      assert.equal(await isActive(node, access_token), false)
      assert.equal(await isActive(node, refresh_token), false)
      assert.equal((await refresh(node, client, refresh_token)).json().error, 'invalid_grant')
    }
  }

  /** A user in the middle of everything: codes on their way, and grants in use. */
  async function busyUser() {
    const user = await cluster.makeUser()
    const browser = cluster.browser()
    const code = () => obtainCode(cluster, client, user, {}, browser)
    const tokens: Tokens[] = []
    for (let index = 0; index < FAMILIES; index += 1) tokens.push((await redeem(cluster, await code())).json<Tokens>())
    const codes: Awaited<ReturnType<typeof code>>[] = []
    for (let index = 0; index < CODES; index += 1) codes.push(await code())
    return { user, browser, tokens, codes }
  }

  /** Ends something while all nodes redeem and refresh; afterwards nothing that any of them gave may live. */
  async function race(ending: (busy: Awaited<ReturnType<typeof busyUser>>) => Promise<unknown>): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const busy = await busyUser()
      const nodeAt = (index: number) => cluster.nodes[index % cluster.nodes.length]!
      const uses = [
        ...busy.codes.map((code, index) => () => redeem(nodeAt(index), code)),
        ...busy.tokens.flatMap(({ refresh_token }) =>
          cluster.nodes.map((node) => () => refresh(node, client, refresh_token)),
        ),
      ]
      const half = uses.length / 2
      const begun = uses.slice(0, half).map((use) => use())
      const ended = ending(busy)
      const answers = await Promise.all([...begun, ...uses.slice(half).map((use) => use())])
      await ended
      const served = answers.filter(({ statusCode }) => statusCode === 200).map((answer) => answer.json<Tokens>())
      for (const { statusCode, body } of answers) assert.ok([200, 400].includes(statusCode), body)
      const given = [...busy.tokens, ...served]
      for (const { access_token } of given) assert.equal(await userinfoStatus(cluster, access_token), 401)
      const families = new Map(given.map((tokens) => [claimsIn(tokens.access_token).fid, tokens]))
      await Promise.all([...families.values()].map(assertDead))
      for (const code of busy.codes) assert.equal((await redeem(cluster, code)).json().error, 'invalid_grant')
    }
  }

  test('a node knows a client as it was for five seconds at most (A187)', async () => {
    const user = await cluster.makeUser()
    const stopped = await cluster.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const { code, verifier } = await obtainCode(cluster, stopped, user)
    const answer = await cluster.post('/token', codeForm(stopped, code, verifier), credentialsOf(stopped))
    const tokens = answer.json<Tokens>()
    const ask = (node: ServerProcess) =>
      node.post('/introspect', { token: tokens.access_token }, credentialsOf(stopped))
    for (const node of cluster.nodes) assert.equal((await ask(node)).json().active, true) // now each node knows the client
    const command = await cluster.postern(['client', 'disable', stopped.clientId])
    assert.equal(command.code, 0, command.stderr)
    const done = performance.now()
    for (const node of cluster.nodes) {
      assert.equal(await userinfoStatus(node, tokens.access_token), 401) // its grants are no matter of the client's record
      assert.equal((await refresh(node, stopped, tokens.refresh_token)).statusCode >= 400, true)
    }
    for (const node of cluster.nodes) {
      for (let answered = await ask(node); answered.statusCode !== 401; answered = await ask(node)) {
        assert.deepEqual(answered.json(), { active: false })
        assert.ok(performance.now() - done < CLIENT_RECORD_MS + 500, 'the client is still known')
        await pause(100)
      }
    }
  })

  test('a sign-out ends every grant of its session, though they are in use (design: families)', () =>
    race(async ({ browser, tokens }) => {
      const answer = await browser.get(`/logout?id_token_hint=${tokens[0]!.id_token}`)
      assert.equal(answer.statusCode, 200, answer.body)
      assert.match(String(answer.headers['clear-site-data']), /"cache"/)
    }))

  test('a new password ends every grant and session, though they are in use (A056)', () =>
    race(async ({ user }) => {
      const hashed = await cluster.deps.passwords.hash(`${PASSWORD}-2`)
      assert.notEqual(hashed, 'busy')
      if (hashed !== 'busy')
        await cluster.deps.store.users.changePassword(user.id, hashed, event('user.password_changed', user.id))
    }))

  test('a disabled user is refused by every use of every grant, though they are in use (A056)', () =>
    race(({ user }) => cluster.deps.store.users.setDisabled(user.id, true, event('user.disabled', user.id))))

  test('signing out everywhere ends every grant, though they are in use (A056)', () =>
    race(({ user }) => cluster.deps.store.users.signOutEverywhere(user.id, event('user.signed_out', user.id))))

  test('a family that is revoked while it is refreshed stays revoked, at every node (RFC 7009 §2.1)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { tokens } = await busyUser()
      const [first] = tokens
      const answers = await Promise.all([
        ...cluster.nodes.map((node) => refresh(node, client, first!.refresh_token)),
        cluster.post('/revoke', { token: first!.refresh_token }, credentialsOf(client)),
        ...cluster.nodes.map((node) => refresh(node, client, first!.refresh_token)),
      ])
      const served = answers.filter(({ statusCode, body }) => statusCode === 200 && body.includes('access_token'))
      for (const each of [first!, ...served.map((answer) => answer.json<Tokens>())]) await assertDead(each)
      assert.equal(await userinfoStatus(cluster, tokens[1]!.access_token), 200) // the others are grants of their own
    }
  })

  test('what is revoked or disabled by command is refused at every node by the next request (A187)', async () => {
    const { user, tokens } = await busyUser()
    const [revoked, ...others] = tokens
    await cluster.nodes[0]!.post('/revoke', { token: revoked!.access_token }, credentialsOf(client))
    await assertDead(revoked!)
    const machine = await cluster.register({
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      scope: '',
    })
    const secret = { client_id: machine.clientId, client_secret: machine.clientSecret }
    const own = await cluster.nodes[0]!.post('/token', { grant_type: 'client_credentials', ...secret })
    const token = own.json<Tokens>().access_token
    for (const node of cluster.nodes)
      assert.equal((await node.post('/introspect', { token, ...secret })).json().active, true)
    await cluster.nodes[0]!.post('/revoke', { token, ...secret })
    for (const node of cluster.nodes)
      assert.deepEqual((await node.post('/introspect', { token, ...secret })).json(), { active: false })

    const command = await cluster.postern(['user', 'disable', user.username])
    assert.equal(command.code, 0, command.stderr)
    for (const each of others) await assertDead(each)
  })
})
