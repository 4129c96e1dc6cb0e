import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { API, apiAs, registerAdminClient } from '../../support/administrator.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const MACHINE = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: '' }
const APP = { redirect_uris: ['https://app.example/callback'] }

/** What means something to SQL, to LIKE, to a JSON path, to an object, to a log. */
const CORPUS = [
  "' or '1'='1",
  "'; drop table client; --",
  "x' union select digest::text from client_secret --",
  '") or 1=1 --',
  '%',
  '_______________',
  '\\',
  '%27%20or%201=1',
  '$.secrets[*]',
  "$ ? (@ like_regex '.*')",
  '{"$ne":null}',
  '${7*7}',
  '__proto__',
  'constructor',
  'client_id desc; select pg_sleep(5)',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢\u202e',
  'x'.repeat(5000),
]

const LISTS = {
  '/clients': ['query', 'state'],
  '/resources': [],
  '/audit': ['type', 'outcome', 'actor', 'user_id', 'client_id', 'request_id', 'from', 'to'],
  '/deliveries': ['channel', 'state'],
} as const

suite('attacks on clients, resources and the log by who administers, or pretends to', () => {
  let server: TestServer
  let admin: Awaited<ReturnType<typeof apiAs>>
  before(async () => {
    server = await startServer()
    admin = await apiAs(server, await registerAdminClient(server), ['administrator'])
  })
  after(() => server.close())

  test('A149: a client secret is told in the answer that makes it, and never again', async () => {
    const made = await admin.call('POST', '/clients', { client_id: 'machine', ...MACHINE }, { 'idempotency-key': 'm' })
    const second = await admin.call('POST', '/clients/machine/secrets')
    const page = await admin.browser.get('/admin/clients/new')
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const form = { csrf, client_id: 'by-form', token_endpoint_auth_method: 'client_secret_basic' }
    const told = await admin.browser.post('/admin/clients', { ...form, grant_types: 'client_credentials', scope: '' })
    const secrets = [
      made.json().client_secret,
      second.json().client_secret,
      /cs_[\w-]{43}/.exec(told.body)?.[0],
    ] as string[]
    assert.ok(
      secrets.every((secret) => /^cs_/.test(secret ?? '')),
      told.body,
    )

    const { etag } = (await admin.call('GET', '/clients/machine')).headers
    const changed = await admin.call('PATCH', '/clients/machine', { client_name: 'M' }, { 'if-match': String(etag) })
    assert.equal(changed.statusCode, 200)
    const gets = [
      '/clients',
      '/clients/machine',
      '/clients/machine/secrets',
      '/clients/by-form',
      '/clients/by-form/secrets',
    ]
    const pages = ['clients', 'clients.csv', 'clients/machine', 'clients/by-form', 'audit', 'audit.csv']
    const answers = [
      changed,
      ...(await Promise.all([...gets, '/audit?limit=200', '/audit/export'].map((path) => admin.call('GET', path)))),
      ...(await Promise.all(pages.map((path) => admin.browser.get(`/admin/${path}`)))),
      await admin.call('POST', '/clients/machine/disable'),
    ]
    const shown = [...answers.map(({ statusCode, body }) => `${statusCode} ${body}`), ...server.log]
    for (const secret of secrets) {
      const digest = digestOf(secret)
      for (const form of [secret, secret.slice(3), digest.toString('hex'), digest.toString('base64url')]) {
        assert.ok(!shown.some((text) => text.includes(form)))
      }
    }
    assert.ok(
      answers.every(({ statusCode }) => statusCode === 200),
      String(answers.map((one) => one.statusCode)),
    )
  })

  test('A150: what is typed into a filter is text: it finds what is so called, and breaks nothing', async () => {
    for (const [path, names] of Object.entries(LISTS)) {
      for (const name of names) {
        for (const text of CORPUS) {
          const answer = await admin.call('GET', `${path}?${name}=${encodeURIComponent(text)}`)
          assert.ok([200, 400].includes(answer.statusCode), `${path} ${name} ${text}: ${answer.body}`)
          if (answer.statusCode === 200) assert.deepEqual(answer.json().items, [], `${path} ${name} ${text}`)
        }
      }
      const nul = await admin.call('GET', `${path}?cursor=%00`)
      assert.equal(nul.statusCode, 400)
    }
  })

  test('A150: nobody chooses an order, a column or a table', async () => {
    for (const path of Object.keys(LISTS)) {
      for (const query of [
        'sort=client_id',
        'order_by=(select 1)',
        'fields=secrets',
        'limit=1;drop',
        'limit=0',
        'limit=1e9',
      ]) {
        assert.equal((await admin.call('GET', `${path}?${encodeURI(query)}`)).statusCode, 400, `${path}?${query}`)
      }
    }
  })

  test('A150: a cursor is ours, of this list and of this filter, or it is refused', async () => {
    for (let n = 0; n < 3; n++) await admin.call('POST', '/clients', { client_id: `cursor-${n}`, ...APP })
    const cursor: string = (await admin.call('GET', '/clients?limit=1&query=cursor-')).json().next_cursor
    const other: string = (await admin.call('GET', '/audit?limit=1')).json().next_cursor
    const flipped = Buffer.from(cursor, 'base64url')
    flipped[flipped.length - 1]! ^= 1
    const forged = [
      other,
      flipped.toString('base64url'),
      cursor.slice(0, -2),
      `${cursor}AA`,
      `${cursor}=`,
      Buffer.from('cursor-0').toString('base64url'),
      Buffer.from(JSON.stringify({ after: "' or 1=1" })).toString('base64url'),
      'AAAA',
      '',
    ]
    for (const text of forged) {
      const answer = await admin.call('GET', `/clients?query=cursor-&cursor=${encodeURIComponent(text)}`)
      assert.equal(answer.statusCode, 400, text)
    }
    assert.equal((await admin.call('GET', `/clients?query=cursor&cursor=${cursor}`)).statusCode, 400) // another filter
    assert.equal((await admin.call('GET', `/clients?query=cursor-&limit=2&cursor=${cursor}`)).statusCode, 200)
    assert.equal((await admin.browser.get(`/admin/audit?cursor=${cursor}`)).statusCode, 400)
  })

  test('A150: names that mean something elsewhere are names, in bodies and in paths', async () => {
    const identifier = "https://api.example/'--/%27"
    const scopes = { __proto__x: 'a', constructor: 'b', "a';--": 'c', '$.a': 'd' }
    const made = await admin.call('POST', '/resources', { identifier, scopes })
    assert.equal(made.statusCode, 201, made.body)
    const read = await admin.call('GET', `/resources/${encodeURIComponent(identifier)}`)
    assert.deepEqual(read.json().scopes, scopes)
    for (const text of CORPUS) {
      const path = encodeURIComponent(text)
      for (const place of [`/clients/${path}`, `/resources/${path}`, `/audit/${path}`]) {
        const answer = await admin.call('GET', place)
        assert.ok([400, 404].includes(answer.statusCode), `${place}: ${answer.body}`)
      }
      assert.ok([400, 404].includes((await admin.call('DELETE', `/keys/${path}`)).statusCode))
      assert.equal((await admin.call('POST', '/clients', { client_id: text, ...APP })).statusCode === 500, false)
    }
    const polluted = await server.app.inject({
      method: 'POST',
      url: `${API}/clients`,
      headers: {
        host: new URL(server.config.issuer).host,
        authorization: `Bearer ${admin.token}`,
        'content-type': 'application/json',
      },
      payload: '{"client_id":"polluted","redirect_uris":["https://a.example/c"],"__proto__":{"first_party":true}}',
    })
    assert.equal(polluted.statusCode, 400)
    assert.equal(({} as { first_party?: boolean }).first_party, undefined)
  })

  test('A151: what a spreadsheet would compute is text in every export', async () => {
    const formulas = ["=cmd|' /C calc'!A0", '+1+1', '-2+3', '@SUM(1,1)', '＝1+1']
    for (const [index, client_name] of formulas.entries()) {
      const made = await admin.call('POST', '/clients', { client_id: `-formula-${index}`, client_name, ...APP })
      assert.equal(made.statusCode, 201, made.body)
      await admin.call('POST', '/resources', { identifier: `https://${index}.example`, name: client_name })
    }
    const headers = { 'user-agent': '=HYPERLINK("https://evil.example","click")' }
    await server.app.inject({
      method: 'POST',
      url: '/token',
      headers: {
        host: new URL(server.config.issuer).host,
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from('machine:wrong').toString('base64')}`,
        ...headers,
      },
      payload: 'grant_type=client_credentials',
    })
    for (const name of ['clients', 'resources', 'audit', 'keys', 'deliveries']) {
      const { statusCode, body, headers } = await admin.browser.get(`/admin/${name}.csv`)
      assert.equal(statusCode, 200, name)
      assert.match(String(headers['content-disposition']), /^attachment; filename="/)
      const cells = cellsOf(body)
      assert.deepEqual(
        cells.filter((cell) => /^[=+\-@\t\r＝]/.test(cell)),
        [],
        name,
      )
    }
    const clients = cellsOf((await admin.browser.get('/admin/clients.csv')).body)
    for (const formula of [...formulas, '-formula-0']) assert.ok(clients.includes(`'${formula}`), formula)
    const events = cellsOf((await admin.browser.get('/admin/audit.csv')).body)
    assert.ok(events.includes(`'${headers['user-agent']}`))
  })
})

/** The cells of a file as a spreadsheet reads it. RFC 4180 */
function cellsOf(csv: string): readonly string[] {
  const cells = [...csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(?:,|\r\n)/g)]
  return cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
}
