import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { BrowserSession } from '../support/browser-session.ts'
import { authorizeUrl, PASSWORD, pkce, startServer, type TestClient, type TestServer } from '../support/server.ts'
import { LOOPBACK, linkIn, mailsTo, newestLink, topicsFor } from './mails.ts'

const newName = () => `user_${randomBytes(5).toString('hex')}`

suite('proving an address by mail', () => {
  let server: TestServer
  let spa: TestClient
  before(async () => {
    server = await startServer(LOOPBACK)
    spa = await server.register({})
  })
  after(() => server.close())

  async function signUp(headers: Record<string, string> = {}) {
    const browser = server.browser()
    const hub = await browser.get(authorizeUrl(spa, pkce().challenge, { prompt: 'create' }), {
      fromElsewhere: true,
      headers,
    })
    const page = await browser.follow(hub)
    const username = newName()
    const email = `${username}@mail.example`
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    const [, action = ''] = /action="([^"]*signup[^"]*)"/.exec(page.body.replaceAll('&amp;', '&')) ?? []
    const done = await browser.post(action, { csrf, username, email, password: PASSWORD }, headers)
    assert.equal(done.statusCode, 303, done.body)
    const user = await server.deps.store.users.find({ username })
    assert.ok(user)
    return { browser, id: user.id, username, email, password: PASSWORD }
  }
  const standing = async ({ id }: { readonly id: string }) => {
    const user = await server.deps.store.users.find({ id })
    return { email: user?.email, isVerified: user?.emailVerified }
  }
  const press = async (link: string) => {
    const browser = server.browser()
    return await browser.submit(await browser.get(link), {})
  }
  const emailForm = async (user: { readonly username: string; readonly password: string }) => {
    const browser = server.browser()
    const signIn = await browser.follow(await browser.get('/account/email'))
    const page = await browser.follow(
      await browser.submit(signIn, { username: user.username, password: user.password }),
    )
    return { browser, page }
  }
  type Sent = { readonly browser: BrowserSession; readonly page: Awaited<ReturnType<BrowserSession['get']>> }
  const ask = async ({ browser, page }: Sent, fields: Readonly<Record<string, string>>) => {
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    return await browser.follow(await browser.post('/account/email', { csrf, ...fields }))
  }

  test('a new account is mailed a link; opening it changes nothing, its button proves the address, once (A147)', async () => {
    const user = await signUp()
    const link = await newestLink(server.deps, user.email, 'verify-email')
    const page = await server.browser().get(link)
    assert.equal(page.statusCode, 200)
    assert.match(page.body, new RegExp(user.email))
    assert.equal((await standing(user)).isVerified, false)
    assert.equal((await press(link)).statusCode, 200)
    assert.equal((await standing(user)).isVerified, true)
    assert.equal((await server.browser().get(link)).statusCode, 410)
    assert.ok((await server.audited()).includes('email.verified'))
  })

  test('a mail is in the language of the request at hand, and later in that of the profile', async () => {
    const user = await signUp({ 'accept-language': 'de-AT,en;q=0.5' })
    const [mail] = await mailsTo(server.deps, user.email)
    assert.match(mail?.html ?? '', /lang="de"/)
    const { page, browser } = await emailForm(user)
    await server.database.db
      .updateTable('user')
      .set({ claims: JSON.stringify({ locale: 'en-GB' }) })
      .where('id', '=', user.id)
      .execute()
    await ask({ browser, page }, { do: 'resend' })
    const last = (await mailsTo(server.deps, user.email)).at(-1)
    assert.match(last?.html ?? '', /lang="en"/)
    assert.equal(
      (await server.browser().get(linkIn(mail ?? { text: '' }))).statusCode,
      410,
      'the newer link replaced it',
    )
  })

  test('a link proves the address that it was sent to and no other, and for a day (A147)', async () => {
    const user = await signUp()
    const link = await newestLink(server.deps, user.email, 'verify-email')
    await server.database.db
      .updateTable('user')
      .set({ email: `2${user.email}`, email_key: `2${user.email}` })
      .where('id', '=', user.id)
      .execute()
    assert.equal((await server.browser().get(link)).statusCode, 410)
    assert.equal((await standing(user)).isVerified, false)

    const late = await signUp()
    const old = await newestLink(server.deps, late.email, 'verify-email')
    server.clock.advance(86_401)
    assert.equal((await server.browser().get(old)).statusCode, 410)
  })

  test('an address changes when the link at the new one is opened, and both are told (A147)', async () => {
    const user = await server.makeUser()
    const fresh = `new_${user.email}`
    const page = await ask(await emailForm(user), { do: 'change', email: fresh })
    assert.match(page.body, /id="pending"/)
    assert.deepEqual(await standing(user), { email: user.email, isVerified: true })
    assert.deepEqual(await topicsFor(server.deps, user.email), ['email-change-requested'])

    assert.equal((await press(await newestLink(server.deps, fresh, 'verify-email'))).statusCode, 200)
    assert.deepEqual(await standing(user), { email: fresh, isVerified: true })
    assert.equal((await mailsTo(server.deps, user.email)).at(-1)?.topic, 'email-changed')
    assert.equal((await mailsTo(server.deps, fresh)).at(-1)?.topic, 'email-changed')
  })

  test('a change of address is stopped by its owner, by a new password, and by who has the address by then', async () => {
    const user = await server.makeUser()
    const [first, second, third] = ['a', 'b', 'c'].map((letter) => `${letter}_${user.email}`) as [
      string,
      string,
      string,
    ]
    const form = await emailForm(user)
    await ask(form, { do: 'change', email: first })
    const cancelled = await newestLink(server.deps, first, 'verify-email')
    assert.doesNotMatch((await ask(form, { do: 'cancel' })).body, /id="pending"/)
    assert.equal((await server.browser().get(cancelled)).statusCode, 410)

    await ask(form, { do: 'change', email: second })
    const waiting = server.browser()
    const confirm = await waiting.get(await newestLink(server.deps, second, 'verify-email'))
    const taker = await server.makeUser()
    await server.database.db
      .updateTable('user')
      .set({ email: second, email_key: second })
      .where('id', '=', taker.id)
      .execute()
    assert.equal((await waiting.submit(confirm, {})).statusCode, 410)

    await ask(form, { do: 'change', email: third })
    const stopped = await newestLink(server.deps, third, 'verify-email')
    const hashed = await server.deps.passwords.hash('Another-Horse-9-Battery!')
    assert.notEqual(hashed, 'busy')
    if (hashed !== 'busy') {
      const event = { id: user.id, type: 'password.changed', outcome: 'success', actor: 'operator' } as const
      await server.deps.store.users.changePassword(user.id, hashed, event)
    }
    assert.equal((await server.browser().get(stopped)).statusCode, 410)
    assert.deepEqual(await standing(user), { email: user.email, isVerified: true })
  })

  test('an address that is malformed, the same or taken is refused, and links are limited', async () => {
    const user = await server.makeUser()
    const other = await server.makeUser()
    const form = await emailForm(user)
    for (const email of ['', 'nobody', user.email.toUpperCase(), other.email, 'a@x.example\r\nbcc: b@x.example']) {
      assert.equal((await ask(form, { do: 'change', email })).statusCode, 400, email)
    }
    const statuses: number[] = []
    for (let count = 0; count < 6; count += 1) {
      const answer = await ask(form, { do: 'change', email: `${count}_${user.email}` })
      statuses.push(answer.statusCode)
      if (answer.statusCode === 429) assert.match(String(answer.headers['retry-after']), /^\d+$/)
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429])
  })

  test('a form of another site proves nothing (A124)', async () => {
    const user = await signUp()
    const link = await newestLink(server.deps, user.email, 'verify-email')
    const browser = server.browser()
    await browser.get(link)
    assert.equal((await browser.postFromElsewhere(link, {})).statusCode, 403)
    assert.equal((await browser.post(link, {})).statusCode, 403)
    assert.equal((await standing(user)).isVerified, false)
  })
})
