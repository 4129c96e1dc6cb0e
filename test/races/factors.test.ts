import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { generateSync } from 'otplib'
import { NEW_PASSWORD, newestLink } from '../mail/mails.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { formsOf } from '../support/browser-session.ts'
import { atOnce, type Cluster, ROUNDS, type ServerProcess, startCluster } from '../support/processes.ts'

const CALLERS = 50
const STEP_SECONDS = 30

suite('one proof, given by fifty at once to three nodes', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster.close())

  type Send = (node: ServerProcess) => Promise<LightMyRequestResponse>
  type User = Awaited<ReturnType<Cluster['makeUser']>>

  /** The code of a secret, so many steps from now. */
  const codeFor = (secret: string, steps: number): string =>
    generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP_SECONDS })

  async function givePassword({ username, password }: User) {
    const browser = cluster.browser()
    const signIn = await browser.follow(await browser.get('/account'))
    return { browser, page: await browser.follow(await browser.submit(signIn, { username, password })) }
  }

  /** A user with an authenticator, whose present step is spent, and ten recovery codes. */
  async function enrolled() {
    const user = await cluster.makeUser()
    const { browser } = await givePassword(user)
    const start = await browser.follow(await browser.get('/account/second-factor/new'))
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    const [, secret = ''] = /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(scan.body) ?? []
    const codes = await browser.follow(await browser.submit(scan, { code: codeFor(secret, 0) }))
    const recovery = codes.body.match(/(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])/g) ?? []
    assert.equal(recovery.length, 10, codes.body)
    return { user, secret, recovery }
  }

  /** What sends the form of a page, filled in, to a node. */
  function sender(browser: BrowserSession, page: LightMyRequestResponse, fields: Readonly<Record<string, string>>) {
    const form = formsOf(page.body).find((each) => Object.keys(fields).every((field) => field in each.fields))
    assert.ok(form, page.body)
    const cookie = [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
    const headers = { cookie, origin: cluster.issuer }
    return (node: ServerProcess) => node.post(form.action, { ...form.fields, ...fields }, headers)
  }

  /** Sends a proof from three sign-ins of one user that wait for it, all at once; exactly one session may be raised. */
  async function race(
    user: User,
    events: string,
    prepare: (browser: BrowserSession, due: LightMyRequestResponse) => Promise<Send>,
  ) {
    const sends: Send[] = []
    for (const _ of cluster.nodes) {
      const { browser, page } = await givePassword(user)
      sends.push(await prepare(browser, page))
    }
    const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
      sends[Math.floor(index / cluster.nodes.length) % sends.length]!(node),
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    const raised = answers.filter(({ headers }) => String(headers['set-cookie']).includes('session='))
    assert.equal(raised.length, 1, String(statuses))
    assert.ok(
      statuses.every((status) => [303, 400, 429, 503].includes(status)),
      String(statuses),
    )
    const sessions = `select 1 from session where user_id = $1 and acr = 'urn:postern:mfa' and ended_at is null`
    assert.equal((await cluster.sql(sessions, [user.id])).length, 2, 'the one that enrolled, and the winner’s')
    const told = 'select 1 from audit_event where user_id = $1 and type = $2'
    assert.equal((await cluster.sql(told, [user.id, events])).length, 1)
  }

  test('A124 a time step is spent once (RFC 6238 §5.2)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { user, secret } = await enrolled()
      const code = codeFor(secret, 1)
      await race(user, 'factor.proved', async (browser, due) => sender(browser, due, { code }))
    }
  })

  test('A136 a recovery code is spent once, and nine are left', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { user, recovery } = await enrolled()
      await race(user, 'recovery_code.used', async (browser, due) => {
        const [, href = ''] = /id="use-recovery" href="([^"]+)"/.exec(due.body) ?? []
        return sender(browser, await browser.get(href.replaceAll('&amp;', '&')), { code: recovery[0] ?? '' })
      })
      const left = 'select 1 from recovery_code where user_id = $1 and used_at is null'
      assert.equal((await cluster.sql(left, [user.id])).length, 9)
    }
  })

  test('A125 five of fifty guesses are looked at, over all nodes (RFC 4226 §7.3)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { user } = await enrolled()
      const { browser, page } = await givePassword(user)
      const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
        sender(browser, page, { code: String(100_000 + index) })(node),
      )
      const statuses = answers.map(({ statusCode }) => statusCode)
      assert.equal(statuses.filter((status) => status === 400).length, 5, String(statuses))
      assert.equal(statuses.filter((status) => status === 429).length, CALLERS - 5, String(statuses))
    }
  })

  test('A113 a link to a new password sets one, and leaves the second factor as it was', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { user, secret } = await enrolled()
      const asking = cluster.browser()
      await asking.submit(await asking.get('/forgot-password'), { login: user.email })
      const link = await newestLink(cluster.deps, user.email, 'reset-password')
      const browser = cluster.browser()
      const page = await browser.get(link)
      const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
        sender(browser, page, { password: `${NEW_PASSWORD}${index}` })(node),
      )
      const statuses = answers.map(({ statusCode }) => statusCode)
      const winner = statuses.indexOf(200)
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
      assert.ok(
        statuses.every((status) => [200, 410, 503].includes(status)),
        String(statuses),
      )
      const due = await givePassword({ ...user, password: `${NEW_PASSWORD}${winner}` })
      assert.match(due.page.body, /id="second-factor-form"/)
      const inside = await due.browser.follow(await due.browser.submit(due.page, { code: codeFor(secret, 1) }))
      assert.match(inside.body, /id="overview"/)
    }
  })
})
