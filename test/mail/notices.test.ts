import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { generateSync } from 'otplib'
import { numericDate } from '../../src/base/numeric-date.ts'
import { newInvitation } from '../../src/cli/administrator-link.ts'
import { PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { LOOPBACK, mailsTo, NEW_PASSWORD, newestLink, topicsFor } from './mails.ts'

suite('what owners are told of changes to their account', () => {
  let server: TestServer
  before(async () => {
    server = await startServer(LOOPBACK)
  })
  after(() => server.close())

  type User = { readonly username: string; readonly password: string; readonly email: string }
  async function signedIn(user: User, path = '/account', browser = server.browser()) {
    const signIn = await browser.follow(await browser.get(path))
    const page = await browser.follow(
      await browser.submit(signIn, { username: user.username, password: user.password }),
    )
    return { browser, page }
  }
  async function enrolled(user: User) {
    const { browser, page } = await signedIn(user, '/account/second-factor/new')
    const scan = await browser.follow(await browser.submit(page, { name: 'My phone' }))
    const secret = /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(scan.body)?.[1] ?? ''
    const code = generateSync({ secret, epoch: numericDate(server.clock.now()) })
    const codes = await browser.follow(await browser.submit(scan, { code }))
    return { browser, codes: codes.body.match(/[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}/g) ?? [] }
  }
  test('an authenticator, recovery codes and the password tell of every change, from where it came', async () => {
    const user = await server.makeUser()
    const { browser } = await enrolled(user)
    const [added] = (await mailsTo(server.deps, user.email)).filter(({ topic }) => topic === 'factor-added')
    assert.match(added?.text ?? '', /My phone/)
    assert.match(added?.text ?? '', /198\.51\.100\.0\/24/)
    assert.match(added?.text ?? '', /http:\/\/localhost:3000\/account/)

    const factors = await browser.follow(await browser.get('/account/second-factor'))
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(factors.body) ?? []
    const [, id = ''] = /data-factor="([^"]+)"/.exec(factors.body) ?? []
    await browser.follow(await browser.post('/account/second-factor', { csrf, do: 'regenerate' }))
    await browser.follow(await browser.post('/account/second-factor', { csrf, do: 'remove', id }))
    const password = await browser.get('/account/password')
    await browser.submit(password, { current: PASSWORD, password: NEW_PASSWORD })
    assert.deepEqual(await topicsFor(server.deps, user.email), [
      'factor-added',
      'recovery-codes-renewed',
      'factor-removed',
      'password-changed',
    ])
  })

  test('a sign-in on a device that the account does not know is told once; the one that made the account is not', async () => {
    const user = await server.makeUser()
    const told = async () =>
      (await mailsTo(server.deps, user.email)).filter(({ topic }) => topic === 'new-device').length
    const { browser } = await signedIn(user)
    assert.equal(await told(), 1)
    await browser.post('/account/sign-out', {}).catch(() => undefined)
    browser.cookies.delete('session')
    browser.cookies.delete('session-lax')
    await signedIn(user, '/account', browser)
    assert.equal(await told(), 1, 'it is known')
    await signedIn({ ...user, password: 'wrong' })
    assert.equal(await told(), 1)
    await signedIn(user)
    assert.equal(await told(), 2)
  })

  test('an account that is closed to strangers tells its owner, once', async () => {
    const user = await server.makeUser()
    await signedIn({ ...user, password: 'wrong' })
    await server.database.db.updateTable('guessing').set({ failures: 100 }).where('user_id', '=', user.id).execute()
    for (let guess = 0; guess < 3; guess += 1) await signedIn({ ...user, password: 'wrong' })
    const told = (await mailsTo(server.deps, user.email)).filter(({ topic }) => topic === 'strangers-shut-out')
    assert.equal(told.length, 1)
    assert.match(told[0]?.text ?? '', /http:\/\/localhost:3000\/forgot-password/)
  })

  test('with a second factor due, a device is new when that was proved', async () => {
    const user = await server.makeUser()
    const told = async () =>
      (await mailsTo(server.deps, user.email)).filter(({ topic }) => topic === 'new-device').length
    const { codes } = await enrolled(user)
    const before = await told()
    const { browser, page } = await signedIn(user)
    assert.equal(await told(), before)
    const [, href = ''] = /href="([^"]*second-factor\/recovery[^"]*)"/.exec(page.body.replaceAll('&amp;', '&')) ?? []
    await browser.follow(await browser.submit(await browser.get(href), { code: codes[0] ?? '' }))
    assert.equal(await told(), before + 1)
  })

  test('a recovery code that was used tells how many are left', async () => {
    const user = await server.makeUser()
    const { codes } = await enrolled(user)
    const { browser, page } = await signedIn(user)
    const [, href = ''] = /href="([^"]*second-factor\/recovery[^"]*)"/.exec(page.body.replaceAll('&amp;', '&')) ?? []
    await browser.follow(await browser.submit(await browser.get(href), { code: codes[0] ?? '' }))
    const used = (await mailsTo(server.deps, user.email)).find(({ topic }) => topic === 'recovery-code-used')
    assert.match(used?.text ?? '', /\b9\b/)
  })

  test('a second factor stays due after a reset by mail (A113, A133)', async () => {
    const user = await server.makeUser()
    await enrolled(user)
    const browser = server.browser()
    await browser.submit(await browser.get('/forgot-password'), { login: user.email })
    const link = await newestLink(server.deps, user.email, 'reset-password')
    const done = await browser.submit(await browser.get(link), { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200)
    const { page } = await signedIn({ ...user, password: NEW_PASSWORD }, '/account', browser)
    assert.match(page.body, /autocomplete="one-time-code"/)
    assert.doesNotMatch(page.body, /id="overview"/)
  })

  test('a deleted account is told goodbye', async () => {
    const user = await server.makeUser()
    const { browser, page } = await signedIn(user, '/account/delete')
    const done = await browser.submit(page, { username: user.username, password: PASSWORD })
    assert.equal(done.statusCode, 200)
    assert.deepEqual((await topicsFor(server.deps, user.email)).at(-1), 'account-deleted')
  })

  test('an invitation goes to the address that it is for', async () => {
    const { url, isMailed } = await newInvitation(server.deps, 'guest@mail.example', [])
    assert.equal(isMailed, true)
    const [mail] = await mailsTo(server.deps, 'guest@mail.example')
    assert.ok(mail?.text.includes(url))
  })

  test('a notice is written by the statement of the change: where nothing changed, none is', async () => {
    const user = await server.makeUser()
    const before = await topicsFor(server.deps, user.email)
    await server.deps.store.mailLinks.resetPassword(
      Buffer.alloc(32) as never,
      { phc: 'x', peppered: true },
      { id: user.id, type: 'password.reset', outcome: 'success', actor: 'operator' },
      [{ id: user.id, topic: 'password-changed', payload: Buffer.alloc(1), lifetimeSeconds: 60 }],
    )
    assert.deepEqual(await topicsFor(server.deps, user.email), before)
    assert.equal(await server.deps.store.outbox.find(user.id), undefined)
  })
})
