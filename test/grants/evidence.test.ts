import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  codeForm,
  credentialsOf,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

suite('what counts as evidence against a grant', () => {
  let server: TestServer
  let spa: TestClient
  let backend: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer({ LIMIT_CLIENT_AUTH_PER_MINUTE: '1000' })
    spa = await server.register({})
    backend = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    user = await server.makeUser()
  })
  after(() => server.close())

  /** A family whose first token is long replaced: presenting that one is reuse, if it comes so far. */
  async function rotatedTwice(client: TestClient) {
    const { tokens } = await obtainTokens(server, client, user)
    const second = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    const third = (await refresh(server, client, second.refresh_token)).json<Tokens>()
    return { old: tokens.refresh_token, current: third }
  }

  const TRIES: Readonly<Record<string, (old: string) => ReturnType<TestServer['post']>>> = {
    'with a broken signature': (old) => refresh(server, backend, `${old.slice(0, -6)}AAAAAA`),
    'by another client': async (old) =>
      await refresh(server, await server.register({ token_endpoint_auth_method: 'client_secret_basic' }), old),
    'by a public client': (old) => refresh(server, spa, old),
    'without authentication': (old) =>
      server.post('/token', { grant_type: 'refresh_token', refresh_token: old, client_id: backend.clientId }),
    'with a wrong secret': (old) =>
      server.post(
        '/token',
        { grant_type: 'refresh_token', refresh_token: old },
        { authorization: `Basic ${Buffer.from(`${backend.clientId}:no`).toString('base64')}` },
      ),
    'for a wider scope': (old) => refresh(server, backend, old, { scope: 'openid offline_access' }),
    'for a malformed scope': (old) => refresh(server, backend, old, { scope: '"' }),
    'for another resource': (old) => refresh(server, backend, old, { resource: 'https://api.example' }),
    'with a repeated parameter': (old) =>
      server.post(
        '/token',
        `grant_type=refresh_token&refresh_token=${old}&refresh_token=${old}`,
        credentialsOf(backend),
      ),
    'as another grant': (old) =>
      server.post('/token', { grant_type: 'password', refresh_token: old }, credentialsOf(backend)),
  }
  for (const [how, present] of Object.entries(TRIES)) {
    test(`an old token presented ${how} ends nothing (design.md §4.3)`, async () => {
      const { old, current } = await rotatedTwice(backend)
      const answer = await present(old)
      assert.ok(answer.statusCode === 400 || answer.statusCode === 401, answer.body)
      assert.equal(await userinfoStatus(server, current.access_token), 200)
      assert.equal((await refresh(server, backend, current.refresh_token)).statusCode, 200)
    })
  }

  test('an expired old token ends nothing (design.md §4.3)', async () => {
    const client = await server.register({
      refresh_token_idle_seconds: 60,
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const { tokens } = await obtainTokens(server, client, user)
    server.clock.advance(50)
    const second = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    server.clock.advance(50)
    const third = (await refresh(server, client, second.refresh_token)).json<Tokens>()
    assert.equal(refusal(await refresh(server, client, tokens.refresh_token)), '400 invalid_grant')
    assert.equal((await refresh(server, client, third.refresh_token)).statusCode, 200)
  })

  test('and where nothing is wrong with it, it ends everything (design.md §4.3)', async () => {
    const { old, current } = await rotatedTwice(backend)
    assert.equal(refusal(await refresh(server, backend, old)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, current.access_token), 401)
    assert.equal(refusal(await refresh(server, backend, current.refresh_token)), '400 invalid_grant')
  })

  test('a refused scope or resource spends nothing (design.md §4.3)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    assert.equal(
      refusal(await refresh(server, spa, tokens.refresh_token, { scope: 'openid offline_access' })),
      '400 invalid_scope',
    )
    assert.equal(
      refusal(await refresh(server, spa, tokens.refresh_token, { resource: 'https://api.example' })),
      '400 invalid_target',
    )
    const row = await server.database.db
      .selectFrom('refresh_family')
      .select('previous_jti')
      .where('id', '=', String(claimsIn(tokens.refresh_token).fid))
      .executeTakeFirstOrThrow()
    assert.equal(row.previous_jti, null)
  })

  test('a code replayed by a request that would not have passed the first time ends nothing (design.md §4.6)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const form = codeForm(spa, code, verifier)
    const tokens = (await server.post('/token', form)).json<Tokens>()
    const other = await server.register({})
    const wrong = [
      server.post('/token', { ...form, client_id: other.clientId }),
      server.post('/token', { ...form, redirect_uri: 'https://app.example/other' }),
      server.post('/token', { ...form, code_verifier: 'w'.repeat(43) }),
      server.post('/token', { ...form, code_verifier: 'short' }),
      server.post('/token', { ...form, code_verifier: '' }),
      server.post('/token', { ...form, resource: 'https://api.example' }),
    ]
    for (const answer of await Promise.all(wrong)) assert.equal(answer.statusCode, 400)
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
    assert.equal(refusal(await server.post('/token', form)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
  })

  test('a code replayed after its life ends nothing (design.md §4.6)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const form = codeForm(spa, code, verifier)
    const tokens = (await server.post('/token', form)).json<Tokens>()
    server.clock.advance(61)
    assert.equal(refusal(await server.post('/token', form)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
  })

  test('a burnt code has founded nothing (design.md §4.6)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    await server.post('/token', codeForm(spa, code, 'w'.repeat(43)))
    await server.post('/token', codeForm(spa, code, verifier))
    const { family_id } = await server.database.db
      .selectFrom('authorization_code')
      .select('family_id')
      .orderBy('issued_at', 'desc')
      .executeTakeFirstOrThrow()
    assert.equal(
      await server.database.db.selectFrom('refresh_family').select('id').where('id', '=', family_id).executeTakeFirst(),
      undefined,
    )
  })
})
