import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import type { BrowserSession } from '../../support/browser-session.ts'
import {
  claimsIn,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../../support/server.ts'
import { withPassword } from '../codes/authenticator.ts'
import { closeClean, isSignInPage, rowsOf, type TestUser } from '../front-channel.ts'

const PAGES = [
  '/account',
  '/account/profile',
  '/account/password',
  '/account/email',
  '/account/second-factor',
  '/account/second-factor/new',
  '/account/second-factor/codes',
  '/account/sessions',
  '/account/apps',
  '/account/data',
  '/account/data.json',
  '/account/delete',
] as const

suite('an account that has lost its standing', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer()
    client = await server.register({})
  })
  after(() => closeClean(server))

  const event = (type: 'user.disabled' | 'user.roles_changed', userId: string) =>
    administrationEvent(server.deps, type, 'operator', { userId })
  const disable = (user: TestUser, isDisabled = true) =>
    server.deps.store.users.setDisabled(user.id, isDisabled, event('user.disabled', user.id))
  const csrfIn = ({ body }: LightMyRequestResponse): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''

  /** Every page of the account leads to the sign-in page, and shows nothing of its owner. */
  async function assertOutside(browser: BrowserSession, user: TestUser): Promise<void> {
    for (const path of PAGES) {
      const answer = await browser.get(path)
      assert.equal(answer.statusCode, 303, path)
      const page = await browser.follow(answer)
      assert.ok(isSignInPage(page), path)
      assert.equal(page.body.includes(user.username) || page.body.includes(user.email), false, path)
    }
    assert.equal((await browser.get('/account/totp')).statusCode, 401)
  }

  test('A148 a disabled user is outside with the next request, on every page and in JSON (ASVS 7.4.2)', async () => {
    const user = await server.makeUser()
    const { tokens, browser } = await obtainTokens(server, client, user)
    assert.equal((await browser.get('/account')).statusCode, 200)
    await disable(user)
    await assertOutside(browser, user)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal((await refresh(server, client, tokens.refresh_token)).json().error, 'invalid_grant')
  })

  test('A148 a form that was open when its user was disabled changes nothing (ASVS 7.4.2)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const profile = await browser.get('/account/profile')
    const { csrf_token: token } = (await browser.get('/account/totp')).json()
    await disable(user)
    const before = await server.audited()
    for (const [path, fields] of [
      ['/account/profile', { name: 'Still here' }],
      ['/account/password', { current: user.password, password: 'Another-Horse-8-Staple!' }],
      ['/account/email', { email: 'other@mail.example' }],
      ['/account/second-factor', { do: 'regenerate' }],
      ['/account/second-factor/new', { name: 'x' }],
      ['/account/sessions', { do: 'end-all' }],
      ['/account/apps', { do: 'revoke', id: client.clientId }],
      ['/account/delete', { username: user.username, password: user.password }],
      ['/account/sign-out', {}],
    ] as const) {
      const answer = await browser.post(path, { csrf: csrfIn(profile), ...fields })
      assert.ok(isSignInPage(await browser.follow(answer)), path)
    }
    const begun = await browser.post('/account/totp', { name: 'x' }, { 'x-csrf-token': token })
    assert.equal(begun.statusCode, 401)
    assert.deepEqual(await server.audited(), before)
    const kept = await server.deps.store.users.find({ id: user.id })
    assert.deepEqual([kept?.claims, kept?.email], [{ name: 'Ada Example' }, user.email])
  })

  test('A148 who is enabled again signs in anew: the old session and grants stay dead (ASVS 7.4.2)', async () => {
    const user = await server.makeUser()
    const { tokens, browser } = await obtainTokens(server, client, user)
    await disable(user)
    await disable(user, false)
    await assertOutside(browser, user)
    assert.equal((await refresh(server, client, tokens.refresh_token)).json().error, 'invalid_grant')
    assert.equal((await withPassword(server, user)).page.statusCode, 200)
  })

  test('A148 a sign-in that waits for its password gets no session once its user is disabled (ASVS 7.4.2)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const form = await browser.follow(await browser.get('/account'))
    await disable(user)
    const sessions = await rowsOf(server, 'session')
    const answer = await browser.submit(form, { username: user.username, password: user.password })
    assert.equal(answer.statusCode, 400)
    assert.equal(await rowsOf(server, 'session'), sessions)
  })

  test('A148 a removed role is in no token from the next refresh on, whatever was granted with it (RFC 9068 §2.2.3)', async () => {
    const user = await server.makeUser(['auditor', 'reader'])
    const { tokens } = await obtainTokens(server, client, user, { scope: 'openid offline_access' })
    assert.deepEqual(new Set(claimsIn(tokens.access_token).roles as string[]), new Set(['auditor', 'reader']))
    await server.deps.store.userRoles.set(user.id, ['reader'], 'operator', event('user.roles_changed', user.id))
    const next = (await refresh(server, client, tokens.refresh_token)).json()
    assert.deepEqual(claimsIn(next.access_token).roles, ['reader'])
  })

  test('A148 a role that asks for a second factor asks for it with the next request of a session (design.md §5.3)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    assert.equal((await browser.get('/account')).statusCode, 200)
    await server.makeUser(['administrator'])
    await server.deps.store.userRoles.set(user.id, ['administrator'], 'operator', event('user.roles_changed', user.id))
    for (const path of PAGES) {
      const page = await browser.follow(await browser.get(path))
      assert.match(page.body, /id="start-enrolment"/, path)
    }
  })

  test('A148 a deleted user is outside everywhere, and their name signs nobody in (ASVS 7.4.2)', async () => {
    const user = await server.makeUser()
    const other = await withPassword(server, user)
    const { tokens, browser } = await obtainTokens(server, client, user)
    const page = await browser.get('/account/delete')
    assert.equal((await browser.submit(page, { username: user.username, password: user.password })).statusCode, 200)
    await assertOutside(browser, user)
    await assertOutside(other.browser, user)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    const again = await withPassword(server, user)
    assert.equal(again.page.statusCode, 400)
  })
})
