import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import type { BrowserSession } from '../../support/browser-session.ts'
import {
  authorizeUrl,
  codeForm,
  pkce,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../../support/server.ts'
import {
  allow,
  answerAt,
  arrive,
  ask,
  assertPage,
  assertRefused,
  closeClean,
  isConsentPage,
  isSignInPage,
  rowsOf,
  signIn,
  type TestUser,
} from '../front-channel.ts'

suite('attacks on signing out', () => {
  let server: TestServer
  let client: TestClient
  let otherClient: TestClient
  let user: TestUser
  const RETURN = 'https://app.example/signed-out?from=postern'
  before(async () => {
    server = await startServer()
    client = await server.register({ post_logout_redirect_uris: [RETURN] })
    otherClient = await server.register({ post_logout_redirect_uris: ['https://other.example/bye'] })
    user = await server.makeUser()
  })
  after(() => closeClean(server))

  /** A browser that signed in to a client, with the tokens that came of it. */
  async function signedIn(to = client, who = user) {
    const browser = server.browser()
    const { verifier, challenge } = pkce()
    let page = await browser.follow(await browser.get(authorizeUrl(to, challenge), { fromElsewhere: true }))
    if (isSignInPage(page)) page = await signIn(browser, page, who)
    if (isConsentPage(page)) page = await allow(browser, page)
    const { code = '' } = answerAt(page, to, server)
    const tokens = (await server.post('/token', codeForm(to, code, verifier))).json()
    return { browser, tokens }
  }
  const logout = (browser: BrowserSession, parameters: Record<string, string>) =>
    browser.get(`/logout?${new URLSearchParams(parameters)}`, { fromElsewhere: true })
  const isStillIn = async (browser: BrowserSession) =>
    assert.ok(answerAt(await ask(browser, client, { prompt: 'none' }), client, server).code)
  const isOut = async (browser: BrowserSession) =>
    assertRefused(await ask(browser, client, { prompt: 'none' }), { client, server, error: 'login_required' })
  const asks = (page: LightMyRequestResponse) => {
    assert.equal(page.statusCode, 200)
    assert.ok(page.body.includes('id="log-out-form"'), page.body)
    assert.equal(page.headers['clear-site-data'], undefined)
    assert.equal(String(page.headers['set-cookie'] ?? '').includes('session'), false)
  }

  test('A116 a link from elsewhere asks, and does nothing (OIDC RP-Initiated Logout §2)', async () => {
    const { browser } = await signedIn()
    const requests: Record<string, string>[] = [
      {},
      { state: 'x' },
      { client_id: client.clientId },
      { post_logout_redirect_uri: RETURN },
      { client_id: client.clientId, post_logout_redirect_uri: RETURN },
      { logout_hint: user.username },
      { decision: 'allow' },
    ]
    for (const parameters of requests) {
      asks(await logout(browser, parameters))
      asks(await browser.follow(await browser.postFromElsewhere('/logout', parameters.decision ? {} : parameters)))
    }
    await isStillIn(browser)
  })

  test('A116 a hint that is not an ID token of ours, for this very session, asks (OIDC RP-Initiated Logout §2)', async () => {
    const { browser, tokens } = await signedIn()
    const elsewhere = await signedIn()
    const somebody = await signedIn(client, await server.makeUser())
    const [header = '', payload = '', signature = ''] = tokens.id_token.split('.')
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    const hints = [
      'x',
      tokens.access_token,
      tokens.refresh_token,
      `${none}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
      elsewhere.tokens.id_token,
      somebody.tokens.id_token,
    ]
    for (const id_token_hint of hints) {
      asks(await logout(browser, { id_token_hint, post_logout_redirect_uri: RETURN, state: 's' }))
    }
    await isStillIn(browser)
    await isStillIn(elsewhere.browser)
  })

  test('A116 a hint with anything repeated, or with the client_id of another, asks (OIDC RP-Initiated Logout §2)', async () => {
    const { browser, tokens } = await signedIn()
    const query = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: RETURN })
    asks(await browser.get(`/logout?${query}&post_logout_redirect_uri=https://evil.test/`, { fromElsewhere: true }))
    asks(await browser.get(`/logout?${query}&id_token_hint=${tokens.id_token}`, { fromElsewhere: true }))
    asks(await browser.get(`/logout?${query}&client_id=${otherClient.clientId}`, { fromElsewhere: true }))
    await isStillIn(browser)
  })

  for (const uri of [
    'https://evil.test/',
    'https://app.example/signed-out',
    'https://app.example/signed-out?from=postern&x=1',
    'https://app.example/signed-out?from=postern#x',
    'https://app.example/signed-out/../evil?from=postern',
    'https://APP.example/signed-out?from=postern',
    'https://app.example@evil.test/signed-out?from=postern',
    'https://app.example/callback',
    'https://other.example/bye',
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.test/',
    `${'https://app.example/signed-out?from=postern'}\r\nx: y`,
  ]) {
    test(`A116 signing out never leads to ${JSON.stringify(uri)}, and asks (OIDC RP-Initiated Logout §3)`, async () => {
      const { browser, tokens } = await signedIn()
      const answer = await logout(browser, {
        id_token_hint: tokens.id_token,
        post_logout_redirect_uri: uri,
        state: 's',
      })
      assert.equal(answer.headers.location, undefined)
      asks(answer)
      assert.equal(answer.body.includes('evil.test'), false)
      await isStillIn(browser)
      const stranger = await logout(server.browser(), { id_token_hint: tokens.id_token, post_logout_redirect_uri: uri })
      assert.equal(stranger.headers.location, undefined)
    })
  }

  test('A116 a registered address without a hint is not gone to, signed in or not (OIDC RP-Initiated Logout §3)', async () => {
    const answer = await logout(server.browser(), { client_id: client.clientId, post_logout_redirect_uri: RETURN })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers.location, undefined)
  })

  test('A116 with its own hint it ends at once: cookies, session, families, and site data (OIDC RP-Initiated Logout §2)', async () => {
    const { browser, tokens } = await signedIn()
    const stolen = server.browser('203.0.113.9')
    for (const [name, cookie] of browser.cookies) stolen.cookies.set(name, cookie)
    const answer = await logout(browser, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: RETURN,
      state: 'a&b=c d',
    })
    assert.equal(answer.statusCode, 303)
    const returned = new URL(String(answer.headers.location))
    assert.equal(`${returned.origin}${returned.pathname}`, 'https://app.example/signed-out')
    assert.deepEqual(Object.fromEntries(returned.searchParams), { from: 'postern', state: 'a&b=c d' })
    assert.equal(answer.headers['clear-site-data'], '"cache", "storage"')
    assert.deepEqual(
      [...browser.cookies.keys()].filter((name) => name.includes('session')),
      [],
    )
    await isOut(stolen)
    await isOut(browser)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal((await refresh(server, client, tokens.refresh_token)).json().error, 'invalid_grant')
    assert.ok((await server.audited()).includes('user.signed_out'))
  })

  test('A116 a hint that has expired is as good (OIDC RP-Initiated Logout §2)', async () => {
    const { browser, tokens } = await signedIn()
    server.clock.advance(1000)
    const answer = await logout(browser, { id_token_hint: tokens.id_token })
    assert.equal(answer.headers['clear-site-data'], '"cache", "storage"')
    await isOut(browser)
  })

  test('A116 the page signs out whoever presses its button, and only their session (design.md §5.8)', async () => {
    const { browser, tokens } = await signedIn()
    const elsewhere = await signedIn()
    const page = await logout(browser, {})
    const answer = await browser.submit(page, { decision: 'allow' })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['clear-site-data'], '"cache", "storage"')
    await isOut(browser)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    await isStillIn(elsewhere.browser)
    const again = await browser.submit(page, { decision: 'allow' })
    assert.equal(again.statusCode, 200)
    await isStillIn(elsewhere.browser)
  })

  test('A116 the button needs the Strict cookie: the Lax twin ends nothing (design.md §5.3)', async () => {
    const { browser } = await signedIn()
    const page = await logout(browser, {})
    const stolen = server.browser()
    for (const name of ['__Host-session-lax', '__Host-browser']) {
      const cookie = browser.cookies.get(name)
      if (cookie) stolen.cookies.set(name, cookie)
    }
    await stolen.submit(page, { decision: 'allow' })
    await isStillIn(browser)
  })

  test('A116 codes and pages of the session are dead too (design.md §4.4)', async () => {
    const { browser, tokens } = await signedIn()
    const { verifier, challenge } = pkce()
    const answer = await browser.get(authorizeUrl(client, challenge, { prompt: 'none' }))
    const { code = '' } = answerAt(answer, client, server)
    const consent = await arrive(browser, client, { prompt: 'consent' })
    assert.ok(isConsentPage(consent))
    await logout(browser, { id_token_hint: tokens.id_token })
    assert.equal((await server.post('/token', codeForm(client, code, verifier))).json().error, 'invalid_grant')
    const codes = await rowsOf(server, 'authorization_code')
    assert.ok(isSignInPage(await browser.follow(await browser.submit(consent, { decision: 'allow' }))))
    assert.equal(await rowsOf(server, 'authorization_code'), codes)
  })

  test('A116 a parked sign-out is good once, and not as an authorization request (design.md §5.4)', async () => {
    const { browser } = await signedIn()
    const parked = String((await browser.postFromElsewhere('/logout', {})).headers.location)
    asks(await browser.get(parked, { fromElsewhere: true }))
    assertPage(await browser.get(parked, { fromElsewhere: true }), 'expired')
    const other = String((await browser.postFromElsewhere('/authorize', {})).headers.location)
    assertPage(await browser.get(other.replace('authorize', 'logout')), 'expired')
    await isStillIn(browser)
  })
})
