import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/base/digest.ts'
import { newestLink } from '../../mail/mails.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { atCodePage, enrolled, withPassword } from '../codes/authenticator.ts'
import {
  arrive,
  ask,
  closeClean,
  type Method,
  type Route,
  routesOf,
  signedInBrowser,
  type TestUser,
} from '../front-channel.ts'

const HEADERS: Readonly<Record<string, RegExp>> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'x-xss-protection': /^0$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'strict-transport-security': /^max-age=31536000; includeSubDomains$/,
  'content-security-policy':
    /^default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'(?: https:\/\/app\.example)?$/,
  'referrer-policy': /^(?:no-referrer|same-origin)$/,
  'cross-origin-resource-policy': /^(?:same-origin|cross-origin)$/,
  'cache-control': /^(?:no-store|public, max-age=600|public, max-age=300|public, max-age=31536000, immutable)$/,
}

function assertHeaders(response: LightMyRequestResponse, what: string): void {
  for (const [name, value] of Object.entries(HEADERS))
    assert.match(String(response.headers[name]), value, `${what}: ${name}`)
  const isHtml = String(response.headers['content-type']).startsWith('text/html')
  const isPublic = String(response.headers['cache-control']).startsWith('public')
  assert.equal(isHtml && isPublic, false, what)
  assert.equal(response.headers.server ?? response.headers['x-powered-by'], undefined, what)
}

/** Every Set-Cookie of an answer, judged. RFC 6265bis §4.1.3.2 */
function assertCookies(response: LightMyRequestResponse): number {
  const lines = [response.headers['set-cookie'] ?? []].flat()
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ')
    assert.match(pair, /^__Host-(?:session|session-lax|browser|device)=(?:(?:ss|sl|br|dv)_[\w-]{43})?$/)
    assert.ok(line.length <= 4096)
    const named = attributes.map((attribute) => attribute.split('=')[0])
    for (const name of ['Secure', 'HttpOnly', 'Path', 'SameSite']) assert.ok(named.includes(name), line)
    assert.ok(attributes.includes('Path=/'), line)
    assert.ok(attributes.includes(/^__Host-(?:session|device)=/.test(pair) ? 'SameSite=Strict' : 'SameSite=Lax'), line)
    assert.equal(named.includes('Domain'), false)
  }
  return lines.length
}

suite('headers, from the table of routes', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  let app: FastifyInstance
  let routes: readonly Route[]
  before(async () => {
    server = await startServer({
      SMTP_URL: 'smtp://127.0.0.1:1',
      CEILING_ADDRESS_PER_MINUTE: '100000',
      LIMIT_DEFAULT_PER_HOUR: '100000',
    })
    client = await server.register({})
    user = await server.makeUser()
    app = server.app
    routes = routesOf(app)
  })
  after(() => closeClean(server))

  const send = (method: Method, url: string, headers: Record<string, string> = {}, payload?: string) =>
    app.inject({
      method,
      url,
      headers: { host: 'gate.example', ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

  test('the table of routes is read whole (design.md §2.8)', () => {
    const paths = new Set(routes.map(({ path }) => path))
    for (const path of [
      '/authorize',
      '/token',
      '/revoke',
      '/introspect',
      '/userinfo',
      '/jwks',
      '/logout',
      '/login',
      '/consent/switch',
      '/.well-known/openid-configuration',
      '/healthz',
    ]) {
      assert.ok(paths.has(path), path)
    }
    assert.equal(routes.length % 7, 0) // every path answers every method, if only with 405
  })

  test('A166 every route and method has every header, asked with nothing, with rubbish and with too much (ASVS 3.4)', async () => {
    for (const { method, path } of routes) {
      const bodies =
        method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? [undefined] : ['', 'a=%zz', 'x'.repeat(70_000)]
      for (const body of bodies) {
        for (const headers of [{}, { accept: 'text/html' }, { host: 'evil.test' }]) {
          const answer = await send(method, path, { ...FORM, ...headers }, body)
          assert.ok(answer.statusCode < 500, `${method} ${path} ${answer.statusCode}`)
          assertHeaders(answer, `${method} ${path}`)
          assertCookies(answer)
        }
      }
    }
  })

  test('A166 a wrong method is 405 with what is allowed, on every path (RFC 9110 §15.5.6)', async () => {
    for (const path of new Set(routes.map((route) => route.path))) {
      const served = routes.filter((route) => route.path === path).map(({ method }) => method)
      const wrong = (['PATCH', 'PUT', 'DELETE'] as const).find((method) => !served.includes(method))
      if (wrong === undefined) continue
      const answer = await send(wrong, path)
      assert.equal(answer.statusCode, 405, path)
      assert.match(String(answer.headers.allow), /GET|POST|DELETE|PUT|PATCH/)
    }
  })

  test('A166 what has no route has every header too, and says nothing about the server (ASVS 16.5.1)', async () => {
    for (const path of [
      '/',
      '/nothing',
      '/login/x.css',
      '/authorize/',
      '/AUTHORIZE',
      '//authorize',
      '/.git/config',
      '/%2e%2e/',
      '/%zz',
      '/a%',
      '/%c0%ae',
      '/metrics',
      '/docs',
      '/debug',
      '/assets/../package.json',
      '/assets/postern.css.map',
    ]) {
      for (const headers of [{}, { accept: 'text/html' }, { 'user-agent': 'kube-probe/1.30' }]) {
        for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
          const answer = await send(method, path, headers)
          assert.ok([400, 404].includes(answer.statusCode), `${method} ${path} ${answer.statusCode}`)
          assertHeaders(answer, path)
          assert.equal(answer.headers['cache-control'], 'no-store')
          assert.doesNotMatch(answer.body, /fastify|FST_|node_modules|\bat .*:\d+:\d+|statusCode|\.\.\//i)
        }
      }
    }
  })

  test('A166 a message that is not HTTP is answered with the same headers, and the connection ends (RFC 9112 §2.2)', async () => {
    const other = await buildApp(server.deps)
    await other.listen({ host: '127.0.0.1', port: 0 })
    const { port } = other.server.address() as AddressInfo
    const raw = (text: string): Promise<string> =>
      new Promise((resolve) => {
        const chunks: Buffer[] = []
        const socket = connect(port, '127.0.0.1')
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.on('error', () => {}) // what was sent on after the answer is reset
        socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
        socket.write(text)
      })
    const host = 'Host: gate.example\r\n'
    const messages: Readonly<Record<string, string>> = {
      'HTTP/1.1 400 Bad Request': `NONSENSE\r\n\r\n`,
      'HTTP/1.1 400 ': `GET /login HTTP/1.1\r\n${host}X: a\u0001b\r\n\r\n`,
      'HTTP/1.1 400  ': `POST /token HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'HTTP/1.1 400   ': `POST /token HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
      'HTTP/1.1 431': `GET /authorize?${'a'.repeat(65_536)} HTTP/1.1\r\n${host}\r\n`,
      'HTTP/1.1 431 ': `GET /login HTTP/1.1\r\n${host}Cookie: ${'a'.repeat(65_536)}\r\n\r\n`,
    }
    for (const [status, message] of Object.entries(messages)) {
      const answer = await raw(message)
      assert.ok(answer.startsWith(status.trim()), answer)
      const head = answer.slice(0, answer.indexOf('\r\n\r\n')).toLowerCase()
      for (const name of [...Object.keys(HEADERS), 'connection: close'])
        assert.ok(head.includes(name), `${status}: ${name}`)
      assert.deepEqual(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))), { error: 'invalid_request' })
    }
    await other.close()
  })

  test('A166 answers with tokens are never stored (RFC 6749 §5.1)', async () => {
    const machine = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const answer = await server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers.pragma, 'no-cache')
    for (const path of ['/token', '/revoke', '/introspect', '/userinfo']) {
      assert.equal((await send('POST', path, FORM, '')).headers['cache-control'], 'no-store')
    }
  })

  const ACCOUNT = [
    '/account',
    '/account/profile',
    '/account/password',
    '/account/email',
    '/account/second-factor',
    '/account/second-factor/new',
    '/account/sessions',
    '/account/apps',
    '/account/data',
    '/account/delete',
  ]

  /** The pages of an account, of its second factor, and of what is mailed. */
  async function pagesOfAccount(): Promise<Readonly<Record<string, LightMyRequestResponse>>> {
    const { browser } = await withPassword(server, user)
    const { user: owner, browser: enrolling } = await enrolled(server)
    const start = await enrolling.get('/account/second-factor/new')
    const { page: code } = await atCodePage(server, owner)
    const stranger = server.browser()
    const forgot = await stranger.get('/forgot-password')
    const sent = await stranger.submit(forgot, { login: owner.email })
    const link = await newestLink(server.deps, owner.email, 'reset-password')
    const reset = await stranger.get(link)
    const leaving = await withPassword(server, user, { path: '/account/profile' })
    const found: Record<string, LightMyRequestResponse> = {
      'bounce from another site': await browser.get('/account', { fromElsewhere: true }),
      'start of an enrolment': start,
      'code to scan': await enrolling.follow(await enrolling.submit(start, { name: 'Other' })),
      'second factor': code,
      'forgotten password': forgot,
      'forgotten password, empty': await stranger.submit(forgot, { login: '' }),
      'link sent': sent,
      'new password': reset,
      'new password, refused': await stranger.submit(reset, { password: 'x' }),
      'new password, set': await stranger.submit(reset, { password: 'Another-Horse-8-Staple!' }),
      'link gone': await stranger.get(link),
      'link of an address, gone': await stranger.get('/verify-email?token=ve_x'),
      'delete, refused': await browser.submit(await browser.get('/account/delete'), { username: 'x', password: 'y' }),
      'password, refused': await browser.submit(await browser.get('/account/password'), {
        current: 'x',
        password: 'y',
      }),
      'e-mail, refused': await browser.submit(await browser.get('/account/email'), { email: 'x' }),
      forged: await browser.post('/account/profile', {}),
      'signed out': await leaving.browser.submit(leaving.page, {}), // the first form of every page of the account
    }
    for (const path of ACCOUNT) found[path] = await browser.get(path)
    return found
  }

  test('A169 no address below the account makes a page of it cacheable, whoever asks (RFC 9111 §3.5)', async () => {
    const { browser } = await withPassword(server, user)
    for (const path of ACCOUNT) {
      for (const odd of [
        `${path}/x.css`,
        `${path}.css`,
        `${path};x.css`,
        `${path}%2fx.css`,
        `${path}/`,
        `${path}%00.js`,
      ]) {
        const answer = await browser.get(odd)
        assert.ok([400, 404].includes(answer.statusCode), odd)
        assert.equal(answer.headers['cache-control'], 'no-store', odd)
        assert.equal(answer.body.includes(user.username), false, odd)
      }
    }
    for (const path of ['/account/data.json', '/account/totp']) {
      const answer = await browser.get(path)
      assert.equal(answer.statusCode, 200, path)
      assertHeaders(answer, path)
      assert.equal(answer.headers['cache-control'], 'no-store', path)
    }
  })

  test('A170 no monitoring, documentation or source is at the public listener, for no user agent (ASVS 13.4.5)', async () => {
    for (const path of [
      '/metrics',
      '/docs',
      '/documentation/json',
      '/openapi.json',
      '/swagger',
      '/debug/pprof',
      '/console',
      '/healthz/detail',
      '/readyz?verbose=1',
      '/healthz?verbose=1',
      '/outbox',
      '/demo',
      '/.env',
      '/postern.yaml',
      '/assets/postern.js.map',
      '/src/main.ts',
      '/package.json',
      '/server-status',
      '/actuator/env',
    ]) {
      for (const agent of ['kube-probe/1.30', 'Prometheus/2.50', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', '']) {
        const answer = await send('GET', path, { 'user-agent': agent, 'x-forwarded-for': '127.0.0.1' })
        const isHealth = path.startsWith('/healthz?') || path.startsWith('/readyz?')
        assert.ok(
          isHealth ? [200, 503].includes(answer.statusCode) : answer.statusCode === 404,
          `${path} ${answer.statusCode}`,
        )
        assert.doesNotMatch(answer.body, /postgres|version|node|sourceMappingURL|heap|uptime|\d+\.\d+\.\d+/i, path)
      }
    }
    for (const agent of ['kube-probe/1.30', 'Prometheus/2.50']) {
      // The console asks for a sign-in here, and is not here at all where it has a listener of its own (test/http/listeners.test.ts).
      for (const page of ['/account', '/admin'])
        assert.equal((await send('GET', page, { 'user-agent': agent })).statusCode, 303)
      assert.equal((await send('GET', '/userinfo', { 'user-agent': agent })).statusCode, 401)
    }
  })

  /** Every kind of page there is, in every state that can be reached from outside. */
  async function pages(): Promise<Readonly<Record<string, LightMyRequestResponse>>> {
    await server.deps.store.actionTokens.add(digestOf('al_a'), { purpose: 'first-administrator', data: {} }, 3600)
    const stranger = server.browser()
    const browser = await signedInBrowser(server, client, user)
    const form = await arrive(stranger, client)
    const late = await signedInBrowser(server, client, user)
    return {
      'sign in': form,
      'sign in, refused': await stranger.submit(form, { username: 'x', password: 'y' }),
      'sign in, empty': await stranger.submit(form, { username: '', password: '' }),
      'sign up': await arrive(server.browser(), client, { prompt: 'create' }),
      'sign up closed': await server.browser().get('/signup'),
      consent: await arrive(browser, client, { prompt: 'consent' }),
      'form post': await ask(browser, client, { prompt: 'none', response_mode: 'form_post' }),
      'form post, refused': await ask(browser, client, { scope: 'x', response_mode: 'form_post' }),
      'first administrator': await server.browser().get('/first-administrator?token=al_a'),
      'first administrator, gone': await server.browser().get('/first-administrator?token=al_b'),
      'log out': await late.get('/logout'),
      'logged out': await late.submit(await late.get('/logout'), { decision: 'allow' }),
      expired: await stranger.get('/login?id=01890000-0000-7000-8000-000000000000'),
      'other browser': await server.browser().get(`/login?id=${/\?id=([0-9a-f-]+)/.exec(form.body)?.[1]}`),
      forged: await stranger.post('/login', {}),
      'no client': await ask(stranger, client, { client_id: 'nobody' }),
      'no address': await ask(stranger, client, { redirect_uri: 'https://evil.test/' }),
      'wrong host': await send('GET', '/login', { host: 'evil.test' }),
      'not found': await send('GET', '/nothing', { accept: 'text/html' }),
      'wrong method': await send('PUT', '/login'),
      'too large': await send('POST', '/login', FORM, 'x'.repeat(70_000)),
      malformed: await send('GET', '/%zz', { accept: 'text/html' }),
      ...(await pagesOfAccount()),
    }
  }

  test('A101 no page may be framed, whatever its status (RFC 9700 §4.16)', async () => {
    for (const [name, page] of Object.entries(await pages())) {
      assert.match(String(page.headers['content-type']), /^text\/html; charset=utf-8$/, name)
      assert.match(String(page.headers['content-security-policy']), /; frame-ancestors 'none';/, name)
      assert.equal(page.headers['x-frame-options'], 'DENY', name)
      assertHeaders(page, name)
      assert.equal(page.headers['cache-control'], 'no-store', name) // A169 too
      assert.equal(page.headers['referrer-policy'], 'same-origin', name)
    }
  })

  test('A099 every cookie is __Host-, Secure, HttpOnly, SameSite, for no other host, and small (ASVS 3.3)', async () => {
    const browser = server.browser()
    const page = await ask(browser, client)
    assert.equal(assertCookies(page), 1)
    const form = await browser.follow(page)
    const signedIn = await browser.submit(form, { username: user.username, password: user.password })
    assert.equal(assertCookies(signedIn), 3)
    const out = await browser.submit(await browser.get('/logout'), { decision: 'allow' })
    assert.equal(assertCookies(out), 2)
    let cookies = 0
    for (const each of Object.values(await pages())) cookies += assertCookies(each)
    assert.ok(cookies > 0)
  })

  test('A099 a stranger is given the browser cookie, if any, and never a session (design.md §5.1)', async () => {
    for (const { method, path } of routes) {
      const answer = await send(method, path, { ...FORM, accept: 'text/html' }, method === 'POST' ? 'a=b' : undefined)
      const lines = [answer.headers['set-cookie'] ?? []].flat()
      const given = lines.filter((line) => !line.includes('=; Max-Age=0;')).map((line) => line.split('=')[0])
      assert.equal(
        given.every((name) => name === '__Host-browser'),
        true,
        path,
      )
      if (path !== '/logout') assert.equal(lines.length, given.length, path)
    }
  })

  test('A169 no address makes an authenticated page cacheable, and no header changes what it says (RFC 9111 §3.5)', async () => {
    const browser = await signedInBrowser(server, client, user)
    const page = await arrive(browser, client, { prompt: 'consent' })
    const [, query = ''] = /\/consent(\?id=[0-9a-f-]+)/.exec(page.body) ?? []
    for (const path of [
      `/consent/x.css${query}`,
      `/consent.css${query}`,
      `/consent;x.css${query}`,
      `/consent%2fx.css${query}`,
      `/consent/${query}`,
    ]) {
      const answer = await browser.get(path)
      assert.equal(answer.statusCode, 404, path)
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.body.includes(user.username), false)
    }
    const plain = await browser.get(`/consent${query}`)
    const unkeyed = {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/evil',
      'x-original-url': '/login',
      'x-rewrite-url': '/login',
      'x-http-method-override': 'POST',
      forwarded: 'host=evil.test;proto=http',
      'x-host': 'evil.test',
    }
    const same = await browser.get(`/consent${query}`, { headers: unkeyed })
    const comparable = (body: string) => body.replaceAll(/name="restart" value="[^"]+"/g, '')
    assert.equal(comparable(same.body), comparable(plain.body))
  })

  test('A169 only assets and public documents may be cached, and never by what a reader sent (RFC 9111 §3)', async () => {
    for (const { method, path } of routes) {
      const answer = await send(method, path, { cookie: `__Host-session=ss_${'A'.repeat(43)}` })
      const isPublic = String(answer.headers['cache-control']).startsWith('public')
      assert.equal(
        isPublic,
        ['GET', 'HEAD'].includes(method) && /^\/(?:assets\/|favicon\.ico$|jwks$|\.well-known\/)/.test(path),
        `${method} ${path}`,
      )
    }
    const asset = await send('GET', '/assets/postern.css?v=wrong')
    assert.equal(asset.headers['cache-control'], 'public, max-age=300')
  })

  test('A167 only token, revoke and userinfo answer a registered origin, on every status and without credentials (RFC 9700 §2.6)', async () => {
    const own = 'https://app.example'
    const SHARED = ['/token', '/revoke', '/userinfo']
    const EVERYBODY = /^\/(?:jwks|\.well-known\/.*)$/
    for (const { method, path } of routes) {
      for (const origin of [
        own,
        'https://evil.test',
        'null',
        'https://app.example.evil.test',
        'http://app.example',
        'HTTPS://APP.EXAMPLE',
        'https://app.example:443',
        'https://gate.example',
      ]) {
        const answer = await send(method, path, { ...FORM, origin }, method === 'POST' ? 'a=b' : undefined)
        const allowed = answer.headers['access-control-allow-origin']
        const expected = EVERYBODY.test(path) ? '*' : SHARED.includes(path) && origin === own ? own : undefined
        assert.equal(allowed, expected, `${method} ${path} from ${origin}`)
        assert.equal(answer.headers['access-control-allow-credentials'], undefined)
        if (SHARED.includes(path)) assert.match(String(answer.headers.vary), /\bOrigin\b/)
      }
    }
    for (const path of SHARED) {
      const preflight = await send('OPTIONS', path, { origin: own, 'access-control-request-method': 'POST' })
      assert.equal(preflight.statusCode, 204)
      assert.doesNotMatch(String(preflight.headers['access-control-allow-headers']), /\*|cookie/i)
      const foreign = await send('OPTIONS', path, {
        origin: 'https://evil.test',
        'access-control-request-method': 'POST',
      })
      assert.equal(foreign.headers['access-control-allow-methods'], undefined)
      const large = await send('POST', path, { ...FORM, origin: own }, 'x'.repeat(70_000))
      assert.deepEqual([large.statusCode, large.headers['access-control-allow-origin']], [413, own])
    }
  })

  test('A104 a poisoned Host changes no document, no redirect and no link, and pages say what differs (design.md §2.1)', async () => {
    const honest = (await send('GET', '/.well-known/openid-configuration')).body
    const POISON = [
      { host: 'evil.test' },
      { host: 'gate.example:8443' },
      { host: 'gate.example.evil.test' },
      { host: 'evil.test#gate.example' },
      { host: '"><script>alert(1)</script>' },
    ]
    const FORWARDED = {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.test;proto=http',
      'x-forwarded-port': '1',
    }
    const url = authorizeUrl(client, pkce().challenge, { prompt: 'none' })
    for (const headers of POISON) {
      assert.equal((await send('GET', '/.well-known/openid-configuration', headers)).body, honest)
      const page = await send('GET', url, headers)
      assert.equal(page.statusCode, 421)
      assert.equal(page.headers.location, undefined)
      assert.equal(page.headers['set-cookie'], undefined)
      assert.equal(page.body.includes('<script>alert'), false)
      assert.match(page.body, /href="https:\/\/gate\.example"/)
      assert.doesNotMatch(page.body, /(?:href|src|action)="[^"]*evil/)
    }
    assert.equal((await send('GET', '/.well-known/openid-configuration', FORWARDED)).body, honest)
    const answer = await send('GET', url, FORWARDED)
    assert.ok(String(answer.headers.location).includes(`iss=${encodeURIComponent(server.config.issuer)}`))
    const browser = server.browser()
    const form = await browser.follow(await browser.get(authorizeUrl(client, pkce().challenge), { headers: FORWARDED }))
    assert.doesNotMatch(form.body, /evil/)
  })

  test('A104 a line break in any parameter splits no header (RFC 9110 §5.5)', async () => {
    const names = [
      'client_id',
      'redirect_uri',
      'state',
      'scope',
      'response_type',
      'response_mode',
      'nonce',
      'prompt',
      'login_hint',
      'ui_locales',
      'claims',
      'id_token_hint',
      'parked',
      'anything',
    ]
    const browser = await signedInBrowser(server, client, user)
    for (const name of names) {
      for (const injected of ['x\r\nx-injected: 1', 'x\nset-cookie: a=b', 'x\r\n\r\n<script>']) {
        const answer = await ask(browser, client, { [name]: injected })
        assert.equal(answer.headers['x-injected'], undefined)
        assert.doesNotMatch(JSON.stringify(answer.headers), /\\r|\\n|a=b/)
        const out = await browser.get(
          `/logout?${new URLSearchParams({ [name]: injected, post_logout_redirect_uri: injected })}`,
        )
        assert.doesNotMatch(JSON.stringify(out.headers), /\\r|\\n|x-injected/)
      }
    }
    const page = await arrive(server.browser(), client, { login_hint: 'x\r\nx-injected: 1' })
    assert.equal(page.headers['x-injected'], undefined)
  })
})
