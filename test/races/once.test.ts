import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import { newAdministratorLink, newInvitation } from '../../src/cli/administrator-link.ts'
import { signedUp } from '../../src/telemetry/audit.ts'
import { formsOf } from '../support/browser-session.ts'
import { atOnce, type Cluster, ROUNDS, type ServerProcess, startCluster } from '../support/processes.ts'
import { authorizeUrl, pkce, type TestClient } from '../support/server.ts'

const CALLERS = 50
/** Hashing passwords takes its time: all callers come in the first round, and fewer in those that repeat it. */
const hashingCallers = (round: number): number => (round === 0 ? CALLERS : 6)
const LIMIT = 10
const PASSWORD_BY_THE_RULES = 'Correct!Horse7Staple'

suite('what may happen once, or so many times, over three nodes', () => {
  let cluster: Cluster
  let spa: TestClient
  before(async () => {
    cluster = await startCluster({
      settings: { LIMIT_CLIENT_AUTH_PER_MINUTE: String(LIMIT), PASSWORD_HASH_PERMITS: '1' },
    })
    spa = await cluster.register({})
  })
  after(() => cluster.close())

  const name = () => `user_${randomBytes(6).toString('hex')}`
  const counted = async (sql: string, values: readonly unknown[]): Promise<number> =>
    Number((await cluster.sql<{ count: string }>(`select count(*) from ${sql}`, values))[0]!.count)

  /** Opens a page in a browser of its own, and gives what sends its form filled in to a node. */
  async function openForm(url: string, fields: Readonly<Record<string, string>>) {
    const browser = cluster.browser()
    const page = await browser.follow(await browser.get(url))
    const form = formsOf(page.body).find((each) => Object.keys(fields).every((field) => field in each.fields))
    assert.ok(form, `${page.statusCode} ${page.body}`)
    const cookie = [...browser.cookies].map(([cookieName, { value }]) => `${cookieName}=${value}`).join('; ')
    const headers = { cookie, origin: cluster.issuer }
    return (node: ServerProcess) => node.post(form.action, { ...form.fields, ...fields }, headers)
  }

  test('a link to the first administrator makes one, whoever uses it at the same time (A151)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { url } = await newAdministratorLink(cluster.deps)
      const names = Array.from({ length: hashingCallers(round) }, name)
      const sends = await Promise.all(
        names.map((username) =>
          openForm(url.slice(cluster.issuer.length), {
            username,
            email: `${username}@mail.example`,
            password: PASSWORD_BY_THE_RULES,
          }),
        ),
      )
      const answers = await atOnce(cluster.nodes, hashingCallers(round), (node, index) => sends[index]!(node))
      const statuses = answers.map(({ statusCode }) => statusCode)
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
      assert.ok(
        statuses.every((status) => [200, 410, 503].includes(status)),
        String(statuses),
      )
      assert.equal(await counted('"user" where username = any($1)', [names]), 1)
    }
  })

  test('an invitation makes one account, whoever uses it at the same time (A151)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const email = `${name()}@mail.example`
      const { url } = await newInvitation(cluster.deps, email, [])
      const names = Array.from({ length: hashingCallers(round) }, name)
      const sends = await Promise.all(
        names.map((username) =>
          openForm(url.slice(cluster.issuer.length), { username, password: PASSWORD_BY_THE_RULES }),
        ),
      )
      const answers = await atOnce(cluster.nodes, hashingCallers(round), (node, index) => sends[index]!(node))
      const statuses = answers.map(({ statusCode }) => statusCode)
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
      assert.equal(await counted('"user" where username = any($1) and email = $2', [names, email]), 1)
    }
  })

  test('an invitation is not used up by a name that somebody else takes at that moment (design: accounts)', async () => {
    const { users, actionTokens } = cluster.deps.store
    const from = { requestId: 'race', address: '127.0.0.1', userAgent: 'race' }
    for (let round = 0; round < ROUNDS * 5; round += 1) {
      const { url } = await newInvitation(cluster.deps, `${name()}@mail.example`, [])
      const link = digestOf(new URL(url).searchParams.get('invitation') ?? '')
      const username = name()
      const make = (email: string, by: 'invitation' | 'sign-up') => {
        const id = newId(systemRandom, new Date())
        const user = { id, username, email, emailVerified: false, claims: {}, password: undefined, roles: [] }
        return users.create(user, signedUp(cluster.deps, from, id, by), by === 'invitation' ? link : undefined)
      }
      const [invited, stranger] = await Promise.all([
        make(`${name()}@mail.example`, 'invitation'),
        make(`${name()}@mail.example`, 'sign-up'),
      ])
      assert.deepEqual([invited, stranger].toSorted(), ['created', 'username-taken'])
      assert.equal((await actionTokens.find(link, 'invitation')) !== undefined, invited === 'username-taken')
    }
  })

  test('one name signed up by many at once is the name of one user (design: accounts)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const username = name()
      const sends = await Promise.all(
        Array.from({ length: hashingCallers(round) }, (_, index) =>
          openForm(authorizeUrl(spa, pkce().challenge, { prompt: 'create' }), {
            username: index % 2 === 0 ? username : username.toUpperCase(),
            email: `${name()}@mail.example`,
            password: PASSWORD_BY_THE_RULES,
          }),
        ),
      )
      const answers = await atOnce(cluster.nodes, hashingCallers(round), (node, index) => sends[index]!(node))
      const statuses = answers.map(({ statusCode }) => statusCode)
      assert.equal(statuses.filter((status) => status === 303).length, 1, String(statuses))
      assert.equal(await counted('"user" where username_key = $1', [username]), 1)
      const taken = answers.filter(({ statusCode }) => statusCode === 400)
      assert.equal(taken.length + statuses.filter((status) => status === 503).length, hashingCallers(round) - 1)
    }
  })

  test('ten failed client authentications a minute are ten over all nodes, exactly (A188)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = await cluster.register({ token_endpoint_auth_method: 'client_secret_post' })
      const wrong = { client_id: victim.clientId, client_secret: `cs_${randomBytes(32).toString('base64url')}` }
      const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: victim.redirectUri, ...wrong }
      const began = performance.now()
      const answers = await atOnce(cluster.nodes, CALLERS, (node) => node.post('/token', form))
      assert.ok(performance.now() - began < 6_000, 'the burst took so long that the limit let one more through')
      const refused = answers.filter(({ statusCode }) => statusCode === 429)
      assert.equal(answers.filter(({ statusCode }) => statusCode === 401).length, LIMIT)
      assert.equal(refused.length, CALLERS - LIMIT)
      for (const answer of refused) {
        assert.equal(answer.headers['retry-after'], String(answer.json().retry_after))
        assert.ok(answer.json().retry_after <= 6)
      }
    }
  })
})

suite('ten sign-ins a minute, over three nodes', () => {
  let cluster: Cluster
  let spa: TestClient
  before(async () => {
    cluster = await startCluster({ settings: { LIMIT_AUTH_PER_MINUTE: String(LIMIT) } })
    spa = await cluster.register({})
  })
  after(() => cluster.close())

  test('are ten in total, and a refused one says how long to wait (A087, A188)', async () => {
    const user = await cluster.makeUser()
    const browser = cluster.browser()
    const page = await browser.follow(await browser.get(authorizeUrl(spa, pkce().challenge)))
    const form = formsOf(page.body).find(({ fields }) => 'password' in fields)!
    const cookie = [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
    const fields = { ...form.fields, username: user.username, password: 'Wrong-Horse-7-Staple' }
    const answers = await atOnce(cluster.nodes, CALLERS, (node) =>
      node.post(form.action, fields, { cookie, origin: cluster.issuer }),
    )
    const refused = answers.filter(({ statusCode }) => statusCode === 429)
    assert.equal(refused.length, CALLERS - LIMIT)
    for (const { headers } of refused) assert.ok(Number(headers['retry-after']) <= 6)
    const tried = await cluster.sql('select 1 from audit_event where type = $1', ['user.sign_in_failed'])
    assert.ok(tried.length <= LIMIT)
  })
})
