import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { BrowserSession } from '../../support/browser-session.ts'
import {
  authorizeUrl,
  claimsIn,
  codeForm,
  obtainTokens,
  pkce,
  startServer,
  type TestClient,
  type TestServer,
} from '../../support/server.ts'
import {
  allow,
  answerAt,
  arrive,
  ask,
  assertRefused,
  closeClean,
  isConsentPage,
  isSignInPage,
  rowsOf,
  signedInBrowser,
  signIn,
  type TestUser,
} from '../front-channel.ts'

suite('attacks on prompt, max_age and hints', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  let other: TestUser
  let browser: BrowserSession
  before(async () => {
    server = await startServer()
    client = await server.register({})
    user = await server.makeUser()
    other = await server.makeUser()
    browser = await signedInBrowser(server, client, user)
  })
  after(() => closeClean(server))

  type More = Readonly<Record<string, string | undefined>>
  const isRefused = async (from: BrowserSession, error: string, more: More, of = client) =>
    assertRefused(await ask(from, of, more), { client: of, server, error })

  /** What the tokens of this browser's next request say, with the given parameters. */
  async function idToken(from: BrowserSession, more: More) {
    const { verifier, challenge } = pkce()
    let page = await from.follow(await from.get(authorizeUrl(client, challenge, more), { fromElsewhere: true }))
    if (isSignInPage(page)) page = await signIn(from, page, user)
    if (isConsentPage(page)) page = await allow(from, page)
    const { code = '' } = answerAt(page, client, server)
    const tokens = await server.post('/token', codeForm(client, code, verifier))
    return claimsIn(tokens.json().id_token)
  }

  test('A026 prompt=none without a session is refused, and leaves no row and no cookie (OIDC Core §3.1.2.6)', async () => {
    const stranger = server.browser()
    const rows = await rowsOf(server, 'interaction')
    await isRefused(stranger, 'login_required', { prompt: 'none' })
    assert.equal(stranger.cookies.size, 0)
    assert.equal(await rowsOf(server, 'interaction'), rows)
  })

  test('A026 prompt=none where consent is due is refused, and grants nothing silently (OIDC Core §3.1.2.6)', async () => {
    const wider = await server.register({ scope: 'openid profile email offline_access address' })
    const codes = await rowsOf(server, 'authorization_code')
    await isRefused(browser, 'consent_required', { prompt: 'none' }, wider)
    assert.ok(isConsentPage(await arrive(browser, wider)))
    assert.ok(answerAt(await allow(browser, await arrive(browser, wider)), wider, server).code)
    assert.ok(answerAt(await ask(browser, wider, { prompt: 'none' }), wider, server).code)
    await isRefused(browser, 'consent_required', { prompt: 'none', scope: 'openid profile email address' }, wider)
    await isRefused(browser, 'consent_required', { prompt: 'none', scope: 'openid offline_access' }, wider)
    assert.equal(await rowsOf(server, 'authorization_code'), codes + 2)
  })

  test('A026 the session of a disabled user, or one whose password changed, is none (OIDC Core §3.1.2.6)', async () => {
    for (const change of [{ disabled_at: new Date() }, { epoch: 1 }]) {
      const victim = await server.makeUser()
      const theirs = await signedInBrowser(server, client, victim)
      await server.database.db.updateTable('user').set(change).where('id', '=', victim.id).execute()
      await isRefused(theirs, 'login_required', { prompt: 'none' })
      assert.ok(isSignInPage(await arrive(theirs, client)))
    }
  })

  for (const prompt of [
    'none login',
    'login none',
    'none consent',
    'none none login',
    'nonsense',
    'login nonsense',
    'LOGIN',
    'login,consent',
    'login\tconsent',
  ]) {
    test(`A028 prompt ${JSON.stringify(prompt)} is refused (OIDC Core §3.1.2.1)`, () =>
      isRefused(browser, 'invalid_request', { prompt }))
  }

  for (const max_age of ['-1', 'NaN', '1e400', '1e2', '0x10', '1.5', ' 1', '+1', '٣', 'Infinity', '9'.repeat(10)]) {
    test(`A028 max_age ${JSON.stringify(max_age)} is refused (OIDC Core §3.1.2.1)`, () =>
      isRefused(browser, 'invalid_request', { max_age, prompt: 'none' }))
  }

  test('A028 max_age=0 asks for the password again, and auth_time tells the truth (OIDC Core §3.1.2.1, §2)', async () => {
    const own = await signedInBrowser(server, client, user)
    const before = await idToken(own, { prompt: 'none' })
    server.clock.advance(30)
    await isRefused(own, 'login_required', { prompt: 'none', max_age: '0' })
    assert.ok(isSignInPage(await arrive(own, client, { max_age: '0' })))
    const after = await idToken(own, { max_age: '0' })
    assert.ok(Number(after.auth_time) >= Number(before.auth_time) + 30)
    assert.equal(after.sid, before.sid)
  })

  test('A028 max_age lets a younger sign-in through as it is, and asks an older one (OIDC Core §3.1.2.1)', async () => {
    const own = await signedInBrowser(server, client, user)
    const before = await idToken(own, { prompt: 'none' })
    server.clock.advance(100)
    const same = await idToken(own, { prompt: 'none', max_age: '1000' })
    assert.equal(same.auth_time, before.auth_time)
    await isRefused(own, 'login_required', { prompt: 'none', max_age: '99' })
    assert.ok(isSignInPage(await arrive(own, client, { max_age: '99' })))
  })

  test('A028 prompt=login, select_account and create ask again although somebody is signed in (OIDC Core §3.1.2.1)', async () => {
    for (const prompt of ['login', 'select_account', 'login consent', 'select_account login']) {
      assert.ok(isSignInPage(await arrive(browser, client, { prompt })))
    }
    const page = await arrive(browser, client, { prompt: 'create' })
    assert.match(page.body, /autocomplete="new-password"/)
  })

  test('A028 a page that prompt=login asked for cannot be walked around (OIDC Core §3.1.2.1)', async () => {
    const own = await signedInBrowser(server, client, user)
    const page = await arrive(own, client, { prompt: 'login' })
    const id = /\?id=([0-9a-f-]{36})/.exec(page.body)?.[1]
    const codes = await rowsOf(server, 'authorization_code')
    for (const path of ['interaction', 'consent', 'login']) {
      assert.ok(isSignInPage(await own.follow(await own.get(`/${path}?id=${id}`))), path)
    }
    assert.ok(
      isSignInPage(await own.follow(await own.submit(page, { username: user.username, password: 'wrong' }))) === false,
    )
    assert.ok(isSignInPage(await own.follow(await own.get(`/interaction?id=${id}`))))
    const decided = await own.post(`/consent?id=${id}`, {
      csrf: /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '',
      decision: 'allow',
    })
    assert.equal(decided.headers.location, `/interaction?id=${id}`)
    assert.ok(isSignInPage(await own.follow(decided)))
    assert.equal(await rowsOf(server, 'authorization_code'), codes)
  })

  test('prompt=consent asks although it was allowed before (OIDC Core §3.1.2.1)', async () => {
    const page = await arrive(browser, client, { prompt: 'consent' })
    assert.ok(isConsentPage(page))
    assert.ok(answerAt(await allow(browser, page), client, server).code)
    assert.ok(isConsentPage(await arrive(browser, client, { prompt: 'consent' })))
  })

  test('prompt=create leads to sign-in where nobody may sign up (Initiating User Registration §4)', async () => {
    const closed = await startServer({ SIGN_UP: 'closed' })
    const page = await arrive(closed.browser(), await closed.register({}), { prompt: 'create' })
    assert.ok(isSignInPage(page))
    assert.equal(page.body.includes('signup'), false)
    await closeClean(closed)
  })

  test('id_token_hint of somebody else is never answered with whoever is signed in (OIDC Core §3.1.2.1)', async () => {
    const theirs = await obtainTokens(server, client, other)
    await isRefused(browser, 'login_required', { prompt: 'none', id_token_hint: theirs.tokens.id_token })
    const page = await arrive(browser, client, { id_token_hint: theirs.tokens.id_token })
    assert.ok(isSignInPage(page))
    const own = await obtainTokens(server, client, user)
    assert.ok(
      answerAt(await ask(browser, client, { prompt: 'none', id_token_hint: own.tokens.id_token }), client, server).code,
    )
  })

  test('id_token_hint must be an ID token of ours, however old: no other token, no alg none (RFC 8725 §3.11)', async () => {
    const { tokens } = await obtainTokens(server, client, user)
    const [header = '', payload = '', signature = ''] = tokens.id_token.split('.')
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    for (const hint of [
      'x',
      'a.b.c',
      tokens.access_token,
      tokens.refresh_token,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
      'a'.repeat(20_000),
    ]) {
      await isRefused(browser, 'invalid_request', { prompt: 'none', id_token_hint: hint })
    }
    const own = await signedInBrowser(server, client, user)
    server.clock.advance(1000) // past its exp
    assert.ok(answerAt(await ask(own, client, { prompt: 'none', id_token_hint: tokens.id_token }), client, server).code)
    browser = own
  })

  test('a claims request for the sub of somebody else asks for them (OIDC Core §5.5.1)', async () => {
    const claims = JSON.stringify({ id_token: { sub: { value: other.id } } })
    await isRefused(browser, 'login_required', { prompt: 'none', claims })
    assert.ok(isSignInPage(await arrive(browser, client, { claims })))
  })

  test('login_hint is shown in the field and decides nothing; ui_locales picks a language (OIDC Core §3.1.2.1)', async () => {
    const page = await arrive(server.browser(), client, { login_hint: user.email, ui_locales: 'xx de' })
    assert.ok(page.body.includes(`value="${user.email}"`))
    assert.match(page.body, /<html lang="de" dir="ltr">/)
    const code = answerAt(await ask(browser, client, { prompt: 'none', login_hint: other.email }), client, server)
    assert.ok(code.code)
    for (const ui_locales of ['../../etc/passwd', '__proto__', 'constructor', 'x'.repeat(2000)]) {
      const odd = await arrive(server.browser(), client, { ui_locales })
      assert.match(odd.body, /<html lang="en" dir="ltr">/)
    }
    for (const name of ['login_hint', 'ui_locales', 'nonce', 'acr_values']) {
      await isRefused(browser, 'invalid_request', { [name]: 'x'.repeat(2049) })
    }
  })
})
