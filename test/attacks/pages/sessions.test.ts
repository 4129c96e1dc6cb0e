import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import type { BrowserSession } from '../../support/browser-session.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
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
  signedInBrowser,
  signIn,
  type TestUser,
} from '../front-channel.ts'

const STRICT = '__Host-session'
const LAX = '__Host-session-lax'
const BROWSER = '__Host-browser'

suite('attacks on sessions and their cookies', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  let other: TestUser
  before(async () => {
    server = await startServer()
    client = await server.register({})
    user = await server.makeUser()
    other = await server.makeUser()
  })
  after(() => closeClean(server))

  const isAsked = async (browser: BrowserSession) =>
    assertRefused(await ask(browser, client, { prompt: 'none' }), { client, server, error: 'login_required' })
  const isLetIn = async (browser: BrowserSession) =>
    assert.ok(answerAt(await ask(browser, client, { prompt: 'none' }), client, server).code)

  /** A browser that has what another has, as if its cookies were stolen. */
  function thief(victim: BrowserSession, names: readonly string[] = [...victim.cookies.keys()]): BrowserSession {
    const stolen = server.browser('203.0.113.66')
    for (const name of names) stolen.cookies.set(name, victim.cookies.get(name) ?? { value: '', sameSite: 'Lax' })
    return stolen
  }

  test("A034 a link into somebody else's sign-in is refused in any other browser (design.md §5.2)", async () => {
    const attacker = server.browser()
    const page = await arrive(attacker, client)
    const id = /\?id=([0-9a-f-]{36})/.exec(page.body)?.[1] ?? ''
    const victims = [server.browser(), await signedInBrowser(server, client, user)]
    for (const victim of victims) {
      for (const path of ['/interaction', '/login', '/consent', '/signup']) {
        assertPage(await victim.get(`${path}?id=${id}`, { fromElsewhere: true }), 'other_browser', 403)
      }
      for (const path of ['/login', '/consent', '/consent/switch', '/signup']) {
        const fields = { username: user.username, password: user.password, decision: 'allow' }
        assertPage(await victim.post(`${path}?id=${id}`, fields), 'other_browser', 403)
      }
    }
    assert.ok(isSignInPage(await attacker.get(`/login?id=${id}`)))
    assert.ok(isSignInPage(await attacker.follow(await attacker.get(`/interaction?id=${id}`))))
  })

  test("A034 a signed-in user's open consent page is worth nothing to whoever has its link (design.md §5.2)", async () => {
    const victim = server.browser()
    const page = await signIn(victim, await arrive(victim, client, { prompt: 'consent' }), user)
    assert.ok(isConsentPage(page))
    const id = /\?id=([0-9a-f-]{36})/.exec(page.body)?.[1] ?? ''
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const attacker = await signedInBrowser(server, client, other)
    assertPage(await attacker.post(`/consent?id=${id}`, { csrf, decision: 'allow' }), 'other_browser', 403)
    const wrong = ['', 'x', id.toUpperCase(), `${id}' or true --`, '00000000-0000-7000-8000-000000000000']
    for (const guess of wrong)
      assert.ok([403, 410].includes((await attacker.get(`/consent?id=${encodeURIComponent(guess)}`)).statusCode))
  })

  test('A034 a browser cookie that was planted twice counts as none (design.md §5.5)', async () => {
    const attacker = server.browser()
    const page = await arrive(attacker, client)
    const id = /\?id=([0-9a-f-]{36})/.exec(page.body)?.[1]
    const own = attacker.cookies.get(BROWSER)?.value
    for (const planted of [
      `${BROWSER}=${own}; ${BROWSER}=br_${'A'.repeat(43)}`,
      `${BROWSER}=br_${'A'.repeat(43)}; ${BROWSER}=${own}`,
    ]) {
      const answer = await server.app.inject({
        url: `/login?id=${id}`,
        headers: { host: 'gate.example', cookie: planted },
      })
      assertPage(answer, 'other_browser', 403)
    }
  })

  test('A098 what a browser brings along before sign-in is never taken over (ASVS 7.2.4)', async () => {
    const browser = server.browser()
    const planted = { [STRICT]: `ss_${'A'.repeat(43)}`, [LAX]: `sl_${'A'.repeat(43)}` }
    for (const [name, value] of Object.entries(planted)) browser.cookies.set(name, { value, sameSite: 'Lax' })
    await signIn(browser, await arrive(browser, client), user)
    for (const [name, value] of Object.entries(planted)) assert.notEqual(browser.cookies.get(name)?.value, value)
    const attacker = server.browser()
    for (const [name, value] of Object.entries(planted)) attacker.cookies.set(name, { value, sameSite: 'Lax' })
    await isAsked(attacker)
  })

  test('A098 signing in again renews both secrets, and the old ones are dead (ASVS 7.2.4)', async () => {
    const browser = await signedInBrowser(server, client, user)
    const stolen = thief(browser)
    await isLetIn(stolen)
    await signIn(browser, await arrive(browser, client, { prompt: 'login' }), user)
    for (const name of [STRICT, LAX]) assert.notEqual(browser.cookies.get(name)?.value, stolen.cookies.get(name)?.value)
    await isAsked(stolen)
    await isLetIn(browser)
  })

  test('A098 signing in as somebody else is a new session, and the one before is dead (design.md §5.1)', async () => {
    const browser = await signedInBrowser(server, client, user)
    const stolen = thief(browser)
    await signIn(browser, await arrive(browser, client, { prompt: 'login' }), other)
    await isAsked(stolen)
  })

  test('A098 a failed sign-in gives no cookie and takes none (ASVS 7.2.4)', async () => {
    const browser = await signedInBrowser(server, client, user)
    const page = await arrive(browser, client, { prompt: 'login' })
    const answer = await browser.submit(page, { username: other.username, password: 'Wrong-Password-1!' })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.headers['set-cookie'], undefined)
    await isLetIn(browser)
  })

  test('A098 a sign-in that was begun before cannot be finished with a stolen page (design.md §5.2)', async () => {
    const browser = server.browser()
    const page = await arrive(browser, client)
    const attacker = thief(browser, [])
    const answer = await attacker.submit(page, { username: other.username, password: other.password })
    assertPage(answer, 'other_browser', 403)
  })

  test('A098 each of the two secrets opens only its own doors (design.md §5.1)', async () => {
    const victim = await signedInBrowser(server, client, user)
    const strict = victim.cookies.get(STRICT)?.value ?? ''
    const lax = victim.cookies.get(LAX)?.value ?? ''
    assert.match(strict, /^ss_/)
    assert.match(lax, /^sl_/)
    const swapped = server.browser()
    swapped.cookies.set(STRICT, { value: lax, sameSite: 'Strict' })
    swapped.cookies.set(LAX, { value: strict, sameSite: 'Lax' })
    await isAsked(swapped)
    const onlyStrict = thief(victim, [STRICT])
    await isAsked(onlyStrict) // the Strict one says nothing at /authorize
    for (const value of [`${lax}x`, lax.slice(0, -1), lax.toUpperCase(), `sl_${lax}`, '', 'null', "' or 1=1 --"]) {
      const guess = server.browser()
      guess.cookies.set(LAX, { value, sameSite: 'Lax' })
      await isAsked(guess)
    }
  })

  test('a decision needs the Strict cookie of the same session: the Lax twin alone allows nothing (design.md §5.3)', async () => {
    const fresh = await server.register({})
    const victim = await signedInBrowser(server, client, user)
    const page = await arrive(victim, fresh)
    assert.ok(isConsentPage(page))
    const withoutStrict = thief(victim, [LAX, BROWSER])
    const othersStrict = thief(victim, [LAX, BROWSER])
    const strange = await signedInBrowser(server, client, other)
    othersStrict.cookies.set(STRICT, strange.cookies.get(STRICT) ?? { value: '', sameSite: 'Strict' })
    const before = { consents: await rowsOf(server, 'consent'), audited: (await server.audited()).length }
    for (const attacker of [withoutStrict, othersStrict]) {
      for (const decision of ['allow', 'deny']) {
        const answer = await attacker.submit(page, { decision })
        assert.equal(answer.statusCode, 303)
        assert.match(String(answer.headers.location), /^\/interaction\?id=/)
      }
      assert.ok(isConsentPage(await arrive(attacker, fresh)))
    }
    assert.deepEqual({ consents: await rowsOf(server, 'consent'), audited: (await server.audited()).length }, before)
    assert.ok(answerAt(await allow(victim, page), fresh, server).code)
  })

  const ENDINGS: Readonly<Record<string, (browser: BrowserSession, userId: string) => Promise<unknown>>> = {
    'was signed out in another tab': async (browser) =>
      browser.submit(await browser.get('/logout'), { decision: 'allow' }),
    'was idle for too long': (_browser, userId) =>
      server.database.db
        .updateTable('session')
        .set({ last_seen_at: new Date(server.clock.now().getTime() - 3_601_000) })
        .where('user_id', '=', userId)
        .execute(),
    'belongs to a disabled user': (_browser, userId) =>
      server.database.db.updateTable('user').set({ disabled_at: new Date() }).where('id', '=', userId).execute(),
    'is from before a new password': (_browser, userId) =>
      server.database.db.updateTable('user').set({ epoch: 1 }).where('id', '=', userId).execute(),
  }
  for (const [how, end] of Object.entries(ENDINGS)) {
    test(`a session that ${how} while its consent page was open allows nothing (design.md §4.4)`, async () => {
      const victim = await server.makeUser()
      const fresh = await server.register({})
      const browser = await signedInBrowser(server, client, victim)
      const page = await arrive(browser, fresh)
      assert.ok(isConsentPage(page))
      await end(browser, victim.id)
      const consents = await rowsOf(server, 'consent')
      const answer = await browser.submit(page, { decision: 'allow' })
      assert.match(String(answer.headers.location), /^\/interaction\?id=/)
      assert.ok(isSignInPage(await browser.follow(answer)))
      assert.equal(await rowsOf(server, 'consent'), consents)
    })
  }

  test('one user’s Allow is never the next one’s, in the same tab (OIDC Core §3.1.2.4)', async () => {
    const fresh = await server.register({})
    const browser = server.browser()
    const signInForm = await arrive(browser, fresh)
    const consent = await signIn(browser, signInForm, user)
    assert.ok(answerAt(await allow(browser, consent), fresh, server).code)
    const next = await signIn(browser, signInForm, other) // the back button, and somebody else's password
    assert.ok(isConsentPage(next))
    assert.ok(next.body.includes(other.username))
    const denied = await browser.submit(next, { decision: 'deny' })
    assert.equal(answerAt(denied, fresh, server).error, 'access_denied')
  })

  test('an Allow and a sign-in as somebody else at once never make the one count for the other (OIDC Core §3.1.2.4)', async () => {
    for (let round = 0; round < 5; round += 1) {
      const fresh = await server.register({})
      const browser = server.browser()
      const form = await arrive(browser, fresh)
      const consent = await signIn(browser, form, user)
      await Promise.all([
        browser.submit(consent, { decision: 'allow' }),
        browser.submit(form, { username: other.username, password: other.password }),
      ])
      const { db } = server.database
      const given = await db.selectFrom('consent').select('user_id').where('client_id', '=', fresh.clientId).execute()
      assert.equal(
        given.some(({ user_id }) => user_id === other.id),
        false,
      )
      const id = /\?id=([0-9a-f-]{36})/.exec(consent.body)?.[1] ?? ''
      const end = await browser.follow(await browser.get(`/interaction?id=${id}`))
      assert.ok(isConsentPage(end), end.body)
    }
  })

  test('A118 a session idle for 3600 s is dead at the server, whatever its cookies say (ASVS 7.3.1)', async () => {
    const own = await startServer()
    const spa = await own.register({})
    const browser = await signedInBrowser(own, spa, await own.makeUser())
    own.clock.advance(3590)
    assert.ok(answerAt(await ask(browser, spa, { prompt: 'none' }), spa, own).code)
    own.clock.advance(3590)
    assert.ok(answerAt(await ask(browser, spa, { prompt: 'none' }), spa, own).code)
    own.clock.advance(3661) // what was seen is written at most once a minute
    assertRefused(await ask(browser, spa, { prompt: 'none' }), { client: spa, server: own, error: 'login_required' })
    assert.ok(isSignInPage(await arrive(browser, spa)))
    await closeClean(own)
  })

  test('A118 a session that is kept busy is dead after 12 hours (ASVS 7.3.2)', async () => {
    const own = await startServer()
    const spa = await own.register({})
    const browser = await signedInBrowser(own, spa, await own.makeUser())
    for (let hours = 0; hours < 11.75; hours += 0.75) {
      assert.ok(answerAt(await ask(browser, spa, { prompt: 'none' }), spa, own).code, `after ${hours} h`)
      own.clock.advance(2700)
    }
    assertRefused(await ask(browser, spa, { prompt: 'none' }), { client: spa, server: own, error: 'login_required' })
    await closeClean(own)
  })

  test('A118 the settings of both limits are obeyed (ASVS 7.3.1, 7.3.2)', async () => {
    const own = await startServer({ SESSION_IDLE_SECONDS: '60', SESSION_MAX_SECONDS: '120' })
    const spa = await own.register({})
    const someone = await own.makeUser()
    const idle = await signedInBrowser(own, spa, someone)
    own.clock.advance(61)
    assertRefused(await ask(idle, spa, { prompt: 'none' }), { client: spa, server: own, error: 'login_required' })
    const isLetIn = async () => assert.ok(answerAt(await ask(idle, spa, { prompt: 'none' }), spa, own).code)
    await signIn(idle, await arrive(idle, spa), someone)
    for (let seconds = 0; seconds < 118; seconds += 59) {
      await isLetIn()
      own.clock.advance(59)
    }
    own.clock.advance(3)
    assertRefused(await ask(idle, spa, { prompt: 'none' }), { client: spa, server: own, error: 'login_required' })
    await closeClean(own)
  })

  test('at most ten requests wait in one browser, and the oldest gives way (design.md §5.2)', async () => {
    const browser = server.browser()
    const first = await arrive(browser, client)
    const second = await arrive(browser, client)
    for (let tab = 3; tab <= 11; tab += 1) await arrive(browser, client)
    assert.deepEqual([...browser.cookies.keys()], [BROWSER])
    const digest = digestOf(browser.cookies.get(BROWSER)?.value ?? '')
    const open = async () =>
      (await server.database.db.selectFrom('interaction').select('id').where('browser_digest', '=', digest).execute())
        .length
    assert.equal(await open(), 10)
    const dropped = await browser.submit(first, { username: user.username, password: user.password })
    assert.match(String(dropped.headers.location), /^\/authorize\?/) // it starts itself again
    assert.ok((await signIn(browser, second, user)).headers.location?.startsWith(client.redirectUri))
    await Promise.all(Array.from({ length: 30 }, () => ask(browser, client, { prompt: 'login' })))
    await ask(browser, client, { prompt: 'login' })
    assert.equal(await open(), 10)
  })
})
