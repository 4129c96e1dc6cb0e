import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  credentialsOf,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

suite('revocation by the client', () => {
  let server: TestServer
  let backend: TestClient
  let machine: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    backend = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      refresh_token_idle_seconds: 3600,
    })
    machine = await server.register({
      grant_types: ['client_credentials'],
      scope: '',
      token_endpoint_auth_method: 'client_secret_post',
    })
    user = await server.makeUser()
  })
  after(() => server.close())

  const revoke = async (token: string) => {
    const answer = await server.post('/revoke', { token }, credentialsOf(backend))
    assert.deepEqual([answer.statusCode, answer.body], [200, ''])
  }
  const next = async (token: string) => (await refresh(server, backend, token)).json<Tokens>()
  const assertOver = async (tokens: Tokens) => {
    assert.equal(refusal(await refresh(server, backend, tokens.refresh_token)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
  }

  test('of the current refresh token ends its family (design.md §4.5, RFC 7009 §2.1)', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    await revoke(tokens.refresh_token)
    await assertOver(tokens)
    assert.ok((await server.audited()).includes('token.revoked'))
  })

  test('of an old refresh token ends its family (design.md §4.5)', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    const last = await next((await next(tokens.refresh_token)).refresh_token)
    await revoke(tokens.refresh_token)
    await assertOver(last)
  })

  test('of an expired refresh token ends its family (design.md §4.5)', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    server.clock.advance(3000)
    const second = await next(tokens.refresh_token)
    server.clock.advance(700) // the first has expired, the second is good
    await revoke(tokens.refresh_token)
    assert.equal(refusal(await refresh(server, backend, second.refresh_token)), '400 invalid_grant')
  })

  test('of a user’s access token ends its family (design.md §4.5)', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    const second = await next(tokens.refresh_token)
    await revoke(tokens.access_token)
    await assertOver(second)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
  })

  test('of a client’s own token is seen by introspection (design.md §4.5)', async () => {
    const credentials = { client_id: machine.clientId, client_secret: machine.clientSecret }
    const own = async () =>
      (await server.post('/token', { grant_type: 'client_credentials', ...credentials })).json<Tokens>().access_token
    const [revoked, other] = [await own(), await own()]
    const introspect = async (token: string) =>
      (await server.post('/introspect', { token, ...credentials })).json<{ active: boolean }>()
    assert.equal((await introspect(revoked)).active, true)
    for (const _ of [1, 2])
      assert.equal((await server.post('/revoke', { token: revoked, ...credentials })).statusCode, 200)
    assert.deepEqual(await introspect(revoked), { active: false })
    assert.equal((await introspect(other)).active, true)
    const row = await server.database.db
      .selectFrom('revoked_token')
      .selectAll()
      .where('jti', '=', String(claimsIn(revoked).jti))
      .executeTakeFirstOrThrow()
    assert.equal(row.expires_at.getTime() / 1000, claimsIn(revoked).exp)
    server.clock.advance(901)
    while ((await server.deps.store.sweep.sweep()) > 0);
    assert.equal((await server.database.db.selectFrom('revoked_token').selectAll().execute()).length, 0) // no longer than it is needed
  })

  test('of another user’s grant touches that one alone (RFC 7009 §2.1)', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    const other = (await obtainTokens(server, backend, await server.makeUser())).tokens
    const second = (await obtainTokens(server, backend, user)).tokens
    await revoke(tokens.refresh_token)
    assert.equal(await userinfoStatus(server, other.access_token), 200)
    assert.equal(await userinfoStatus(server, second.access_token), 200)
  })

  test('needs a token (RFC 7009 §2.1)', async () => {
    assert.equal(refusal(await server.post('/revoke', {}, credentialsOf(backend))), '400 invalid_request')
    assert.equal(refusal(await server.post('/revoke', { token: 'x' })), '401 invalid_client')
  })
})
