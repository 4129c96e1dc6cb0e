import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { refusal } from '../support/back-channel.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import {
  authorizeUrl,
  claimsIn,
  obtainTokens,
  pkce,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

suite('how long grants live', () => {
  let server: TestServer
  let spa: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    spa = await server.register({})
    user = await server.makeUser()
  })
  after(() => server.close())

  const next = async (token: string, client: TestClient) => {
    const answer = await refresh(server, client, token)
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json<Tokens>()
  }
  const lifeOf = (token: string) => Number(claimsIn(token).exp) - Number(claimsIn(token).iat)
  const signOut = async (browser: BrowserSession, idToken: string) =>
    await browser.follow(
      await browser.get(`/logout?${new URLSearchParams({ id_token_hint: idToken })}`, { fromElsewhere: true }),
    )

  test('tokens live 900 seconds, grants seven days, unless the client’s policy says otherwise (design.md §3, §4.7)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    assert.deepEqual([tokens.access_token, tokens.id_token, tokens.refresh_token].map(lifeOf), [900, 900, 604_800])
    assert.equal(tokens.expires_in, 900)
    const short = await server.register({ access_token_lifetime_seconds: 60, refresh_token_lifetime_seconds: 3600 })
    const own = (await obtainTokens(server, short, user)).tokens
    assert.deepEqual([own.expires_in, lifeOf(own.access_token), lifeOf(own.refresh_token)], [60, 60, 3600])
    server.clock.advance(60)
    assert.equal(await userinfoStatus(server, own.access_token), 401)
  })

  test('an idle lifetime ends what nobody uses, and each rotation begins it anew (design.md §4.7)', async () => {
    const client = await server.register({ refresh_token_idle_seconds: 3600, refresh_token_lifetime_seconds: 9000 })
    let { tokens } = await obtainTokens(server, client, user)
    const end = Number(claimsIn(tokens.refresh_token).iat) + 9000
    assert.equal(lifeOf(tokens.refresh_token), 3600)
    for (const expected of [3600, 3600]) {
      server.clock.advance(3500)
      tokens = await next(tokens.refresh_token, client)
      assert.ok(Number(claimsIn(tokens.refresh_token).exp) <= end)
      if (Number(claimsIn(tokens.refresh_token).exp) < end) assert.equal(lifeOf(tokens.refresh_token), expected)
    }
    assert.equal(Number(claimsIn(tokens.refresh_token).exp), end) // the absolute end is never passed
    const idle = (await obtainTokens(server, client, user)).tokens
    server.clock.advance(3600)
    assert.equal(refusal(await refresh(server, client, idle.refresh_token)), '400 invalid_grant')
    const row = await server.database.db
      .selectFrom('refresh_family')
      .select('revoked_at')
      .where('id', '=', String(claimsIn(idle.refresh_token).fid))
      .executeTakeFirstOrThrow()
    assert.equal(row.revoked_at, null) // it ended, nobody revoked it
  })

  test('a retry does not lengthen the idle lifetime that rotation fixed (design.md §4.7)', async () => {
    const client = await server.register({ refresh_token_idle_seconds: 3600 })
    const { tokens } = await obtainTokens(server, client, user)
    const second = await next(tokens.refresh_token, client)
    server.clock.advance(20)
    assert.equal((await next(tokens.refresh_token, client)).refresh_token, second.refresh_token)
  })

  test('a session’s idle expiry ends no grant (design.md §4.7)', async () => {
    const { tokens, browser } = await obtainTokens(server, spa, user)
    server.clock.advance(3601)
    const page = await browser.follow(await browser.get(authorizeUrl(spa, pkce().challenge), { fromElsewhere: true }))
    assert.match(page.body, /id="sign-in-form"/)
    await next(tokens.refresh_token, spa)
  })

  test('a session’s absolute end ends no grant (design.md §4.7)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    server.clock.advance(43_201)
    while ((await server.deps.store.sweep.sweep()) > 0);
    await next(tokens.refresh_token, spa)
  })

  test('signing out ends the grants of the session, save those that were to outlive it (design.md §4.7)', async () => {
    const browser = server.browser()
    const { tokens } = await obtainTokens(server, spa, user, {}, browser)
    const offline = (await obtainTokens(server, spa, user, { scope: 'openid offline_access' }, browser)).tokens
    const elsewhere = (await obtainTokens(server, spa, user)).tokens
    assert.equal(claimsIn(offline.id_token).sid, claimsIn(tokens.id_token).sid)
    assert.match((await signOut(browser, tokens.id_token)).headers['clear-site-data'] as string, /"storage"/)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, offline.access_token), 200)
    await next(offline.refresh_token, spa)
    await next(elsewhere.refresh_token, spa) // another browser's session
  })

  test('signing out also ends the grants of a session that had fallen idle (design.md §4.7)', async () => {
    const { tokens, browser } = await obtainTokens(server, spa, user)
    server.clock.advance(3601)
    await signOut(browser, tokens.id_token)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
  })

  test('a client with refresh_token among its grants always gets one, asked for or not (protocol.md, scopes and claims)', async () => {
    for (const scope of ['openid', 'profile', undefined]) {
      assert.ok((await obtainTokens(server, spa, user, { scope })).tokens.refresh_token)
    }
  })

  test('without openid there is no ID token, and userinfo is closed (OIDC Core §3.1.2.1)', async () => {
    const { tokens } = await obtainTokens(server, spa, user, { scope: 'profile' })
    assert.equal(tokens.id_token, undefined)
    assert.equal(await userinfoStatus(server, tokens.access_token), 403)
    assert.equal((await next(tokens.refresh_token, spa)).id_token, undefined)
  })
})
