import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { BrowserSession } from '../../support/browser-session.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import {
  answerAt,
  arrive,
  ask,
  assertPage,
  assertRefused,
  closeClean,
  isSignInPage,
  rowsOf,
  signedInBrowser,
  type TestUser,
} from '../front-channel.ts'

suite('attacks on the parameters of an authorization request', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  let signedIn: BrowserSession
  before(async () => {
    server = await startServer()
    client = await server.register({})
    user = await server.makeUser()
    signedIn = await signedInBrowser(server, client, user)
  })
  after(() => closeClean(server))

  /** Somebody who would get a code at once, were the request right: nothing but the attack can be refused. */
  const isRefused = async (error: string, more: Readonly<Record<string, string | undefined>>, state = 'a-state') =>
    assertRefused(await ask(signedIn, client, { prompt: 'none', ...more }), { client, server, error, state })

  test('the request that the attacks below are made from gets a code (RFC 6749 §4.1.2)', async () => {
    const answer = answerAt(await ask(signedIn, client, { prompt: 'none' }), client, server)
    assert.deepEqual(Object.keys(answer), ['code', 'state', 'iss'])
  })

  test('A012 a repeated client_id or redirect_uri gets a page: who asks is not known (RFC 6749 §3.1)', async () => {
    const url = authorizeUrl(client, pkce().challenge, { prompt: 'none' })
    for (const value of [client.clientId, 'other']) {
      assertPage(await signedIn.get(`${url}&client_id=${value}`), 'unknown_client')
      assertPage(await signedIn.get(`${url}&client%5fid=${value}`), 'unknown_client')
    }
    for (const value of [client.redirectUri, 'https://evil.test/']) {
      assertPage(await signedIn.get(`${url}&redirect_uri=${encodeURIComponent(value)}`), 'invalid_redirect_uri')
    }
  })

  for (const name of [
    'scope',
    'code_challenge',
    'code_challenge_method',
    'response_type',
    'prompt',
    'max_age',
    'nonce',
    'anything',
  ]) {
    test(`A012 a repeated ${name} is refused, also with the same value (RFC 6749 §3.1)`, async () => {
      const url = authorizeUrl(client, pkce().challenge, { prompt: 'none', [name]: 'x' })
      assertRefused(await signedIn.get(`${url}&${name}=x`), { client, server, error: 'invalid_request' })
      assertRefused(await signedIn.get(`${url}&${name}=y`), { client, server, error: 'invalid_request' })
    })
  }

  test('A012 a repeated state is refused, and neither of the two is echoed (RFC 6749 §3.1)', async () => {
    const url = authorizeUrl(client, pkce().challenge, { prompt: 'none' })
    assertRefused(await signedIn.get(`${url}&state=b`), { client, server, error: 'invalid_request', state: '' })
  })

  for (const response_type of [
    'token',
    'id_token',
    'code token',
    'code id_token',
    'token code',
    'none',
    'CODE',
    'code ',
    'code code',
    '\tcode',
  ]) {
    test(`A016 response_type ${JSON.stringify(response_type)} is not supported, and nothing is in a fragment (RFC 6749 §4.1.2.1)`, () =>
      isRefused('unsupported_response_type', { response_type }))
  }

  test('A016 response_type empty or missing is refused (RFC 6749 §3.1.1)', async () => {
    await isRefused('invalid_request', { response_type: '' })
    await isRefused('invalid_request', { response_type: undefined })
  })

  test('A016 response_mode fragment, web_message or jwt is refused by query (OAuth 2.0 Multiple Response Types §2.1)', async () => {
    for (const response_mode of ['fragment', 'web_message', 'query.jwt', 'jwt', 'QUERY', 'form_post ']) {
      await isRefused('invalid_request', { response_mode })
    }
  })

  test('A016 a restarted request is judged anew, and an altered copy of it is refused (RFC 6749 §3.1.1, design.md §5.6)', async () => {
    const browser = server.browser()
    const page = await arrive(browser, client)
    server.clock.advance(601)
    const restart = /name="restart" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const flipped = Buffer.from(restart, 'base64url')
    flipped[40]! ^= 1
    const forgeries = [
      flipped.toString('base64url'),
      Buffer.from('response_type=token').toString('base64url'),
      `response_type=token&client_id=${client.clientId}`,
      restart.slice(0, -4),
      'A',
      '..',
      'A'.repeat(60_000),
    ]
    for (const forged of forgeries) assertPage(await browser.post(action, { restart: forged }), 'expired')
    const again = await browser.post(action, { restart, response_type: 'token', redirect_uri: 'https://evil.test/' })
    assert.equal(again.statusCode, 303)
    const sent = new URL(String(again.headers.location), server.config.issuer)
    assert.equal(sent.pathname, '/authorize')
    assert.deepEqual(sent.searchParams.getAll('response_type'), ['code'])
    assert.deepEqual(sent.searchParams.getAll('redirect_uri'), [client.redirectUri])
    assert.ok(isSignInPage(await browser.follow(again)))
    signedIn = await signedInBrowser(server, client, user)
  })

  test('A019 iss is in each answer once and is the issuer of the metadata, by GET and by POST (RFC 9207 §2)', async () => {
    const metadata = await server.app.inject({ url: '/.well-known/openid-configuration' })
    const { issuer, authorization_response_iss_parameter_supported: isSupported } = metadata.json()
    assert.equal(isSupported, true)
    for (const more of [{ prompt: 'none' }, { prompt: 'none', scope: 'nonsense' }]) {
      const url = authorizeUrl(client, pkce().challenge, more)
      const fields = Object.fromEntries(new URL(url, issuer).searchParams)
      const byGet = answerAt(await signedIn.get(url), client, server)
      const parked = await signedIn.postFromElsewhere('/authorize', fields)
      const byPost = answerAt(await signedIn.follow(parked), client, server)
      assert.deepEqual(Object.keys(byGet), Object.keys(byPost))
      assert.equal(byGet.iss, issuer)
    }
  })

  const VISIBLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')

  test('A021 a state of 1 to 2048 visible characters comes back byte for byte (RFC 6749 §4.1.2, appendix A.5)', async () => {
    for (const state of [
      'x',
      VISIBLE,
      VISIBLE.repeat(22).slice(0, 2048),
      '{{7*7}}',
      '%00',
      '%2541',
      "'--",
      '</script>',
      '../..',
      'null',
    ]) {
      assert.equal(answerAt(await ask(signedIn, client, { prompt: 'none', state }), client, server).state, state)
      assertRefused(await ask(signedIn, client, { prompt: 'none', state, scope: 'x' }), {
        client,
        server,
        error: 'invalid_scope',
        state,
      })
    }
  })

  for (const state of [
    'x'.repeat(2049),
    'a\r\nLocation: https://evil.test/',
    'a\tb',
    'a\u0007',
    'ä',
    '\u2028',
    '\ufeffx',
    'a\u007f',
  ]) {
    test(`A021 a state of ${JSON.stringify(state.slice(0, 12))} is refused and not echoed (RFC 6749 appendix A.5)`, () =>
      isRefused('invalid_request', { state }, ''))
  }

  test('A021 a NUL anywhere is a malformed request, and no fault of ours (RFC 6749 appendix A)', async () => {
    for (const name of [
      'state',
      'nonce',
      'login_hint',
      'ui_locales',
      'acr_values',
      'resource',
      'anything',
      'a\0name',
    ]) {
      assertPage(await ask(signedIn, client, { [name]: 'a\0b' }), 'invalid_request')
      const url = new URL(authorizeUrl(client, pkce().challenge, { [name]: 'a\0b' }), server.config.issuer)
      assertPage(
        await signedIn.postFromElsewhere('/authorize', Object.fromEntries(url.searchParams)),
        'invalid_request',
      )
    }
    for (const claims of ['{"id_token":{"sub":{"value":"\\u0000"}}}', '{"id_token":{"sub":{"value":"\\ud800"}}}']) {
      await isRefused('invalid_request', { claims })
    }
    const answer = await ask(signedIn, client, {
      claims: '{"id_token":{"acr":{"values":["\\u0000","\\udfff"]}}}',
      prompt: 'login',
    })
    assert.ok(isSignInPage(await signedIn.follow(answer)))
  })

  test('A021 what is not UTF-8, or not percent-encoding, is malformed (RFC 6749 appendix B)', async () => {
    const url = authorizeUrl(client, pkce().challenge, { prompt: 'none', state: undefined })
    for (const bytes of ['%ff', '%c3%28', '%ed%a0%80', '%', '%4', '%zz']) {
      assertPage(await signedIn.get(`${url}&state=${bytes}`), 'invalid_request')
    }
  })

  for (const [name, error] of [
    ['request', 'request_not_supported'],
    ['request_uri', 'request_uri_not_supported'],
  ] as const) {
    test(`A029 ${name} is refused, and nothing is fetched (OIDC Core §3.1.2.6)`, async () => {
      let calls = 0
      const listener = createServer((_request, response) => {
        calls += 1
        response.end()
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => listener.once('listening', resolve))
      const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/request.jwt`
      const none = 'eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV90eXBlIjoidG9rZW4ifQ.'
      for (const value of [none, none.replace('bm9uZQ', 'UlMyNTY'), url, 'urn:ietf:params:oauth:request_uri:x']) {
        await isRefused(error, { [name]: value })
      }
      listener.close()
      assert.equal(calls, 0)
    })
  }

  test('A031 a parked request takes nothing from the address it is fetched with (RFC 9126 §4, design.md §5.4)', async () => {
    const fields = { prompt: 'none', state: 'parked' }
    const url = new URL(authorizeUrl(client, pkce().challenge, fields), server.config.issuer)
    const park = async () => {
      const answer = await server.browser().postFromElsewhere('/authorize', Object.fromEntries(url.searchParams))
      assert.equal(answer.statusCode, 303)
      assert.match(String(answer.headers.location), /^\/authorize\?parked=[\w-]{43}$/)
      assert.equal(answer.headers['set-cookie'], undefined)
      return String(answer.headers.location)
    }
    for (const more of [
      'scope=openid',
      'redirect_uri=https://evil.test/',
      'code_challenge=x',
      `client_id=${client.clientId}`,
    ]) {
      const parked = await park()
      const answer = await signedIn.get(`${parked}&${more}`)
      assert.equal(answer.statusCode, 400)
      assert.equal(answer.headers.location, undefined)
    }
    const parked = await park()
    const whole = authorizeUrl(client, pkce().challenge, { prompt: 'none', state: 'front' })
    const front = await signedIn.get(`${whole}&${parked.split('?')[1]}`)
    assert.equal(answerAt(front, client, server).state, 'front') // the reference is then one more unknown parameter
    assert.equal(answerAt(await signedIn.get(parked), client, server).state, 'parked')
    assertPage(await signedIn.get(parked), 'expired')
  })

  test('A031 a parked request is good once, for a minute, and only where it was sent (design.md §5.4)', async () => {
    const parked = String(
      (await server.browser().postFromElsewhere('/logout', { client_id: client.clientId })).headers.location,
    )
    const reference = parked.split('=')[1]
    assertPage(await signedIn.get(`/authorize?parked=${reference}`), 'expired')
    const late = String(
      (await server.browser().postFromElsewhere('/authorize', { client_id: client.clientId })).headers.location,
    )
    server.clock.advance(61)
    assertPage(await signedIn.get(late), 'expired')
    for (const guess of ['', 'x', 'A'.repeat(43), "' or true --"]) {
      const answer = await signedIn.get(`/authorize?parked=${encodeURIComponent(guess)}`)
      assert.equal(answer.statusCode, 400)
    }
    const both = await Promise.all(
      [late, late].map(async () => {
        const { headers } = await server.browser().postFromElsewhere('/authorize', { client_id: client.clientId })
        return String(headers.location)
      }),
    )
    const [first = ''] = both
    const codes = await Promise.all(Array.from({ length: 8 }, () => server.browser().get(first)))
    const pages = codes.map(({ body }) => /id="error-code" dir="ltr">(\w+)/.exec(body)?.[1]).sort()
    assert.deepEqual(pages, [...Array(7).fill('expired'), 'invalid_redirect_uri'])
  })

  test('A031 a POST looks at no session, and sets or clears no cookie (design.md §5.4)', async () => {
    const before = new Map(signedIn.cookies)
    const sessions = await rowsOf(server, 'session')
    const url = new URL(authorizeUrl(client, pkce().challenge, { prompt: 'none' }), server.config.issuer)
    const answer = await signedIn.post('/authorize', Object.fromEntries(url.searchParams))
    assert.equal(answer.statusCode, 303)
    assert.deepEqual(signedIn.cookies, before)
    assert.equal(await rowsOf(server, 'session'), sessions)
  })

  for (const [what, scope] of [
    ['unknown', 'openid nonsense'],
    ["one that is the client's by no policy", 'openid address'],
    ['of 10 000 tokens', Array.from({ length: 10_000 }, (_, i) => `s${i}`).join(' ')],
    ['of 10 000 times one token and another', `${'openid '.repeat(10_000)}admin`],
    ['with a quote', 'openid "profile"'],
    ['with a backslash', 'openid\\profile'],
    ['parted by a tab', 'openid\tprofile'],
    ['parted by a comma', 'openid,profile'],
    ['in capitals', 'OPENID'],
    ['with a letter beyond ASCII', 'openıd'],
    ['named like a member of every object', 'openid __proto__'],
    ['named like a method', 'constructor'],
  ] as const) {
    test(`A032 a scope ${what} is refused, and nothing granted silently (RFC 6749 §3.3)`, () =>
      isRefused('invalid_scope', { scope }))
  }

  test('a resource that is unknown, relative, with a fragment, or one of eleven is refused (RFC 8707 §2)', async () => {
    await server.registerResource({
      identifier: 'https://api.example/',
      name: 'API',
      scopes: { read: '' },
      introspectionClients: [],
    })
    server.clock.advance(6)
    for (const resource of [
      'https://other.example/',
      'https://api.example',
      '/api',
      'https://api.example/#x',
      'urn:x',
      client.clientId,
    ]) {
      await isRefused('invalid_target', { resource })
    }
    await isRefused('invalid_target', { resource: 'https://api.example/' }) // known, but not this client's
  })
})
