import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { ensureDemo } from '../../src/http/demo/demo.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { startServer, type TestServer } from '../support/server.ts'

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  assert.ok(typeof address === 'object' && address)
  return address.port
}

suite('the demo', () => {
  let server: TestServer
  before(async () => {
    const port = await freePort()
    server = await startServer({ ISSUER: `http://localhost:${port}` })
    await ensureDemo(server.deps)
    await server.app.listen({ host: 'localhost', port }) // its API reads the keys over the network
  })
  after(() => server.close())

  const get = (url: string, headers: Record<string, string> = {}) => server.app.inject({ url, headers })
  const api = (token: string) => get('/demo/api/greeting', { authorization: `Bearer ${token}` })

  /** A machine's token for a resource. */
  async function tokenFor(resource: string, scope: string): Promise<string> {
    const client = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid demo:read',
      resources: [`${server.config.issuer}/demo/api`, 'https://api.example'],
    })
    const form = { grant_type: 'client_credentials', resource, scope }
    const answer = await server.post('/token', form, { authorization: client.basic })
    return answer.json<{ access_token: string }>().access_token
  }

  test('a second start writes nothing, and leaves a demo disabled that was disabled (design.md §11)', async () => {
    const written = async () => (await server.audited()).filter((type) => type.endsWith('.put')).length
    const before = await written()
    await ensureDemo(server.deps)
    const clientId = 'postern-demo'
    const { clients } = server.deps.store
    const changed = () => administrationEvent(server.deps, 'client.changed', 'operator', { clientId })
    await clients.setDisabled(clientId, true, changed())
    await ensureDemo(server.deps)
    assert.equal(await written(), before)
    assert.ok((await clients.find(clientId))?.disabledAt)
    await clients.setDisabled(clientId, false, changed())
  })

  test('a demo that was tampered with is mended at the next start (design.md §11)', async () => {
    const clientId = 'postern-demo'
    await server.register({ client_id: clientId, redirect_uris: ['https://elsewhere.example/'] })
    await ensureDemo(server.deps)
    const client = await server.deps.store.clients.find(clientId)
    assert.deepEqual(client?.redirectUris, [`${server.config.issuer}/demo`])
    assert.deepEqual(client.scope, ['openid', 'profile', 'email', 'demo:read'])
  })

  test('the API answers a token that is for it and has its scope (RFC 9068 §4)', async () => {
    const answer = await api(await tokenFor(`${server.config.issuer}/demo/api`, 'demo:read'))
    assert.equal(answer.statusCode, 200, answer.body)
    assert.equal(answer.json().scope, 'demo:read')
  })

  test('the API refuses a token without its scope with 403 and says which (RFC 6750 §3.1)', async () => {
    const answer = await api(await tokenFor(`${server.config.issuer}/demo/api`, 'openid'))
    assert.equal(answer.statusCode, 403, answer.body)
    assert.match(String(answer.headers['www-authenticate']), /error="insufficient_scope".*scope="demo:read"/)
  })

  test('the API refuses no token, nonsense, and a token for another with 401 (RFC 6750 §3.1, RFC 9068 §4)', async () => {
    await server.registerResource({
      identifier: 'https://api.example',
      name: 'Another',
      scopes: {},
      introspectionClients: [],
    })
    const bare = await get('/demo/api/greeting')
    assert.equal(bare.statusCode, 401)
    assert.equal(bare.headers['www-authenticate'], 'Bearer realm="demo", scope="demo:read"')
    server.clock.advance(6) // resources are remembered for five seconds
    for (const token of ['a.b.c', await tokenFor('https://api.example', 'openid')]) {
      const answer = await api(token)
      assert.equal(answer.statusCode, 401, answer.body)
      assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/)
    }
  })

  test('the page names scripts by version, which may be kept for good, and nothing else may (RFC 8246)', async () => {
    const page = await get('/demo', { host: new URL(server.config.issuer).host })
    assert.equal(page.headers['cache-control'], 'no-store')
    const script = /src="(\/demo\/assets\/[^"]+)"/.exec(page.body)?.[1] ?? ''
    const app = await get(script)
    const library = /from '\.(\/[^']+)'/.exec(app.body)?.[1]
    for (const path of [script, `/demo/assets${library}`]) {
      const named = await get(path, { 'accept-encoding': 'gzip' })
      assert.equal(named.statusCode, 200, path)
      assert.equal(named.headers['content-type'], 'text/javascript; charset=utf-8')
      assert.equal(named.headers['content-encoding'], 'gzip')
      assert.match(String(named.headers['cache-control']), /immutable/)
      const bare = await get(path.replace(/\?.*/, ''))
      assert.doesNotMatch(String(bare.headers['cache-control']), /immutable/)
      const again = await get(path, { 'if-none-match': String(named.headers.etag) })
      assert.equal(again.statusCode, 304)
      assert.equal(again.body, '')
    }
  })
})

test('away from loopback there is no demo (design.md §5.7)', async (t) => {
  const server = await startServer()
  t.after(() => server.close())
  for (const url of ['/demo', '/demo/assets/demo.js', '/demo/api/greeting']) {
    assert.equal((await server.app.inject(url)).statusCode, 404, url)
  }
})

test('an issuer with a path has its demo below it (design.md §2.1)', async (t) => {
  const server = await startServer({ ISSUER: 'http://localhost:8080/auth' })
  t.after(() => server.close())
  const page = await server.app.inject({ url: '/auth/demo', headers: { host: 'localhost:8080' } })
  assert.match(page.body, /data-redirect-uri="http:\/\/localhost:8080\/auth\/demo"/)
  const [, script = ''] = /src="(\/auth\/demo\/assets\/[^"]+)"/.exec(page.body) ?? []
  assert.equal((await server.app.inject(script)).statusCode, 200)
})
