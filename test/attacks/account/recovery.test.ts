import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { mailsTo, NEW_PASSWORD, newestLink, topicsFor } from '../../mail/mails.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { codeFor, enrolled, isCodePage, isOverview, nextStep, withPassword } from '../codes/authenticator.ts'
import { arrive, assertPage, closeClean, isSignInPage, rowsOf } from '../front-channel.ts'

const MAIL = { SMTP_URL: 'smtp://127.0.0.1:1' } as const

suite('ways to a new password or address that must not open', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer(MAIL)
    client = await server.register({})
  })
  after(() => closeClean(server))

  const ask = async (login: string, browser = server.browser(), headers: Record<string, string> = {}) => {
    const page = await browser.get('/forgot-password', { headers })
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    return await browser.post('/forgot-password', { csrf, login }, headers)
  }
  const resetLink = async (user: { readonly email: string }) => {
    assert.equal((await ask(user.email)).statusCode, 200)
    return await newestLink(server.deps, user.email, 'reset-password')
  }
  const tokenIn = (link: string): string => new URL(link, 'https://x').searchParams.get('token') ?? ''

  test('A113 a password changes only for who knows the present one, and is never guessed here for free (ASVS 6.2.3)', async () => {
    const user = await server.makeUser()
    const { browser, page } = await withPassword(server, user, { path: '/account/password' })
    const before = await server.deps.store.users.findForSignIn(user.username)
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    for (const fields of [
      { password: NEW_PASSWORD },
      { current: '', password: NEW_PASSWORD },
      { current: NEW_PASSWORD, password: NEW_PASSWORD },
      { current: ` ${user.password}`, password: NEW_PASSWORD },
      { current: user.password.toLowerCase(), password: NEW_PASSWORD },
      { current: before?.password?.phc ?? '', password: NEW_PASSWORD },
    ]) {
      const answer = await browser.post('/account/password', { csrf, ...fields })
      assert.equal(answer.statusCode, 400)
      assert.equal(answer.headers['set-cookie'], undefined)
    }
    const after = await server.deps.store.users.findForSignIn(user.username)
    assert.deepEqual(after?.password, before?.password)
    assert.equal((await server.audited()).includes('password.changed'), false)
  })

  test('A113 an address changes only after a fresh sign-in, and only by the link at the new one (ASVS 6.4.6)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user, { path: '/account/email' })
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec((await browser.get('/account/email')).body) ?? []
    server.clock.advance(301)
    for (const fields of [{ email: 'evil@mail.example' }, { do: 'resend' }, { do: 'cancel' }]) {
      const answer = await browser.post('/account/email', { csrf, ...fields })
      assert.ok(isSignInPage(await browser.follow(answer)))
    }
    assert.equal((await mailsTo(server.deps, 'evil@mail.example')).length, 0)
    assert.equal((await server.deps.store.users.find({ id: user.id }))?.email, user.email)
  })

  test('A113 a token of any other kind opens no reset page, and a reset token proves no address (CVE-2026-4282)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user, { path: '/account/email' })
    await browser.submit(await browser.get('/account/email'), { email: `new.${user.email}` })
    const change = tokenIn(await newestLink(server.deps, `new.${user.email}`, 'verify-email'))
    const { actionTokens } = server.deps.store
    await actionTokens.add(digestOf('al_first'), { purpose: 'first-administrator', data: {} }, 3600)
    await actionTokens.add(digestOf('al_guest'), { purpose: 'invitation', data: {} }, 3600)
    const reset = tokenIn(await resetLink(user))
    const session = browser.cookies.get('__Host-session')?.value ?? ''
    const opened = async (path: string, token: string) => {
      const each = server.browser()
      const got = (await each.get(`${path}?token=${token}`)).statusCode
      const own = await each.get(`${path}?token=${path === '/reset-password' ? reset : change}`)
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(own.body) ?? []
      const sent = await each.post(`${path}?token=${token}`, { csrf, password: NEW_PASSWORD })
      return [got, sent.statusCode]
    }
    const digest = digestOf(reset).toString('base64url')
    for (const token of [
      change,
      'al_first',
      'al_guest',
      session,
      digest,
      digestOf(reset).toString('hex'),
      '',
      reset.slice(3),
      reset.slice(0, -1),
      `${reset}A`,
      reset.toUpperCase(),
      `${reset}%20`,
      `${'A'.repeat(4000)}`,
    ]) {
      assert.deepEqual(await opened('/reset-password', token), [410, 410], token)
    }
    for (const token of [reset, 'al_first', 'al_guest', session, '', change.slice(3), `${change}A`]) {
      assert.deepEqual(await opened('/verify-email', token), [410, 410], token)
    }
    for (const token of [reset, change]) {
      const stranger = server.browser()
      assertPage(await stranger.get(`/signup?invitation=${token}`), 'link_used')
      assert.equal((await stranger.get(`/first-administrator?token=${token}`)).statusCode, 410)
    }
    const stored = await server.deps.store.users.find({ id: user.id })
    assert.equal(stored?.email, user.email)
    assert.equal((await server.browser().get(`/reset-password?token=${reset}`)).statusCode, 200, 'and none was spent')
    assert.equal((await server.browser().get(`/verify-email?token=${change}`)).statusCode, 200)
  })

  test('A113 a link sets nothing but its owner’s password, whoever is signed in and whatever else is sent (ASVS 6.4.3)', async () => {
    const [user, other] = [await server.makeUser(), await server.makeUser()]
    const link = await resetLink(user)
    const { browser } = await withPassword(server, other)
    const page = await browser.get(link)
    const done = await browser.submit(page, { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200)
    assert.ok(isOverview(await browser.get('/account')), 'the other one stays signed in as themselves')
    assert.ok(isOverview((await withPassword(server, other)).page))
    assert.ok(isOverview((await withPassword(server, { ...user, password: NEW_PASSWORD })).page))
    assert.equal((await withPassword(server, user)).page.statusCode, 400)
  })

  test('A113 the rules of a new password hold at a link too, and a refused one leaves the link as it was (ASVS 6.2.1)', async () => {
    const user = await server.makeUser()
    const link = await resetLink(user)
    const browser = server.browser()
    const page = await browser.get(link)
    for (const password of ['', 'short', 'Password123!', user.username, 'x'.repeat(129), `${'Ab1!'.repeat(32)}x`]) {
      assert.equal((await browser.submit(page, { password })).statusCode, 400, password)
    }
    assert.equal((await browser.submit(page, { password: NEW_PASSWORD })).statusCode, 200)
  })

  test('A113 after a reset the second factor is due, old sessions are outside, and the owner has been told (ASVS 6.4.3)', async () => {
    const { user, secret, browser: old } = await enrolled(server)
    const link = await resetLink(user)
    const browser = server.browser()
    assert.equal((await browser.submit(await browser.get(link), { password: NEW_PASSWORD })).statusCode, 200)
    assert.equal(browser.cookies.has('__Host-session'), false)
    assert.ok(isSignInPage(await old.follow(await old.get('/account'))))
    nextStep(server)
    const { browser: again, page } = await withPassword(server, { ...user, password: NEW_PASSWORD })
    assert.ok(isCodePage(page))
    assert.equal((await again.get('/account/data.json')).statusCode, 303)
    assert.ok(isOverview(await again.follow(await again.submit(page, { code: codeFor(server, secret) }))))
    assert.ok((await topicsFor(server.deps, user.email)).includes('password-changed'))
  })

  test('A113 the last step without the first: a post with no link, with nobody’s, or with its token in the body (A115)', async () => {
    const user = await server.makeUser()
    const link = await resetLink(user)
    const browser = server.browser()
    const page = await browser.get(link)
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    for (const [path, fields] of [
      ['/reset-password', { token: tokenIn(link), password: NEW_PASSWORD }],
      ['/reset-password?id=x', { password: NEW_PASSWORD }],
      [`/reset-password?token=x&token=${tokenIn(link)}`, { password: NEW_PASSWORD }],
      ['/reset-password?token=', { login: user.email, password: NEW_PASSWORD }],
    ] as const) {
      assert.equal((await browser.post(path, { csrf, ...fields })).statusCode, 410, path)
    }
    assert.equal((await browser.post(link, {})).statusCode, 403)
    assertPage(await browser.post(link, { password: NEW_PASSWORD }), 'forgery', 403)
    assert.equal((await browser.post(link, { csrf })).statusCode, 400)
    assert.equal((await withPassword(server, user)).page.statusCode, 200)
  })

  test('A104 a poisoned host puts no address of its own into a mail (CVE-2025-64101)', async () => {
    const user = await server.makeUser()
    for (const headers of [
      { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test;proto=http' },
      { 'x-forwarded-proto': 'http', 'x-host': 'evil.test', 'x-original-host': 'evil.test' },
      { host: 'evil.test' },
    ] as const) {
      const answer = await ask(user.email, server.browser(), { ...headers })
      assert.ok([200, 421, 403].includes(answer.statusCode))
    }
    const mails = await mailsTo(server.deps, user.email)
    assert.equal(mails.length, 2, 'a wrong host asks for nothing')
    for (const { text, html } of mails) {
      assert.equal(`${text}${html}`.includes('evil.test'), false)
      assert.match(text, /^https:\/\/gate\.example\/reset-password\?token=rp_/m)
    }
  })

  test('A084 whether an account exists, is disabled or unverified is not told by asking for a link (ASVS 6.3.8)', async () => {
    const [known, disabled, unverified] = [await server.makeUser(), await server.makeUser(), await server.makeUser()]
    const { db } = server.database
    await db.updateTable('user').set({ disabled_at: new Date() }).where('id', '=', disabled.id).execute()
    await db.updateTable('user').set({ email_verified: false }).where('id', '=', unverified.id).execute()
    const seen = new Set<string>()
    for (const login of [known.email, known.username, disabled.email, unverified.email, 'nobody@mail.example', 'x']) {
      const { statusCode, headers, body } = await ask(login, server.browser(`203.0.113.${seen.size}`))
      const names = Object.keys(headers).sort().join()
      seen.add(`${statusCode} ${names} ${body.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')}`)
    }
    assert.equal(seen.size, 1, [...seen].join('\n'))
  })

  test('A115 recovery within a request goes on there, and grants nothing by itself (design.md §2.7)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const form = await arrive(browser, client)
    const codes = await rowsOf(server, 'authorization_code')
    const [, href = ''] = /href="(\/forgot-password\?id=[^"]+)"/.exec(form.body) ?? []
    await browser.submit(await browser.get(href), { login: user.username })
    const link = await newestLink(server.deps, user.email, 'reset-password')
    const done = await browser.submit(await browser.get(link), { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200)
    const [, back = ''] = /href="(\/login\?id=[^"]+)"/.exec(done.body) ?? []
    assert.ok(isSignInPage(await browser.get(back)))
    assert.equal(await rowsOf(server, 'authorization_code'), codes)
    const elsewhere = server.browser()
    const foreign = await elsewhere.get(href)
    assert.equal(foreign.statusCode, 200)
    assert.equal(foreign.body.includes('/login?id='), false, 'another browser’s request is not continued')
  })
})
