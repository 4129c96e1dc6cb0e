// What another site, a cache or a crafted address can do with the browser of an administrator.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { OPERATIONS } from '../../../src/http/admin-api/operations.ts'
import { API, callWith, callWithSession, signInAs, signInAsAdministrator } from '../../support/administrator.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { routesOf } from '../front-channel.ts'

const NOBODY = '018f0000-0000-7000-8000-00000000dead'
const HOST = 'gate.example'
const JSON_BODY = JSON.stringify({ name: 'planted', permissions: [] })
/** What a visit is noted in. */
const NOTED = /^(?:session|interaction|lease|audit_.*)$/

suite('the administration in a hostile browser', () => {
  let server: TestServer
  let admin: Awaited<ReturnType<typeof signInAsAdministrator>>
  before(async () => {
    server = await startServer({ CEILING_ADDRESS_PER_MINUTE: '100000' })
    await server.register({ client_id: 'spa' })
    admin = await signInAsAdministrator(server)
  })
  after(() => server.close())

  const pathOf = (path: string) => path.replaceAll(/:\w+/g, NOBODY)
  const pages = (asked: 'GET' | 'POST') =>
    routesOf(server.app)
      .filter(({ method, path }) => method === asked && /^\/admin(?:[/.]|$)/.test(path) && !path.startsWith(API))
      .map(({ path }) => pathOf(path))

  /** Everything that is stored, but for what notes a visit. */
  async function state(): Promise<string> {
    const { db } = server.database
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`.execute(
      db,
    )
    const digests: string[] = []
    for (const { name } of rows.filter((one) => !NOTED.test(one.name))) {
      const table = sql`select ${name}::text as name, md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as digest from ${sql.table(name)} t`
      digests.push(JSON.stringify((await table.execute(db)).rows))
    }
    return digests.join('\n')
  }

  test('no GET and no HEAD changes anything, neither at the console nor in the API (A096)', async () => {
    const call = await callWithSession(server, admin.browser)
    const before = await state()
    assert.ok(pages('GET').length > 20)
    for (const url of pages('GET')) {
      for (const query of ['', '?decision=allow&do=delete&disabled=yes&role=administrator&_method=POST']) {
        await admin.browser.get(url + query, { headers: { 'x-http-method-override': 'DELETE' } })
      }
    }
    for (const { path } of OPERATIONS.filter(({ method }) => method === 'GET')) await call('GET', pathOf(path))
    assert.equal(await state(), before)
  })

  test('no form of the console works from elsewhere, without its token, or with that of somebody else (A096)', async () => {
    const other = await signInAs(server, ['administrator'])
    const csrfOf = async (browser: typeof admin.browser) =>
      /name="csrf" value="([^"]+)"/.exec((await browser.get('/admin')).body)?.[1] ?? ''
    const [own, theirs] = [await csrfOf(admin.browser), await csrfOf(other.browser)]
    const before = await state()
    const refused = new Set<string>()
    for (const url of pages('POST')) {
      const fields = { id: NOBODY, name: 'planted', client_id: 'spa', role: 'administrator', confirm: 'replace' }
      for (const [what, csrf, headers] of [
        ['another origin', own, { origin: 'https://elsewhere.example' }],
        ['an opaque origin', own, { origin: 'null' }],
        ['a neighbour', own, { origin: 'https://evil.gate.example' }],
        ['no token', '', {}],
        ['a token of somebody else', theirs, {}],
      ] as const) {
        const { statusCode } = await admin.browser.post(url, { ...fields, csrf }, headers)
        assert.ok([403, 405].includes(statusCode), `${url} with ${what}: ${statusCode}`)
        if (statusCode === 403) refused.add(url)
      }
    }
    assert.ok(refused.size > 15)
    assert.equal(await state(), before)
  })

  test('a call of the API by cookie is no simple request: its token, our origin and its media type are all needed', async () => {
    const cookie = `__Host-session=${admin.browser.cookies.get('__Host-session')?.value}`
    const { headers } = await callWith(server, undefined)('GET', '/me', undefined, { cookie })
    const csrf = String(headers['x-csrf-token'])
    const origin = 'https://gate.example'
    const post = (more: Record<string, string>) =>
      server.app.inject({
        method: 'POST',
        url: `${API}/roles`,
        headers: { host: HOST, cookie, ...more },
        payload: JSON_BODY,
      })
    const json = { 'content-type': 'application/json' }
    const good = { origin, 'x-csrf-token': csrf }
    for (const [status, more] of [
      [403, { 'content-type': 'text/plain', origin: 'https://elsewhere.example' }],
      [403, { ...json, 'x-csrf-token': csrf, origin: 'https://elsewhere.example' }],
      [403, { ...json, 'x-csrf-token': csrf, origin: 'null' }],
      [403, { ...json, 'x-csrf-token': csrf, 'sec-fetch-site': 'same-site' }],
      [403, { ...json, 'x-csrf-token': csrf }],
      [403, { ...json, origin }],
      [403, { ...json, origin, 'x-csrf-token': csrf.slice(1) }],
      [415, { ...good, 'content-type': 'text/plain' }],
      [415, { ...good, 'content-type': 'application/x-www-form-urlencoded' }],
      [415, { ...good, 'content-type': 'multipart/form-data; boundary=application/json' }],
    ] as const) {
      const answer = await post(more)
      assert.equal(answer.statusCode, status, `${JSON.stringify(more)}: ${answer.body}`)
    }
    assert.equal(await server.deps.store.roles.find('planted'), undefined)
  })

  test('no other origin may read the API, even one that a client has registered, and nothing is cached or framed', async () => {
    for (const origin of ['https://app.example', 'https://elsewhere.example', 'null', 'https://gate.example']) {
      for (const method of ['GET', 'OPTIONS'] as const) {
        const answer = await server.app.inject({
          method,
          url: `${API}/me`,
          headers: { host: HOST, origin, 'access-control-request-method': 'GET' },
        })
        const names = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
        assert.deepEqual([method, origin, names], [method, origin, []])
      }
    }
    const call = await callWithSession(server, admin.browser)
    const answers = [
      await call('GET', '/me'),
      await call('GET', `/users/${NOBODY}`),
      await callWith(server, undefined)('GET', '/me'),
      await admin.browser.get('/admin'),
      await admin.browser.get('/admin/users'),
      await admin.browser.get('/admin/users.csv'),
      await server.browser().get('/admin/users'),
    ]
    for (const { headers } of answers) {
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/)
    }
  })

  /** Sends a request line as it stands. */
  const raw = (target: string, cookies: string) =>
    new Promise<string>((resolve, reject) => {
      const address = server.app.server.address()
      assert.ok(address && typeof address === 'object')
      const socket = connect(address.port, '127.0.0.1')
      let text = ''
      socket.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      socket.on('end', () => resolve(text)).on('error', reject)
      socket.write(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nCookie: ${cookies}\r\nConnection: close\r\n\r\n`)
    })

  test('no address leads elsewhere afterwards: with another host in it, slashes, dots, or a filter of its own (A003)', async () => {
    await server.app.listen({ port: 0, host: '127.0.0.1' })
    const lax = `__Host-session-lax=${admin.browser.cookies.get('__Host-session-lax')?.value}`
    for (const target of [
      'https://evil.example/admin/users',
      'http://evil.example//evil.example/admin',
      '//evil.example/admin',
      '/\\evil.example/admin',
      '/admin/..//evil.example',
      '/admin/%2e%2e/%2e%2e//evil.example',
      '/admin/users/%2f%2fevil.example',
      '/admin/users?x=//evil.example',
      '/admin/users?bounced=1&query=//evil.example',
      '/admin/users/%0d%0alocation:%20https:%2f%2fevil.example',
      '/admin@evil.example',
      '/admin.evil.example',
      'http://[/admin/users',
    ]) {
      for (const cookies of ['', lax]) {
        const answer = await raw(target, cookies)
        const [status = ''] = answer.split('\r\n')
        assert.match(status, /^HTTP\/1\.1 (?:200|303|400|404|421) /, `${target}: ${status}`)
        for (const [, line = ''] of answer.split('\r\n\r\n')[0]?.matchAll(/^(?:location|refresh): (.*)$/gim) ?? []) {
          const url = new URL(line.replace(/^0; url=/, ''), server.config.issuer)
          assert.equal(url.host, HOST, `${target}: ${line}`)
          assert.match(url.pathname, /^\/(?:admin|interaction)/)
        }
      }
    }
  })

  test('after the sign-in the very page is shown, with its filters and without the mark of the way', async () => {
    for (const [asked, shown] of [
      ['/admin/users?bounced=1&query=ada&state=enabled', '/admin/users?query=ada&state=enabled'],
      ['/admin/users?query=a%26b', '/admin/users?query=a%26b'],
      ['/admin/users?bounced=1', '/admin/users'],
      ['/admin/users?bounced=10&query=x', '/admin/users?query=x'],
    ] as const) {
      const browser = server.browser('198.51.100.9')
      const { user } = await signInAs(server, ['administrator'])
      const page = await browser.follow(await browser.get(asked))
      const sent = await browser.submit(page, { username: user.username, password: user.password })
      assert.ok(sent.headers.location, sent.body)
      const { rows } = await sql<{ path: string }>`
        select request->>'ownPath' as path from interaction order by created_at desc limit 1`.execute(
        server.database.db,
      )
      assert.equal(rows[0]?.path, shown)
    }
  })
})
