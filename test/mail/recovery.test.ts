import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import {
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../support/server.ts'
import { LOOPBACK, mailsTo, NEW_PASSWORD, newestLink, topicsFor } from './mails.ts'

suite('a new password by mail', () => {
  let server: TestServer
  let spa: TestClient
  before(async () => {
    server = await startServer(LOOPBACK)
    spa = await server.register({})
  })
  after(() => server.close())

  const ask = async (login: string, browser = server.browser()) =>
    await browser.submit(await browser.get('/forgot-password'), { login })
  const resetLink = async (user: { readonly email: string }) => {
    await ask(user.email)
    return await newestLink(server.deps, user.email, 'reset-password')
  }
  /** Opens a link and fills in what it shows. */
  const choose = async (link: string, password = NEW_PASSWORD) => {
    const browser = server.browser()
    return await browser.submit(await browser.get(link), { password })
  }
  const signsIn = async (user: { readonly username: string }, password: string) =>
    await obtainCode(server, spa, { username: user.username, password }).then(
      () => true,
      () => false,
    )

  test('a link sets a password once, ends every session and grant, signs nobody in and tells the owner (A113)', async () => {
    const user = await server.makeUser()
    const before = await obtainTokens(server, spa, user)
    const link = await resetLink(user)
    const browser = server.browser()
    const form = await browser.get(link)
    assert.equal(form.statusCode, 200)
    assert.equal(await signsIn(user, user.password), true, 'opening the link changes nothing')

    const done = await browser.submit(form, { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200, done.body)
    assert.deepEqual([...browser.cookies.keys()], ['browser'], 'nobody is signed in')
    assert.equal(await userinfoStatus(server, before.tokens.access_token), 401)
    assert.equal((await refresh(server, spa, before.tokens.refresh_token)).json().error, 'invalid_grant')
    assert.equal(await signsIn(user, user.password), false)
    assert.equal(await signsIn(user, NEW_PASSWORD), true)

    assert.equal((await browser.submit(form, { password: `${NEW_PASSWORD}2` })).statusCode, 410, 'used')
    assert.equal((await server.browser().get(link)).statusCode, 410)
    assert.deepEqual(await topicsFor(server.deps, user.email), ['reset-password', 'password-changed'])
    const audited = await server.audited()
    assert.ok(audited.includes('password.reset_requested') && audited.includes('password.reset'))
  })

  test('a link is good for fifteen minutes and no longer (A113)', async () => {
    const user = await server.makeUser()
    const link = await resetLink(user)
    server.clock.advance(899)
    assert.equal((await server.browser().get(link)).statusCode, 200)
    server.clock.advance(2)
    assert.equal((await server.browser().get(link)).statusCode, 410)
    assert.equal((await mailsTo(server.deps, user.email)).length, 0, 'nor is it mailed any more')
  })

  test('a link is void once another has set a password, or the address has changed (A113)', async () => {
    const user = await server.makeUser()
    const [first, second] = [await resetLink(user), await resetLink(user)]
    const waiting = server.browser()
    const form = await waiting.get(first)
    assert.equal((await choose(second)).statusCode, 200)
    assert.equal((await waiting.submit(form, { password: `${NEW_PASSWORD}2` })).statusCode, 410)

    const other = await server.makeUser()
    const link = await resetLink(other)
    await server.database.db
      .updateTable('user')
      .set({ email: 'moved@mail.example', email_key: 'moved@mail.example' })
      .where('id', '=', other.id)
      .execute()
    assert.equal((await server.browser().get(link)).statusCode, 410)
    assert.equal(await signsIn(other, other.password), true)
  })

  test('the rules that a new password breaks are named, and the link stays good', async () => {
    const user = await server.makeUser()
    const link = await resetLink(user)
    const refused = await choose(link, 'short')
    assert.equal(refused.statusCode, 400)
    assert.match(refused.body, /a digit|Add a digit/)
    assert.equal((await choose(link, '')).statusCode, 400)
    assert.equal((await choose(link, `${user.username}-Xy7!`)).statusCode, 400, 'made of the own name')
    assert.equal((await choose(link)).statusCode, 200)
  })

  test('the answer is the same whether there is an account, none, a disabled one or one without an address', async () => {
    const known = await server.makeUser()
    const disabled = await server.makeUser()
    await server.deps.store.users.setDisabled(disabled.id, true, {
      id: known.id,
      type: 'user.disabled',
      outcome: 'success',
      actor: 'operator',
    })
    const answers = []
    for (const login of [known.username, known.email.toUpperCase(), 'nobody', 'nobody@mail.example', disabled.email]) {
      const { statusCode, body, headers } = await ask(login)
      const { date: _, 'content-length': length, ...kept } = headers
      answers.push({ statusCode, body, length, headers: Object.keys(kept).sort() })
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(answers[0]?.statusCode, 200)
    assert.equal((await mailsTo(server.deps, known.email)).length, 2)
    assert.equal((await mailsTo(server.deps, disabled.email)).length, 0)
  })

  test('as many rows are written for nobody as for somebody, so that the time tells nothing', async () => {
    const counted = async () => {
      const { rows } = await server.database.run((db) =>
        Promise.all(
          (['action_token', 'outbox'] as const).map((table) =>
            db
              .selectFrom(table)
              .select(({ fn }) => fn.countAll<string>().as('n'))
              .executeTakeFirstOrThrow(),
          ),
        ).then((rows) => ({ rows: rows.map(({ n }) => Number(n)) })),
      )
      return rows
    }
    const user = await server.makeUser()
    const start = await counted()
    await ask(user.email)
    const afterKnown = await counted()
    await ask('nobody_at_all@mail.example')
    const afterUnknown = await counted()
    const grown = (to: number[], from: number[]) => to.map((n, index) => n - from[index]!)
    assert.deepEqual(grown(afterKnown, start), [1, 1])
    assert.deepEqual(grown(afterUnknown, afterKnown), [1, 1])
  })

  test('a flood of requests fills nobody’s mailbox, and its answers tell nothing (A158)', async () => {
    const user = await server.makeUser()
    const statuses = new Set<number>()
    for (let request = 0; request < 8; request += 1) statuses.add((await ask(user.email)).statusCode)
    assert.deepEqual([...statuses], [200])
    assert.equal((await mailsTo(server.deps, user.email)).length, 5)
  })

  test('a link signs in to the interaction that it was asked for in', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const begun = await browser.follow(
      await browser.get(
        `/authorize?${new URLSearchParams({
          response_type: 'code',
          client_id: spa.clientId,
          redirect_uri: spa.redirectUri,
          code_challenge: randomBytes(32).toString('base64url'),
          code_challenge_method: 'S256',
          ui_locales: 'de',
        })}`,
      ),
    )
    const [, href] = /href="(\/forgot-password\?id=[^"]+)"/.exec(begun.body) ?? []
    assert.ok(href, begun.body)
    const forgot = await browser.get(href)
    assert.match(forgot.body, /lang="de"/)
    await browser.submit(forgot, { login: user.email })
    const link = await newestLink(server.deps, user.email, 'reset-password')
    const done = await browser.submit(await browser.get(link), { password: NEW_PASSWORD })
    const [, signIn] = /id="sign-in"[^>]*href="([^"]+)"/.exec(done.body) ?? []
    assert.match(signIn ?? '', /^\/login\?id=/)
    const elsewhere = await server.browser().get(link)
    assert.equal(elsewhere.statusCode, 410)
  })

  test('a form of another site, or without its token, sends and changes nothing (A124)', async () => {
    const user = await server.makeUser()
    const link = await resetLink(user)
    const browser = server.browser()
    await browser.get(link)
    assert.equal((await browser.postFromElsewhere(link, { password: NEW_PASSWORD })).statusCode, 403)
    assert.equal((await browser.post(link, { password: NEW_PASSWORD })).statusCode, 403)
    assert.equal((await browser.post('/forgot-password', { login: user.email })).statusCode, 403)
    assert.equal((await mailsTo(server.deps, user.email)).length, 1)
  })

  test('a link in a mail begins with the issuer, whatever the request said (A104)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const page = await browser.get('/forgot-password')
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    const poisoned = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    assert.equal((await browser.post('/forgot-password', { login: user.email, csrf }, poisoned)).statusCode, 200)
    assert.equal(
      (await browser.post('/forgot-password', { login: user.email, csrf }, { host: 'evil.example' })).statusCode,
      421,
    )
    const mails = await mailsTo(server.deps, user.email)
    assert.equal(mails.length, 1)
    assert.ok(
      mails.every(({ text }) => text.includes('http://localhost:3000/reset-password?') && !text.includes('evil')),
    )
  })
})

suite('limits of a new password by mail', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({ ...LOOPBACK, LIMIT_AUTH_PER_MINUTE: '3' })
  })
  after(() => server.close())

  test('asking is limited by address and by what is typed, alike for nobody and somebody (design.md §6)', async () => {
    const user = await server.makeUser()
    for (const login of [user.email, 'nobody@mail.example']) {
      const statuses: number[] = []
      for (let network = 1; network <= 4; network += 1) {
        const browser = server.browser(`203.0.${network}.${login.length}`)
        const answer = await browser.submit(await browser.get('/forgot-password'), { login })
        statuses.push(answer.statusCode)
        if (answer.statusCode === 429) assert.match(String(answer.headers['retry-after']), /^\d+$/)
      }
      assert.deepEqual(statuses, [200, 200, 200, 429], login)
      server.clock.advance(60)
    }
  })
})
