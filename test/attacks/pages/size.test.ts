import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { after, before, suite, test } from 'node:test'
import { buildApp } from '../../../src/app.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { answerAt, arrive, assertPage, closeClean, routesOf } from '../front-channel.ts'

suite('too much of everything', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer({
      CEILING_ADDRESS_PER_MINUTE: '100000',
      LIMIT_DEFAULT_PER_HOUR: '100000',
      LIMIT_CLIENT_AUTH_PER_MINUTE: '1000',
    })
    client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
  })
  after(() => closeClean(server))

  const FORM = { host: 'gate.example', 'content-type': 'application/x-www-form-urlencoded' }
  const post = (url: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
    server.app.inject({ method: 'POST', url, headers: { ...FORM, ...headers }, payload })
  /** Every path there is, and one that there is not. */
  const paths = () => [...new Set(routesOf(server.app).map(({ path }) => path)), '/nothing']

  /** The best of some tries: the machine that runs this may be busy with something else. */
  async function bestOf(tries: number, work: () => Promise<unknown>): Promise<number> {
    const times: number[] = []
    for (let i = 0; i < tries; i += 1) {
      const began = performance.now()
      await work()
      times.push(performance.now() - began)
    }
    return Math.min(...times)
  }

  test('A152 a body of 10 MB is refused on every route, and one of 64 kB is the most (ASVS 4.3.1)', async () => {
    const large = Buffer.alloc(10_485_760, 'a')
    for (const path of paths()) {
      const answer = await post(path, large)
      assert.ok([413, 404].includes(answer.statusCode), `${path} ${answer.statusCode}`)
    }
    assert.equal((await post('/token', `a=${'x'.repeat(65_535)}`)).statusCode, 413)
    assert.equal((await post('/token', `a=${'x'.repeat(65_534)}`)).statusCode, 401)
    assertPage(await post('/login', large), 'payload_too_large', 413)
  })

  test('A152 ten thousand parameters are refused on every route, fast (ASVS 15.3.7)', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `p${i}=`).join('&')
    for (const path of paths()) {
      const time = await bestOf(3, async () => {
        const answer = await post(path, many)
        assert.ok(answer.statusCode >= 300 && answer.statusCode < 500, `${path} ${answer.statusCode}`)
      })
      assert.ok(time < 100, `${path} ${time}`)
    }
    const repeated = await post('/token', 'a=b&'.repeat(16_000))
    assert.equal(repeated.statusCode, 400)
    assertPage(await server.browser().get(`/authorize?${many}`), 'invalid_request')
  })

  test('A152 an address, a header or a cookie of 64 kB is 431, and a body without end is 413 (RFC 6585 §5)', async () => {
    const other = await buildApp(server.deps)
    await other.listen({ host: '127.0.0.1', port: 0 })
    const { port } = other.server.address() as AddressInfo
    const send = (path: string, headers: Record<string, string>, body?: 'endless') =>
      new Promise<number | undefined>((resolve, reject) => {
        const method = body ? 'POST' : 'GET'
        const request = httpRequest({
          host: '127.0.0.1',
          port,
          path,
          method,
          headers: { host: 'gate.example', ...headers },
        })
        request.on('response', (response) => {
          response.resume()
          resolve(response.statusCode)
          request.destroy()
        })
        request.on('error', (error) => (body ? undefined : reject(error)))
        if (!body) request.end()
        else {
          const more = () => {
            while (request.writable && request.write(Buffer.alloc(16_384, 'a'))) {}
          }
          request.on('drain', more)
          more()
        }
      })
    const long = 'a'.repeat(65_536)
    assert.equal(await send(`/authorize?state=${long}`, {}), 431)
    assert.equal(await send('/authorize', { 'x-long': long }), 431)
    assert.equal(await send('/authorize', { cookie: `__Host-session=${long}` }), 431)
    assert.equal(await send('/login', { cookie: Array.from({ length: 3000 }, (_, i) => `c${i}=x`).join('; ') }), 431)
    assert.equal(await send('/token', FORM, 'endless'), 413)
    await other.close()
  })

  for (const [what, claims] of [
    ['10 000 levels of lists', `{"userinfo":{"name":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`],
    ['10 000 levels of objects', `${'{"userinfo":'.repeat(5000)}null${'}'.repeat(5000)}`],
    ['10 000 keys', `{"userinfo":{${Array.from({ length: 6000 }, (_, i) => `"k${i}":null`).join()}}}`],
    ['keys like numbers', `{"userinfo":{${Array.from({ length: 6000 }, (_, i) => `"${i * 1_048_583}":null`).join()}}}`],
    ['a number of 60 000 digits', `{"userinfo":{"name":{"value":${'9'.repeat(60_000)}}}}`],
    ['a key named like a prototype', '{"userinfo":{"__proto__":{"essential":true},"constructor":null}}'],
    ['no end', `{"userinfo":${'{'.repeat(60_000)}`],
  ] as const) {
    test(`A154 claims of ${what} cost nothing, and end nothing (ASVS 15.3.6)`, async () => {
      const url = new URL(authorizeUrl(client, pkce().challenge, { prompt: 'none', claims }), server.config.issuer)
      const fields = Object.fromEntries(url.searchParams)
      const browser = server.browser()
      const time = await bestOf(4, async () => {
        const parked = await browser.postFromElsewhere('/authorize', fields)
        if (parked.statusCode === 303) {
          const { error } = answerAt(await browser.follow(parked), client, server)
          assert.ok(['invalid_request', 'login_required'].includes(error ?? ''), error)
        } else assert.equal(parked.statusCode, 413)
      })
      assert.ok(time < 100, `${time} ms`) // nor can the event loop have been held for longer
    })
  }

  test('A154 nothing but a form is parsed: JSON of any depth is refused unread (ASVS 4.1.1)', async () => {
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
    for (const path of paths()) {
      const answer = await post(path, deep, { 'content-type': 'application/json' })
      assert.ok(answer.statusCode >= 300 && answer.statusCode < 500, `${path} ${answer.statusCode}`)
    }
  })

  test('A157 the worst texts of 60 kB take linear time, wherever they are read (ASVS 1.3.12)', async () => {
    const browser = server.browser()
    const signUp = await arrive(browser, client, { prompt: 'create' })
    const csrf = /name="csrf" value="([^"]+)"/.exec(signUp.body)?.[1] ?? ''
    const action = /action="(\/signup[^"]+)"/.exec(signUp.body)?.[1] ?? ''
    const account = { csrf, username: 'x', email: 'x', password: 'x' }
    const n = 60_000
    const form = (fields: Record<string, string>) => browser.post(action, { ...account, ...fields })
    const authorize = (more: Record<string, string>) => () =>
      browser.get(authorizeUrl(client, pkce().challenge, { prompt: 'none', ...more }))
    const get = (headers: Record<string, string>) => () =>
      server.app.inject({ url: '/login?id=x', headers: { host: 'gate.example', ...headers } })
    const token = (authorization: string) => () => post('/token', 'grant_type=client_credentials', { authorization })
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const worst: Readonly<Record<string, () => Promise<unknown>>> = {
      'e-mail of letters': () => form({ email: 'a'.repeat(n) }),
      'e-mail of dots': () => form({ email: `a@${'a.'.repeat(n / 2)}` }),
      'e-mail of hyphens': () => form({ email: `a@a${'-'.repeat(n)}!` }),
      'user name': () => form({ username: `${'a'.repeat(n)}!` }),
      password: () => form({ password: `${' '.repeat(n)}a` }),
      'scope of tokens': authorize({ scope: 'a '.repeat(n / 2) }),
      'scope of spaces': authorize({ scope: `openid${' '.repeat(n)}x` }),
      'redirect URI of dots': authorize({ redirect_uri: `com${'.a'.repeat(n / 2)}!` }),
      'redirect URI of slashes': authorize({ redirect_uri: `https://${'/'.repeat(n)}` }),
      'loopback URI': authorize({ redirect_uri: `http://127.0.0.1:${'1'.repeat(n)}` }),
      challenge: authorize({ code_challenge: `${'a'.repeat(n)}!` }),
      prompt: authorize({ prompt: 'login '.repeat(n / 6) }),
      ui_locales: authorize({ ui_locales: 'a-'.repeat(1000) }),
      'ID token hint': authorize({ id_token_hint: `${'a.'.repeat(8000)}` }),
      'query of ampersands': () => browser.get(`/authorize?${'&'.repeat(n)}`),
      'query of equals signs': () => browser.get(`/authorize?${'='.repeat(n)}`),
      'query of plus signs': () => browser.get(`/authorize?a=${'+'.repeat(n)}`),
      'user agent': get({ 'user-agent': `Mozilla/${'5.0 ('.repeat(n / 5)}` }),
      'accept-language': get({ 'accept-language': 'a-a;q=0.1,'.repeat(n / 10) }),
      'accept-language of spaces': get({ 'accept-language': `${' '.repeat(n)}x` }),
      'cookies of nothing': get({ cookie: '; '.repeat(n / 2) }),
      'cookies of one name': get({ cookie: '__Host-session='.repeat(n / 15) }),
      'Basic of nothing': token(`Basic ${'='.repeat(n)}`),
      'Basic of spaces': token(`Basic${' '.repeat(n)}x`),
      'Basic of colons': token(basic(':'.repeat(40_000))),
      'Basic of percent signs': token(basic(`${'%41'.repeat(13_000)}:x`)),
      'content type': () =>
        post('/token', 'a=b', { 'content-type': `application/x-www-form-urlencoded;${' '.repeat(n)}x` }),
      origin: () =>
        server.app.inject({
          url: '/userinfo',
          headers: { host: 'gate.example', origin: `https://${'a.'.repeat(n / 2)}` },
        }),
      bearer: () =>
        server.app.inject({
          url: '/userinfo',
          headers: { host: 'gate.example', authorization: `Bearer ${'a.'.repeat(n / 2)}` },
        }),
    }
    const times: [string, number][] = []
    for (const [what, work] of Object.entries(worst)) times.push([what, await bestOf(4, work)])
    assert.deepEqual(
      times.filter(([, time]) => time > 50),
      [],
    )
  })
})
