import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { generateSync } from 'otplib'
import { numericDate } from '../../src/base/numeric-date.ts'
import { type BrowserSession, formsOf } from '../support/browser-session.ts'
import {
  obtainTokens,
  PASSWORD,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../support/server.ts'

suite('the account pages', () => {
  let server: TestServer
  let spa: TestClient
  before(async () => {
    server = await startServer()
    spa = await server.register({})
  })
  after(() => server.close())

  type User = { readonly username: string; readonly password: string }
  async function signedIn(user: User, path = '/account') {
    const browser = server.browser()
    const signIn = await browser.follow(await browser.get(path))
    const page = await browser.follow(
      await browser.submit(signIn, { username: user.username, password: user.password }),
    )
    return { browser, page }
  }
  const secretIn = (body: string): string => /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(body)?.[1] ?? ''
  const codeFor = (secret: string): string => generateSync({ secret, epoch: numericDate(server.clock.now()) })
  async function enrol(browser: BrowserSession) {
    const start = await browser.follow(await browser.get('/account/second-factor/new'))
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    const secret = secretIn(scan.body)
    return { secret, page: await browser.follow(await browser.submit(scan, { code: codeFor(secret) })) }
  }

  test('who opens the account signs in first, and then sees it', async () => {
    const user = await server.makeUser()
    const { page } = await signedIn(user)
    assert.equal(page.statusCode, 200)
    assert.match(page.body, /id="overview"/)
    assert.match(page.body, new RegExp(user.username))
  })

  for (const path of [
    '/account/password',
    '/account/second-factor',
    '/account/sessions',
    '/account/apps',
    '/account/profile',
    '/account/data',
  ]) {
    test(`${path} is reached by signing in for it`, async () => {
      const { page } = await signedIn(await server.makeUser(), path)
      assert.equal(page.statusCode, 200)
      assert.match(page.body, /aria-current="page"/)
    })
  }

  test('a changed password ends every other session and grant, and keeps the one that changed it', async () => {
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, spa, user)
    const other = await signedIn(user)
    const { browser, page } = await signedIn(user, '/account/password')
    const password = 'Another-Horse-8-Staple!'
    const wrong = await browser.submit(page, { current: 'not it', password })
    assert.equal(wrong.statusCode, 400)
    const done = await browser.follow(await browser.submit(page, { current: PASSWORD, password }))
    assert.match(done.body, /id="notice"/)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal((await refresh(server, spa, tokens.refresh_token)).json().error, 'invalid_grant')
    assert.match((await other.browser.follow(await other.browser.get('/account'))).body, /id="sign-in-form"/)
    assert.match((await browser.get('/account')).body, /id="overview"/)
  })

  test('an authenticator is enrolled, asked for at the next sign-in, renamed and removed (RFC 6238)', async () => {
    const user = await server.makeUser()
    const { browser } = await signedIn(user)
    const { secret, page: codes } = await enrol(browser)
    assert.match(codes.body, /[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}/)
    assert.match(codes.body, /Step 3 of 3/)
    const listed = await browser.follow(await browser.submit(codes, { saved: 'on' }))
    assert.match(listed.body, /My phone/)
    assert.match(listed.body, /id="notice"[^<]*>Your authenticator is ready/)
    assert.equal((await browser.get('/account/second-factor/codes.txt')).statusCode, 404, 'they are shown no more')

    server.clock.advance(31)
    const next = await signedIn(user)
    assert.match(next.page.body, /autocomplete="one-time-code"/)
    const [, notYou = ''] = /action="([^"]*\/consent\/switch[^"]*)"/.exec(next.page.body) ?? []
    const fields = formsOf(next.page.body).find(({ action }) => action === notYou)?.fields ?? {}
    const asked = await next.browser.follow(await next.browser.post(notYou, fields))
    assert.match(asked.body, /id="sign-in-form"/, 'whoever is somebody else signs in as such')
    const inside = await next.browser.follow(await next.browser.submit(next.page, { code: codeFor(secret) }))
    assert.match(inside.body, /id="overview"/)
    const factors = await next.browser.get('/account/second-factor')
    const renamed = await next.browser.follow(
      await next.browser.submit(factors, { do: 'rename', name: 'Old phone', ...idOf(factors.body) }),
    )
    assert.match(renamed.body, /Old phone/)
    const removed = await next.browser.follow(
      await next.browser.submit(renamed, { do: 'remove', ...idOf(renamed.body) }),
    )
    assert.doesNotMatch(removed.body, /Old phone/)
    assert.match((await signedIn(user)).page.body, /id="overview"/)
  })

  const idOf = (body: string) => ({ id: /data-factor="([^"]+)"/.exec(body)?.[1] ?? '' })

  test('a credential is changed only after a sign-in of the last five minutes (NIST SP 800-63B)', async () => {
    const user = await server.makeUser()
    const { browser } = await signedIn(user)
    server.clock.advance(301)
    assert.equal((await browser.get('/account')).statusCode, 200)
    const asked = await browser.follow(await browser.get('/account/second-factor/new'))
    assert.match(asked.body, /id="sign-in-form"/)
    const start = await browser.follow(
      await browser.submit(asked, { username: user.username, password: user.password }),
    )
    assert.match(start.body, /id="start-enrolment"/)
  })

  test('an app that is revoked has no grant any more, at once', async () => {
    const user = await server.makeUser()
    const { tokens, browser } = await obtainTokens(server, spa, user)
    const apps = await browser.follow(await browser.get('/account/apps'))
    assert.match(apps.body, /Acme/)
    const revoked = await browser.follow(await browser.submit(apps, { do: 'revoke', id: spa.clientId }))
    assert.doesNotMatch(revoked.body, /data-client/)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal((await refresh(server, spa, tokens.refresh_token)).json().error, 'invalid_grant')
  })

  test('another session of one’s own can be ended, and nobody else’s', async () => {
    const user = await server.makeUser()
    const stranger = await signedIn(await server.makeUser())
    const other = await signedIn(user)
    const { browser, page } = await signedIn(user, '/account/sessions')
    const ids = [...page.body.matchAll(/data-session="([^"]+)"/g)].map(([, id]) => id ?? '')
    assert.equal(ids.length, 2)
    await browser.submit(page, { do: 'end', id: ids[1] ?? '' })
    assert.match((await other.browser.follow(await other.browser.get('/account'))).body, /id="sign-in-form"/)
    const list = await stranger.browser.get('/account/sessions')
    const [, strangerId = ''] = /data-session="([^"]+)"/.exec(list.body) ?? []
    const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.get('/account/sessions')).body)?.[1] ?? ''
    assert.equal((await browser.post('/account/sessions', { csrf, do: 'end', id: strangerId })).statusCode, 303)
    assert.match((await stranger.browser.get('/account')).body, /id="overview"/)
  })

  test('a profile says what its owner wrote, and leaves the address alone (OIDC Core §5.1)', async () => {
    const user = await server.makeUser()
    const { browser, page } = await signedIn(user, '/account/profile')
    await browser.submit(page, { name: 'Grace Example', given_name: 'Grace', family_name: '', nickname: '' })
    const stored = await server.deps.store.users.find({ id: user.id })
    assert.deepEqual(stored?.claims, { name: 'Grace Example', given_name: 'Grace' })
    assert.deepEqual([stored?.email, stored?.emailVerified], [user.email, true])
  })

  test('a person takes their data along, and leaves', async () => {
    const user = await server.makeUser()
    const { tokens, browser } = await obtainTokens(server, spa, user)
    const data = await browser.get('/account/data.json')
    assert.equal(data.json().user.username, user.username)
    assert.doesNotMatch(data.body, /argon2|digest|secret/)
    const page = await browser.get('/account/delete')
    const gone = await browser.submit(page, { username: user.username, password: user.password })
    assert.equal(gone.statusCode, 200)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal(await server.deps.store.users.find({ id: user.id }), undefined)
    const left = await server.database.db
      .selectFrom('audit_subject')
      .innerJoin('audit_event', 'audit_event.id', 'audit_subject.event_id')
      .select('audit_subject.address')
      .where('audit_event.user_id', '=', user.id)
      .execute()
    assert.deepEqual(left, [], 'what the events knew of the person is erased')
  })

  test('a visit from another site, which has no Strict cookie, bounces once from a page of ours', async () => {
    const { browser } = await signedIn(await server.makeUser())
    const bounced = await browser.get('/account', { fromElsewhere: true, headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(bounced.headers.refresh, '0; url=/account?bounced=1')
    assert.equal((await browser.get('/account?bounced=1')).statusCode, 200)
  })
})
