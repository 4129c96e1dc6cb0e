import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import type { BrowserSession } from '../../support/browser-session.ts'
import {
  authorizeUrl,
  obtainTokens,
  pkce,
  startServer,
  type TestClient,
  type TestServer,
} from '../../support/server.ts'
import { closeClean, type Method, type Route, routesOf } from '../front-channel.ts'

const RUNS = 1500
/** What would end the session that the other routes are asked with. */
const ENDS_IT = /^\/(?:logout|account\/sign-out)$/

suite('a short fuzz of every route', () => {
  let server: TestServer
  let client: TestClient
  let routes: readonly Route[]
  let browser: BrowserSession
  let seeds: Readonly<Record<string, readonly string[]>>
  before(async () => {
    server = await startServer({
      SMTP_URL: 'smtp://127.0.0.1:1',
      CEILING_ADDRESS_PER_MINUTE: '1000000',
      LIMIT_DEFAULT_PER_HOUR: '1000000',
      LIMIT_AUTH_PER_MINUTE: '20', // most attempts cost no hash
    })
    client = await server.register({ token_endpoint_auth_method: 'client_secret_post' })
    routes = routesOf(server.app)
    const user = await server.makeUser()
    const { tokens, browser: signedIn } = await obtainTokens(server, client, user)
    browser = signedIn
    const { challenge, verifier } = pkce()
    const parameters = new URL(authorizeUrl(client, challenge), 'https://x').searchParams
    const page = await browser.get('/account/profile')
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    const waiting = await browser.get(authorizeUrl(client, challenge, { prompt: 'consent' }))
    const [, interaction = ''] = /id=([0-9a-f-]{36})/.exec(String(waiting.headers.location)) ?? []
    seeds = {
      ...Object.fromEntries([...parameters].map(([name, value]) => [name, [value]])),
      grant_type: ['authorization_code', 'refresh_token', 'client_credentials', 'password'],
      client_secret: [client.clientSecret],
      code: ['ac_x', '000000', 'aaaa-bbbb-cccc'],
      code_verifier: [verifier],
      refresh_token: [tokens.refresh_token],
      token: [tokens.access_token, tokens.refresh_token, 'rp_x', 've_x'],
      id_token_hint: [tokens.id_token],
      prompt: ['none', 'login', 'consent', 'create', 'select_account'],
      max_age: ['0', '-1', '1e9'],
      claims: ['{"id_token":{"acr":null}}', '{', '[]', '{"userinfo":{"__proto__":1}}'],
      resource: ['https://api.example', 'x'],
      response_mode: ['query', 'form_post', 'fragment'],
      ui_locales: ['de', 'fr-CH, de;q=0', 'x-'],
      csrf: [csrf],
      id: [interaction, user.id, 'x'],
      do: ['rename', 'remove', 'regenerate', 'end', 'revoke', 'resend', 'cancel'],
      decision: ['allow', 'deny'],
      username: [user.username],
      password: ['x'],
      current: ['x'],
      email: [user.email, 'a@b'],
      name: ['My phone'],
      restart: ['AAAA'],
      invitation: ['al_x'],
      bounced: ['1'],
      done: ['profileSaved', 'constructor'],
      post_logout_redirect_uri: ['https://app.example/out'],
      login: [user.username],
    }
  })
  after(() => closeClean(server))

  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom(
      '',
      '\0',
      '\ud83d\ude00'.repeat(1200),
      `x${'\ud83d\ude00'.repeat(1200)}`,
      'a'.repeat(5000),
      "' or '1'='1",
      '%00',
      '%ZZ',
      '../../etc/passwd',
      '__proto__',
      'constructor',
      'toString',
      '{"a":',
      '\u2028',
      '\r\nx: y',
      '<script>',
      '-1',
      '1e400',
      'NaN',
      '00000000-0000-0000-0000-000000000000',
      '\uffff',
      'İ',
      'ß'.repeat(200),
    ),
  )
  const given = fc.record(
    {
      place: fc.nat(),
      known: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.option(nasty, { freq: 3 })), { maxLength: 8 }),
      odd: fc.array(fc.tuple(nasty, nasty), { maxLength: 2 }),
      inQuery: fc.boolean(),
      isRaw: fc.nat({ max: 9 }),
      raw: fc.string({ unit: 'binary', maxLength: 200 }),
      type: fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded',
        'application/json',
        'multipart/form-data',
        'text/plain; charset=x',
        '',
      ),
      isSignedIn: fc.boolean(),
      origin: fc.constantFrom('https://gate.example', 'https://gate.example', 'null', undefined),
      authorization: fc.option(fc.constantFrom('Bearer x', 'Basic x', 'Basic Og==', 'DPoP x', ' ', 'Basic 4pyT'), {
        freq: 4,
      }),
      header: fc.option(fc.constantFrom('\u00ff\u00fe', 'a'.repeat(8000), 'text/html', '*', ',;=', '"'), { freq: 3 }),
    },
    { noNullPrototype: true },
  )
  type Given = typeof given extends fc.Arbitrary<infer T> ? T : never

  /** Percent-encodes whatever it is: half a surrogate pair goes as the bytes that a careless client would send. */
  const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

  function send(each: Given) {
    const route = routes[each.place % routes.length]!
    const names = Object.keys(seeds)
    const pairs = [
      ...each.known.map(([name, value, other]): [string, string] => {
        const key = names[name % names.length]!
        return [key, other ?? seeds[key]![value % seeds[key]!.length]!]
      }),
      ...each.odd,
    ]
    const form = pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
    const hasBody = (['POST', 'PUT', 'PATCH', 'DELETE'] as readonly Method[]).includes(route.method)
    const isInQuery = each.inQuery || !hasBody
    const interaction = `id=${seeds.id![0]}`
    const path = route.path.replace(/:\w+/g, () => encoded(pairs[0]?.[1] || 'x')).replace('*', 'x')
    const csrf = isInQuery ? '' : `csrf=${encoded(seeds.csrf![0]!)}&`
    return server.app.inject({
      method: route.method,
      url: `${path}?${isInQuery ? form : interaction}`,
      remoteAddress: '198.51.100.77',
      headers: {
        host: 'gate.example',
        ...(hasBody && each.type ? { 'content-type': each.type } : {}),
        ...(each.isSignedIn && !ENDS_IT.test(route.path)
          ? { cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ') }
          : { cookie: `__Host-session=${each.header ?? 'x'}; __Host-browser=${'A'.repeat(46)}` }),
        ...(each.origin ? { origin: each.origin } : {}),
        ...(each.authorization ? { authorization: each.authorization } : {}),
        ...(each.header ? { accept: each.header, 'accept-language': each.header, 'user-agent': each.header } : {}),
      },
      ...(hasBody ? { payload: each.isRaw === 0 ? each.raw : `${csrf}${form}` } : {}),
    })
  }

  test('A161 whatever is sent to whichever route, nothing fails unplanned, and nothing of ours shows (ASVS 16.5)', async () => {
    const statuses = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(given, async (each) => {
        const answer = await send(each)
        const { statusCode, body } = answer
        statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
        assert.ok(statusCode < 500, `${statusCode} ${answer.raw.req.method} ${answer.raw.req.url}`)
        assert.doesNotMatch(body, /FST_|node_modules|\bat .*\.ts:\d+|PostgresError|syntax error|violates|invalid byte/)
        const { location } = answer.headers
        if (location !== undefined) {
          assert.match(String(location), /^(?:\/(?!\/)|https:\/\/app\.example\/)/)
        }
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    )
    assert.equal((await browser.get('/account')).statusCode, 200, 'the session was there to the end')
    assert.ok((statuses.get(200) ?? 0) > 20 && (statuses.get(400) ?? 0) > 20, JSON.stringify([...statuses]))
  })
})
