import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { type BrowserSession, formsOf } from '../../support/browser-session.ts'
import { authorizeUrl, codeForm, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import {
  allow,
  answerAt,
  arrive,
  ask,
  assertPage,
  closeClean,
  isConsentPage,
  isSignInPage,
  rowsOf,
  signIn,
  type TestUser,
} from '../front-channel.ts'

suite('steps out of order, twice, or too late', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  before(async () => {
    server = await startServer()
    user = await server.makeUser()
  })
  after(() => closeClean(server))
  const freshClient = async () => {
    client = await server.register({})
  }

  const idOf = (page: LightMyRequestResponse): string => /\?id=([0-9a-f-]{36})/.exec(page.body)?.[1] ?? ''
  const csrfOf = (page: LightMyRequestResponse): string => formsOf(page.body)[0]?.fields.csrf ?? ''
  const codes = () => rowsOf(server, 'authorization_code')

  test('A036 whatever goes on to another address does so by 303 (RFC 9700 §4.12)', async () => {
    await freshClient()
    const browser = server.browser()
    const seen: number[] = []
    const walk = async (response: LightMyRequestResponse): Promise<LightMyRequestResponse> => {
      const { location } = response.headers
      if (location === undefined) return response
      seen.push(response.statusCode)
      return String(location).startsWith('/') ? await walk(await browser.get(String(location))) : response
    }
    let page = await walk(
      await browser.postFromElsewhere(
        '/authorize',
        Object.fromEntries(new URL(authorizeUrl(client, pkce().challenge), 'https://x').searchParams),
      ),
    )
    page = await walk(await browser.submit(page, { username: user.username, password: user.password }))
    page = await walk(await browser.submit(page, { decision: 'allow' }))
    assert.ok(answerAt(page, client, server).code)
    page = await walk(await browser.submit(await arrive(browser, client, { prompt: 'consent' }), { decision: 'deny' }))
    assert.equal(answerAt(page, client, server).error, 'access_denied')
    await walk(await ask(browser, client, { scope: 'nonsense' }))
    await walk(await browser.postFromElsewhere('/logout', {}))
    assert.ok(seen.length >= 9, String(seen))
    assert.deepEqual(new Set(seen), new Set([303]))
  })

  test('A115 a later step that is called first leads back to the first (design.md §2.7)', async () => {
    await freshClient()
    const browser = server.browser()
    const page = await arrive(browser, client)
    const before = {
      codes: await codes(),
      consents: await rowsOf(server, 'consent'),
      sessions: await rowsOf(server, 'session'),
    }
    const id = idOf(page)
    for (const path of ['/interaction', '/consent']) {
      assert.ok(isSignInPage(await browser.follow(await browser.get(`${path}?id=${id}`))))
    }
    for (const decision of ['allow', 'deny', '', 'ALLOW', 'x']) {
      const answer = await browser.post(`/consent?id=${id}`, { csrf: csrfOf(page), decision })
      assert.equal(answer.headers.location, `/interaction?id=${id}`)
      assert.ok(isSignInPage(await browser.follow(answer)))
    }
    const switched = await browser.post(`/consent/switch?id=${id}`, { csrf: csrfOf(page) })
    assert.ok(isSignInPage(await browser.follow(switched)))
    assert.ok(isSignInPage(await browser.get(`/login?id=${id}&switch=1`)))
    const after = {
      codes: await codes(),
      consents: await rowsOf(server, 'consent'),
      sessions: await rowsOf(server, 'session'),
    }
    assert.deepEqual(after, before)
  })

  test('A115 an empty post, and one with half of its fields, does nothing (design.md §2.7)', async () => {
    await freshClient()
    const browser = server.browser()
    const page = await arrive(browser, client)
    const id = idOf(page)
    const before = {
      codes: await codes(),
      sessions: await rowsOf(server, 'session'),
      users: await rowsOf(server, 'user'),
      charged: await rowsOf(server, 'throttle'),
    }
    for (const path of ['login', 'consent', 'consent/switch', 'signup']) {
      assertPage(await browser.post(`/${path}?id=${id}`, {}), 'forgery', 403)
    }
    const csrf = csrfOf(page)
    for (const fields of [
      {},
      { username: user.username },
      { password: user.password },
      { username: '', password: '' },
      { username: '   ', password: '' },
    ]) {
      const answer = await browser.post(`/login?id=${id}`, { csrf, ...fields })
      assert.equal(answer.statusCode, 400)
      assert.match(answer.body, /<title>Error:/)
    }
    const half = await browser.post(`/signup?id=${id}`, { csrf, username: 'someone_new' })
    assert.equal(half.statusCode, 400)
    assert.match(half.body, /<title>Error:/)
    const after = {
      codes: await codes(),
      sessions: await rowsOf(server, 'session'),
      users: await rowsOf(server, 'user'),
      charged: await rowsOf(server, 'throttle'),
    }
    assert.deepEqual(after, before)
  })

  test('A115 pages without an interaction, or with one that never was, grant nothing (design.md §2.7)', async () => {
    const browser = server.browser()
    await ask(browser, client)
    const unknown = '01890000-0000-7000-8000-000000000000'
    for (const query of ['', '?id=', '?id=x', `?id=${unknown}`, `?id=${unknown}&id=${unknown}`, '?ID=x']) {
      for (const path of ['interaction', 'login', 'consent']) {
        const answer = await browser.get(`/${path}${query}`)
        assert.equal(answer.statusCode, 410)
        assert.equal(answer.headers.location, undefined)
      }
      for (const path of ['login', 'consent', 'consent/switch']) {
        const answer = await browser.post(`/${path}${query}`, {
          decision: 'allow',
          username: user.username,
          password: user.password,
        })
        assert.equal(answer.statusCode, 410)
      }
    }
    assertPage(await browser.get('/signup'), 'sign_up_closed', 403)
    assertPage(await browser.post('/signup', {}), 'sign_up_closed', 403)
  })

  test('A115 an interaction that is named twice is the first, and its token fits no other (design.md §5.5)', async () => {
    await freshClient()
    const browser = server.browser()
    const one = await arrive(browser, client)
    const two = await arrive(browser, client)
    const fields = { csrf: csrfOf(one), username: user.username, password: user.password }
    assertPage(await browser.post(`/login?id=${idOf(two)}&id=${idOf(one)}`, fields), 'forgery', 403)
    assertPage(await browser.post(`/login?id=${idOf(two)}`, fields), 'forgery', 403)
  })

  test('A115 steps that are replayed after the code was redeemed give no second one (RFC 6749 §4.1.2)', async () => {
    await freshClient()
    const { verifier, challenge } = pkce()
    const browser = server.browser()
    const form = await browser.follow(await browser.get(authorizeUrl(client, challenge), { fromElsewhere: true }))
    const consent = await signIn(browser, form, user)
    const { code = '' } = answerAt(await allow(browser, consent), client, server)
    const redeemed = await server.post('/token', codeForm(client, code, verifier))
    assert.equal(redeemed.statusCode, 200)
    const before = await codes()
    const replays = [
      await browser.get(`/interaction?id=${idOf(form)}`),
      await browser.submit(consent, { decision: 'allow' }),
      await browser.submit(form, { username: user.username, password: user.password }),
    ]
    for (const replay of replays) {
      const page = await browser.follow(replay)
      assert.equal(page.statusCode, 200)
      assert.equal(page.headers.location, undefined)
      assert.match(page.body, /<h1>/)
      assert.equal(isSignInPage(page), false)
    }
    assert.equal(await codes(), before)
  })

  test('double submit: both answers lead on, and of two codes only the last is good (RFC 6749 §4.1.2)', async () => {
    await freshClient()
    const { verifier, challenge } = pkce()
    const browser = server.browser()
    const form = await browser.follow(await browser.get(authorizeUrl(client, challenge), { fromElsewhere: true }))
    const fields = { username: user.username, password: user.password }
    const signedIn = await Promise.all([browser.submit(form, fields), browser.submit(form, fields)])
    assert.deepEqual(
      signedIn.map(({ statusCode }) => statusCode),
      [303, 303],
    )
    const consent = await browser.follow(await browser.get(`/interaction?id=${idOf(form)}`))
    assert.ok(isConsentPage(consent))
    const before = await codes()
    const allowed = await Promise.all([allow(browser, consent), allow(browser, consent), allow(browser, consent)])
    const issued = allowed.map((answer) => answerAt(answer, client, server).code ?? '')
    assert.equal(await codes(), before + 1)
    const redeemed = []
    for (const code of issued) redeemed.push((await server.post('/token', codeForm(client, code, verifier))).statusCode)
    assert.deepEqual(redeemed.sort(), [200, 400, 400])
  })

  test('the back button to a step that is done leads on, and asks nothing again (pages.md, rule 8)', async () => {
    await freshClient()
    const browser = server.browser()
    const form = await arrive(browser, client)
    const consent = await signIn(browser, form, user)
    const back = await browser.get(`/login?id=${idOf(form)}`)
    assert.equal(back.statusCode, 303)
    assert.ok(isConsentPage(await browser.follow(back)))
    assert.ok(answerAt(await allow(browser, consent), client, server).code)
    for (const path of ['login', 'consent']) {
      assert.ok(answerAt(await browser.follow(await browser.get(`/${path}?id=${idOf(form)}`)), client, server).code)
    }
  })

  test('two tabs: each ends with the answer to its own request (design.md §5.2)', async () => {
    await freshClient()
    const browser = server.browser()
    const one = await arrive(browser, client, { state: 'tab-one' })
    const two = await arrive(browser, client, { state: 'tab-two' })
    const second = await signIn(browser, two, user)
    const first = await signIn(browser, one, user)
    assert.equal(answerAt(await allow(browser, first), client, server).state, 'tab-one')
    assert.equal(answerAt(await allow(browser, second), client, server).state, 'tab-two')
  })

  test("two tabs of two people: each answer is its own person's, and the one who was replaced signs in anew (design.md §5.1)", async () => {
    await freshClient()
    const other = await server.makeUser()
    const browser = server.browser()
    const { challenge, verifier } = pkce()
    const one = await browser.follow(await browser.get(authorizeUrl(client, challenge), { fromElsewhere: true }))
    const first = await signIn(browser, one, user)
    const two = await arrive(browser, client, { prompt: 'login' })
    const second = await signIn(browser, two, other)
    assert.ok(second.body.includes(other.username))
    const replaced = await browser.follow(await browser.submit(first, { decision: 'allow' }))
    assert.ok(isSignInPage(replaced))
    const { code = '' } = answerAt(await allow(browser, await signIn(browser, replaced, other)), client, server)
    const tokens = await server.post('/token', codeForm(client, code, verifier))
    const { sub } = JSON.parse(Buffer.from(tokens.json().id_token.split('.')[1], 'base64url').toString())
    assert.equal(sub, other.id)
  })

  for (const [name, open] of [
    ['sign-in', async (browser: BrowserSession) => arrive(browser, client)],
    ['sign-up', async (browser: BrowserSession) => arrive(browser, client, { prompt: 'create' })],
    ['consent', async (browser: BrowserSession) => signIn(browser, await arrive(browser, client), user)],
  ] as const) {
    test(`an expired ${name} page begins its own request again, and nothing that was typed counts (design.md §5.6)`, async () => {
      await freshClient()
      const browser = server.browser()
      const page = await open(browser)
      server.clock.advance(601)
      const before = {
        users: await rowsOf(server, 'user'),
        sessions: await rowsOf(server, 'session'),
        codes: await codes(),
      }
      for (const form of formsOf(page.body)) {
        const answer = await browser.post(form.action, {
          ...form.fields,
          username: user.username,
          password: user.password,
          decision: 'allow',
        })
        assert.equal(answer.statusCode, 303)
        const again = new URL(String(answer.headers.location), server.config.issuer)
        assert.equal(again.pathname, '/authorize')
        assert.equal(again.searchParams.get('state'), 'a-state')
        const anew = await browser.follow(answer)
        assert.equal(anew.statusCode, 200)
        assert.notEqual(idOf(anew), idOf(page))
      }
      assert.deepEqual(
        { users: await rowsOf(server, 'user'), sessions: await rowsOf(server, 'session'), codes: await codes() },
        before,
      )
      const bare = await browser.get(`/login?id=${idOf(page)}`)
      assert.equal(bare.statusCode, 410)
    })
  }

  test('a request that expired while its client was disabled or changed is judged anew (design.md §5.6)', async () => {
    await freshClient()
    const browser = server.browser()
    const page = await arrive(browser, client)
    await server.register({ client_id: client.clientId, redirect_uris: ['https://elsewhere.example/callback'] })
    server.clock.advance(6)
    const gone = await browser.submit(page, { username: user.username, password: user.password })
    assertPage(gone, 'invalid_redirect_uri')
    server.clock.advance(601)
    const restarted = await browser.follow(
      await browser.submit(page, { username: user.username, password: user.password }),
    )
    assertPage(restarted, 'invalid_redirect_uri')
    await server.register({ client_id: client.clientId, disabled: true })
    server.clock.advance(6)
    assertPage(await browser.follow(await browser.submit(page, { username: 'x', password: 'y' })), 'unknown_client')
  })

  test('a request that waits does not outlive its client: disabled meanwhile, it gets a page (RFC 6749 §4.1.2.1)', async () => {
    await freshClient()
    const browser = server.browser()
    const consent = await signIn(browser, await arrive(browser, client), user)
    await server.register({ client_id: client.clientId, disabled: true })
    server.clock.advance(6)
    const before = await codes()
    assertPage(await browser.submit(consent, { decision: 'allow' }), 'unknown_client')
    assertPage(await browser.get(`/interaction?id=${idOf(consent)}`), 'unknown_client')
    assert.equal(await codes(), before)
  })

  test('the demo is not there where the issuer is not loopback (design.md §5.7)', async () => {
    for (const path of ['/demo', '/demo/', '/demo/api/greeting', '/demo/assets/demo.js']) {
      const answer = await server.app.inject({ url: path, headers: { host: 'gate.example', accept: 'text/html' } })
      assertPage(answer, 'not_found', 404)
    }
    const url = authorizeUrl(
      { ...client, clientId: 'postern-demo', redirectUri: `${server.config.issuer}/demo` },
      pkce().challenge,
    )
    assertPage(await server.browser().get(url), 'unknown_client')
  })
})
