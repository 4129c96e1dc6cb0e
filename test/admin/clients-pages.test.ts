import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { type BrowserSession, formsOf } from '../support/browser-session.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Sends the form of a page that posts to an address with this end, with what it has but for these fields. */
function press(
  browser: BrowserSession,
  page: { readonly body: string },
  end: string,
  fields: Readonly<Record<string, string>> = {},
) {
  const form = formsOf(page.body).find(({ action }) => action.endsWith(end))
  assert.ok(form, page.body)
  const grants = form.names.includes('grant_types') ? { grant_types: 'authorization_code' } : {} // of several, one is kept
  return browser.post(form.action, { ...form.fields, ...grants, ...fields })
}

const decoded = (body: string) => body.replaceAll('&#39;', "'").replaceAll('&amp;', '&').replaceAll('&quot;', '"')

suite('the console: clients and resources', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  const submitNew = async (fields: Readonly<Record<string, string>>) => {
    const { browser } = await signInAsAdministrator(server)
    return { browser, answer: await press(browser, await browser.get('/admin/clients/new'), '/admin/clients', fields) }
  }

  test('a public client is made and changed with a form that explains and warns', async () => {
    const { browser, answer } = await submitNew({
      client_id: 'app',
      client_name: 'App <b>',
      redirect_uris: 'http://127.0.0.1/callback\nhttps://app.example/callback',
      grant_types: 'authorization_code',
    })
    assert.equal(answer.headers.location, '/admin/clients/app?done=created', answer.body)
    const page = await browser.follow(answer)
    assert.match(page.body, /It was created\./)
    assert.match(page.body, /App &lt;b&gt;/)
    assert.match(page.body, /A loopback redirect URI takes any port/)
    assert.match(page.body, /postern client update app/)
    const saved = await press(browser, page, '/clients/app', {
      first_party: 'yes',
      policy_uri: 'https://app.example/privacy',
    })
    assert.equal(saved.headers.location, '/admin/clients/app?done=saved', saved.body)
    const stored = await server.deps.store.clients.find('app')
    assert.deepEqual(
      [stored?.firstParty, stored?.requirePkce, stored?.policyUri, stored?.allowedOrigins],
      [true, true, 'https://app.example/privacy', ['http://127.0.0.1', 'https://app.example']],
    )
    const stale = await press(browser, page, '/clients/app', { client_name: 'Late' })
    assert.equal(stale.statusCode, 412)
    assert.match(stale.body, /Somebody else has changed this meanwhile/)
    const cleared = await press(browser, await browser.get('/admin/clients/app'), '/clients/app', { policy_uri: '' })
    assert.equal(cleared.statusCode, 303, cleared.body)
    assert.equal((await server.deps.store.clients.find('app'))?.policyUri, undefined)
  })

  test('what is wrong is said at its field, and what was typed stays', async () => {
    const { answer } = await submitNew({ client_id: 'wrong', client_name: 'Kept', redirect_uris: 'nonsense' })
    assert.equal(answer.statusCode, 400)
    assert.match(answer.body, /<title>Error:/)
    assert.match(answer.body, /id="redirect_uris-fault"/)
    assert.match(answer.body, /value="Kept"/)
  })

  test('a confidential client shows its secret once, and on no other page', async () => {
    const { browser, answer } = await submitNew({
      client_id: 'service',
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: 'https://service.example/callback',
    })
    assert.equal(answer.statusCode, 201, answer.body)
    const [, secret = ''] = /id="client-secret">(cs_[\w-]{43})</.exec(answer.body) ?? []
    assert.notEqual(secret, '')
    assert.equal(answer.headers['cache-control'], 'no-store')
    const twice = await press(browser, await browser.get('/admin/clients/new'), '/admin/clients', {
      client_id: 'service',
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: 'https://service.example/callback',
    })
    assert.equal(twice.statusCode, 409) // sending the form again makes no second client
    const page = await browser.get('/admin/clients/service')
    assert.ok(!page.body.includes(secret))
    const second = await press(browser, page, '/secrets')
    assert.match(second.body, /This is the only time/)
    const both = await browser.get('/admin/clients/service')
    assert.doesNotMatch(both.body, /add-secret-form/)
    const removed = await press(browser, both, '/remove')
    assert.equal(removed.headers.location, '/admin/clients/service?done=removed')
  })

  test('a client is disabled, enabled, relieved of its grants, and deleted once its id is typed', async () => {
    const { browser } = await submitNew({ client_id: 'gone', redirect_uris: 'https://gone.example/callback' })
    const at = () => browser.get('/admin/clients/gone')
    const steps = ['/disable', '/enable', '/end-grants']
    for (const step of steps) assert.equal((await press(browser, await at(), step)).statusCode, 303, step)
    const ask = await browser.get('/admin/clients/gone/delete')
    const wrong = await press(browser, ask, '/delete', { confirm: 'something' })
    assert.equal(wrong.statusCode, 400)
    const done = await press(browser, ask, '/delete', { confirm: 'gone' })
    assert.equal(done.headers.location, '/admin/clients?done=deleted', done.body)
    assert.equal((await at()).statusCode, 404)
    const audited = await server.audited()
    for (const what of ['disabled', 'enabled', 'grants_ended', 'deleted']) assert.ok(audited.includes(`client.${what}`))
  })

  test('the list is found by its filters and paged, each at an address of its own', async () => {
    const { browser } = await signInAsAdministrator(server)
    for (let n = 10; n < 65; n++) await server.register({ client_id: `many-${n}`, client_name: `Many ${n}` })
    const first = await browser.get('/admin/clients?query=MANY')
    assert.match(first.body, /many-59/)
    assert.doesNotMatch(first.body, /many-60|id="first-page"/)
    const [, next = ''] = /id="next-page"[^>]*href="([^"]+)"/.exec(first.body) ?? []
    const second = await browser.get(decoded(next))
    assert.match(second.body, /many-64/)
    assert.match(second.body, /id="first-page"/)
    assert.doesNotMatch(second.body, /id="next-page"/)
    const csv = await browser.get('/admin/clients.csv?query=many')
    assert.match(String(csv.headers['content-type']), /^text\/csv/)
    assert.equal(csv.body.trimEnd().split('\r\n').length, 56)
    assert.equal((await browser.get('/admin/clients?cursor=forged')).statusCode, 400)
  })

  test('who may only read sees the policy and no form', async () => {
    const event = {
      id: '018f0000-0000-7000-8000-000000000001',
      type: 't',
      outcome: 'success',
      actor: 'operator',
    } as const
    const permissions = ['clients:read', 'resources:read']
    await server.deps.store.roles.put({ name: 'reader', description: '', permissions }, event)
    const { browser } = await signInAs(server, ['reader'])
    const page = await browser.get('/admin/clients/app')
    assert.equal(page.statusCode, 200)
    assert.doesNotMatch(page.body, /client-form|disable-client|delete-client/)
    assert.equal((await browser.get('/admin/clients/new')).statusCode, 403)
    assert.equal((await browser.get('/admin/resources')).statusCode, 200)
    assert.equal((await browser.get('/admin/resources/new')).statusCode, 403)
  })

  test('a resource is made, changed and deleted with forms', async () => {
    const { browser } = await signInAsAdministrator(server)
    const identifier = 'https://orders.example/api?v=1'
    const made = await browser.submit(await browser.get('/admin/resources/new'), {
      identifier,
      name: 'Orders',
      scopes: 'orders:read Read your orders\norders:write',
    })
    assert.equal(made.statusCode, 303, made.body)
    const page = await browser.follow(made)
    assert.match(page.body, /orders:read Read your orders/)
    const saved = await browser.submit(page, { scopes_by_role: 'yes' })
    assert.equal(saved.statusCode, 303, saved.body)
    const stored = await server.deps.store.resources.find(identifier)
    assert.deepEqual(
      [stored?.scopes, stored?.scopesByRole],
      [{ 'orders:read': 'Read your orders', 'orders:write': '' }, true],
    )
    const wrong = await browser.submit(await browser.follow(saved), { scopes: 'openid' })
    assert.equal(wrong.statusCode, 400)
    assert.match((await browser.get('/admin/resources.csv')).body, /orders:read orders:write/)
    const ask = await browser.get(`/admin/resources/${encodeURIComponent(identifier)}/delete`)
    const gone = await press(browser, ask, '/delete', { confirm: identifier })
    assert.equal(gone.headers.location, '/admin/resources?done=deleted', gone.body)
  })
})
