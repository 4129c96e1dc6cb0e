import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { apiAs, registerAdminClient } from '../support/administrator.ts'
import { startServer, type TestClient, type TestServer } from '../support/server.ts'

const MACHINE = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: '' }
const APP = { redirect_uris: ['https://new.example/callback'] }

suite('the admin API: clients', () => {
  let server: TestServer
  let admin: TestClient
  before(async () => {
    server = await startServer()
    admin = await registerAdminClient(server)
    await server.registerResource({
      identifier: 'https://api.example',
      name: 'API',
      scopes: { 'api:read': 'Read' },
      introspectionClients: [],
    })
  })
  after(() => server.close())
  const administrator = () => apiAs(server, admin, ['administrator'])

  const token = (id: string, secret: string) =>
    server.post('/token', 'grant_type=client_credentials', {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    })

  test('a confidential client comes with a secret that works, told once', async () => {
    const { call } = await administrator()
    const made = await call('POST', '/clients', { client_id: 'machine', ...MACHINE }, { 'idempotency-key': 'machine' })
    assert.equal(made.statusCode, 201, made.body)
    assert.equal(made.headers.location, '/admin/api/v1/clients/machine')
    const { client_secret: secret, ...facts } = made.json()
    assert.match(secret, /^cs_[\w-]{43}$/)
    assert.equal((await token('machine', secret)).statusCode, 200)
    const again = await call('POST', '/clients', { client_id: 'machine', ...MACHINE }, { 'idempotency-key': 'machine' })
    assert.equal(again.body, made.body) // the answer that was lost
    const read = await call('GET', '/clients/machine')
    assert.deepEqual(read.json(), facts)
    assert.equal(read.headers.etag, made.headers.etag)
    assert.equal((await call('POST', '/clients', { client_id: 'machine', ...MACHINE })).statusCode, 409)
  })

  test('a public client has no secret, and an id is chosen where none is given', async () => {
    const { call } = await administrator()
    const made = await call('POST', '/clients', APP)
    assert.equal(made.statusCode, 201, made.body)
    assert.equal(made.json().client_secret, undefined)
    assert.match(made.json().client_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(made.json().allowed_origins, ['https://new.example'])
    assert.equal((await call('POST', `/clients/${made.json().client_id}/secrets`)).statusCode, 409)
  })

  test('the policy is judged as the file and the command line judge it, every fault by its field', async () => {
    const { call } = await administrator()
    const faults = async (body: object) =>
      (await call('POST', '/clients', body)).json().errors?.map(({ field }: { field: string }) => field)
    assert.deepEqual(await faults({ redirect_uris: ['https://a.example/#x'], is_admin: true }), [
      'redirect_uris.0',
      'is_admin',
    ])
    assert.deepEqual(await faults({}), ['redirect_uris'])
    assert.deepEqual(await faults({ ...APP, require_pkce: false, refresh_rotation: false }), [
      'require_pkce',
      'refresh_rotation',
    ])
    assert.deepEqual(await faults({ ...APP, resources: ['https://other.example'] }), ['resources'])
    assert.deepEqual(await faults({ ...APP, resources: ['https://api.example'], scope: 'api:write' }), ['scope'])
  })

  test('a part is changed from the version that was seen; what is left out stays, and null takes away (RFC 7396)', async () => {
    const { call } = await administrator()
    const policy_uri = 'https://new.example/privacy'
    const made = await call('POST', '/clients', { ...APP, client_id: 'app', client_name: 'App', policy_uri })
    const version = { 'if-match': String(made.headers.etag) }
    assert.equal((await call('PATCH', '/clients/app', { client_name: 'x' })).statusCode, 428)
    const uris = ['https://second.example/callback']
    const changed = await call('PATCH', '/clients/app', { redirect_uris: uris, policy_uri: null }, version)
    assert.equal(changed.statusCode, 200, changed.body)
    const { client_name, redirect_uris, allowed_origins, require_pkce, ...rest } = changed.json()
    assert.deepEqual([client_name, redirect_uris, require_pkce], ['App', uris, true])
    assert.deepEqual(allowed_origins, ['https://second.example']) // it follows, as it was not chosen
    assert.ok(!('policy_uri' in rest))
    assert.equal((await call('PATCH', '/clients/app', { client_name: 'x' }, version)).statusCode, 412)
    const any = { 'if-match': '*' }
    assert.equal((await call('PATCH', '/clients/app', { client_id: 'other' }, any)).statusCode, 400)
    assert.equal((await call('PATCH', '/clients/app', { redirect_uris: [] }, any)).statusCode, 400)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'client.updated', clientId: 'app' }, 1)
    assert.deepEqual(event?.detail, {
      before: {
        redirect_uris: APP.redirect_uris,
        allowed_origins: ['https://new.example'],
        policy_uri,
      },
      after: { redirect_uris: uris, allowed_origins: ['https://second.example'] },
    })
  })

  test('of many at once, one makes the client, one changes its version, and two secrets are made', async () => {
    const { call } = await administrator()
    const many = async (run: (n: number) => Promise<{ readonly statusCode: number }>) =>
      (await Promise.all([1, 2, 3, 4, 5, 6].map(run))).map(({ statusCode }) => statusCode).sort()
    assert.deepEqual(
      await many(() => call('POST', '/clients', { client_id: 'race', ...MACHINE })),
      [201, 409, 409, 409, 409, 409],
    )
    const version = { 'if-match': String((await call('GET', '/clients/race')).headers.etag) }
    assert.deepEqual(
      await many((n) => call('PATCH', '/clients/race', { client_name: `R${n}` }, version)),
      [200, 412, 412, 412, 412, 412],
    )
    assert.deepEqual(await many(() => call('POST', '/clients/race/secrets')), [201, 409, 409, 409, 409, 409])
    assert.equal((await call('GET', '/clients/race/secrets')).json().items.length, 2)
  })

  test('two secrets are live at most; each is removed alone, and refused at once', async () => {
    const { call } = await administrator()
    const made = await call('POST', '/clients', { client_id: 'pair', ...MACHINE })
    const second = await call('POST', '/clients/pair/secrets')
    assert.equal(second.statusCode, 201, second.body)
    assert.equal((await call('POST', '/clients/pair/secrets')).statusCode, 409)
    const { items } = (await call('GET', '/clients/pair/secrets')).json()
    assert.equal(items.length, 2)
    const [first] = items.filter(({ id }: { id: string }) => id !== second.json().id)
    assert.equal((await call('DELETE', `/clients/pair/secrets/${first.id}`)).statusCode, 204)
    assert.equal((await call('DELETE', `/clients/pair/secrets/${first.id}`)).statusCode, 404)
    server.clock.advance(6) // a node may know a client for five seconds
    assert.equal((await token('pair', made.json().client_secret)).statusCode, 401)
    assert.equal((await token('pair', second.json().client_secret)).statusCode, 200)
  })

  test('a client is disabled, enabled, relieved of its grants, and deleted', async () => {
    const { call } = await administrator()
    await call('POST', '/clients', { client_id: 'state', ...APP })
    assert.equal((await call('POST', '/clients/state/disable')).json().disabled, true)
    assert.deepEqual(
      (await call('GET', '/clients?state=disabled')).json().items.map((one: { client_id: string }) => one.client_id),
      ['state'],
    )
    assert.equal((await call('POST', '/clients/state/enable')).json().disabled, false)
    assert.ok((await call('POST', '/clients/state/end-grants')).json().grants_ended_at)
    assert.equal((await call('DELETE', '/clients/state')).statusCode, 204)
    assert.equal((await call('GET', '/clients/state')).statusCode, 404)
    const audited = await server.audited()
    for (const what of ['disabled', 'enabled', 'grants_ended', 'deleted']) assert.ok(audited.includes(`client.${what}`))
  })

  test('the list is paged by its key, and finds a part of the id or the name', async () => {
    const { call } = await administrator()
    for (const name of ['one', 'two', 'three']) await call('POST', '/clients', { client_id: `find-${name}`, ...APP })
    const seen: string[] = []
    let cursor = ''
    do {
      const page = (await call('GET', `/clients?query=FIND-&limit=2${cursor}`)).json()
      seen.push(...page.items.map((one: { client_id: string }) => one.client_id))
      cursor = page.next_cursor === undefined ? '' : `&cursor=${page.next_cursor}`
    } while (cursor !== '')
    assert.deepEqual(seen, ['find-one', 'find-three', 'find-two'])
  })

  test('only who may do everything may touch a client of the admin API, and secrets need their own permission', async () => {
    const boss = await administrator()
    await boss.call('POST', '/roles', { name: 'clients', permissions: ['clients:read', 'clients:write'] })
    const { call } = await apiAs(server, admin, ['clients'])
    assert.equal((await call('POST', '/clients', APP)).statusCode, 201)
    assert.equal((await call('POST', '/clients', { ...APP, scope: 'openid postern:admin' })).statusCode, 403)
    const uris = { redirect_uris: ['https://evil.example/callback'] }
    assert.equal((await call('PATCH', `/clients/${admin.clientId}`, uris, { 'if-match': '*' })).statusCode, 403)
    const patch = { scope: 'openid postern:admin' }
    assert.equal((await call('PATCH', '/clients/app', patch, { 'if-match': '*' })).statusCode, 403)
    assert.equal((await call('DELETE', `/clients/${admin.clientId}`)).statusCode, 403)
    assert.equal((await call('POST', '/clients/pair/secrets')).statusCode, 403)
  })

  test('what hands out a secret, or cannot be undone, needs a fresh sign-in', async () => {
    const { call } = await administrator()
    server.clock.advance(301)
    assert.equal((await call('POST', '/clients', APP)).statusCode, 401)
    assert.equal((await call('POST', '/clients/pair/secrets')).statusCode, 401)
    assert.equal((await call('DELETE', '/clients/pair')).statusCode, 401)
    assert.equal((await call('GET', '/clients/pair')).statusCode, 200)
  })
})
