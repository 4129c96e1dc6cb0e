import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { generateSync } from 'otplib'
import { numericDate } from '../../src/base/numeric-date.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { startServer, type TestServer } from '../support/server.ts'

suite('the JSON of authenticators', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  async function signedIn(): Promise<BrowserSession> {
    const user = await server.makeUser()
    const browser = server.browser()
    const signIn = await browser.follow(await browser.get('/account'))
    await browser.follow(await browser.submit(signIn, { username: user.username, password: user.password }))
    return browser
  }
  const tokenOf = async (browser: BrowserSession): Promise<string> =>
    (await browser.get('/account/totp')).json().csrf_token
  const call = async (browser: BrowserSession, path: string, form: Record<string, string>, token?: string) =>
    await browser.post(path, form, { 'x-csrf-token': token ?? (await tokenOf(browser)) })
  const codeFor = (secret: string): string => generateSync({ secret, epoch: numericDate(server.clock.now()) })

  test('a console enrols, lists and removes an authenticator as the pages do (RFC 6238)', async () => {
    const browser = await signedIn()
    const begun = (await call(browser, '/account/totp', { name: 'Console' })).json()
    assert.match(begun.secret, /^[A-Z2-7]{32}$/)
    const wrong = await call(browser, `/account/totp/${begun.id}/confirm`, { code: '000000' })
    assert.deepEqual([wrong.statusCode, wrong.json().error], [400, 'invalid_grant'])
    const confirmed = await call(browser, `/account/totp/${begun.id}/confirm`, { code: codeFor(begun.secret) })
    assert.equal(confirmed.statusCode, 200)
    const listed = (await browser.get('/account/totp')).json()
    assert.equal(listed.totp[0].name, 'Console')
    assert.equal(listed.recovery_codes_left, 10)
    assert.doesNotMatch(JSON.stringify(listed), new RegExp(begun.secret))
  })

  test('without the session, the token of its page, or our origin, nothing happens (design: browser)', async () => {
    assert.equal((await server.browser().get('/account/totp')).statusCode, 401)
    const browser = await signedIn()
    assert.equal((await call(browser, '/account/totp', { name: 'x' }, 'wrong')).statusCode, 403)
    const token = await tokenOf(browser)
    const foreign = await browser.post(
      '/account/totp',
      {},
      { 'x-csrf-token': token, origin: 'https://elsewhere.example' },
    )
    assert.equal(foreign.statusCode, 403)
  })

  test('a sign-in that is too old is told what it lacks (RFC 9470 §3)', async () => {
    const browser = await signedIn()
    server.clock.advance(301)
    const stale = await call(browser, '/account/totp', { name: 'x' })
    assert.equal(stale.statusCode, 401)
    assert.equal(stale.json().error, 'insufficient_user_authentication')
    assert.match(String(stale.headers['www-authenticate']), /max_age="300"/)
  })
})
