import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import { refusal } from '../../support/back-channel.ts'
import {
  claimsIn,
  codeForm,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../../support/server.ts'

const API = 'https://api.example'
const OTHER_API = 'https://other-api.example'

suite('attacks on refresh tokens', () => {
  let server: TestServer
  let spa: TestClient
  let backend: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer({ LIMIT_CLIENT_AUTH_PER_MINUTE: '1000' })
    spa = await server.register({})
    backend = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    user = await server.makeUser()
    await server.registerResource({
      identifier: API,
      name: 'API',
      scopes: { 'api:read': 'Read' },
      introspectionClients: [],
    })
    await server.registerResource({
      identifier: OTHER_API,
      name: 'Other',
      scopes: { 'other:read': 'Read' },
      introspectionClients: [],
    })
  })
  after(() => server.close())

  const begin = async (client = spa, more: Readonly<Record<string, string>> = {}) =>
    (await obtainTokens(server, client, user, more)).tokens
  const next = async (client: TestClient, token: string) => {
    const answer = await refresh(server, client, token)
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json<Tokens>()
  }
  const assertDead = async (client: TestClient, { refresh_token, access_token }: Tokens) => {
    assert.equal(refusal(await refresh(server, client, refresh_token)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, access_token), 401)
  }

  test('A048: a rotated token replayed after the retry window ends family and access tokens (RFC 9700 §4.14.2)', async () => {
    const first = await begin()
    const second = await next(spa, first.refresh_token)
    server.clock.advance(30)
    await assertDead(spa, first)
    await assertDead(spa, second)
    assert.ok((await server.audited()).includes('refresh_token.reused'))
  })

  test('A048: a rotated token replayed after its successor was used ends them too (RFC 9700 §4.14.2)', async () => {
    const first = await begin()
    const third = await next(spa, (await next(spa, first.refresh_token)).refresh_token)
    await assertDead(spa, first)
    await assertDead(spa, third)
  })

  test('A049: of 50 parallel refreshes every success carries the same successor (design.md §4.2)', async () => {
    const first = await begin()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(server, spa, first.refresh_token)))
    assert.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
    assert.equal(new Set(answers.map((answer) => answer.json<Tokens>().refresh_token)).size, 1)
    assert.equal(new Set(answers.map((answer) => answer.json<Tokens>().access_token)).size, 50)
  })

  test('A049: without a window one of 50 parallel refreshes succeeds, and nothing lives on (RFC 9700 §4.14.2)', async () => {
    const strict = await server.register({ refresh_retry_seconds: 0 })
    const first = await begin(strict)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(server, strict, first.refresh_token)))
    const good = answers.filter(({ statusCode }) => statusCode === 200)
    assert.equal(good.length, 1)
    await assertDead(strict, good[0]!.json<Tokens>())
  })

  test('A052: after five rotations in a second the parent gives the same successor, and every older token ends the family (design.md §4.2)', async () => {
    for (const age of [1, 2, 3, 4, 5]) {
      const line = [await begin()]
      for (let rotation = 0; rotation < 5; rotation += 1) line.push(await next(spa, line.at(-1)!.refresh_token))
      const last = line.at(-1)!
      const replayed = await refresh(server, spa, line.at(-1 - age)!.refresh_token)
      if (age === 1) {
        assert.equal(replayed.json<Tokens>().refresh_token, last.refresh_token)
        assert.equal(await userinfoStatus(server, last.access_token), 200)
      } else {
        assert.equal(refusal(replayed), '400 invalid_grant')
        await assertDead(spa, last)
      }
    }
  })

  test('A054: one client’s refresh token is worth nothing to another, and is untouched by the try (RFC 6749 §6)', async () => {
    const post = await server.register({ token_endpoint_auth_method: 'client_secret_post' })
    for (const [owner, others] of [
      [spa, [backend, post, await server.register({})]],
      [backend, [spa, post]],
    ] as const) {
      const tokens = await begin(owner)
      for (const other of others) {
        assert.equal(refusal(await refresh(server, other, tokens.refresh_token)), '400 invalid_grant')
      }
      await next(owner, tokens.refresh_token)
    }
  })

  test('A054: a confidential client’s refresh token needs its secret, and is untouched by the try (RFC 6749 §6)', async () => {
    const tokens = await begin(backend)
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: backend.clientId }
    assert.equal(refusal(await server.post('/token', form)), '401 invalid_client')
    const wrong = `Basic ${Buffer.from(`${backend.clientId}:wrong`).toString('base64')}`
    assert.equal(refusal(await server.post('/token', form, { authorization: wrong })), '401 invalid_client')
    await next(backend, tokens.refresh_token)
  })

  test('A055: a refresh never gets more than the grant has (RFC 6749 §6, RFC 8707 §2.2)', async () => {
    await server.registerResource({
      identifier: API,
      name: 'API',
      scopes: { 'api:read': 'Read' },
      introspectionClients: [],
    })
    await server.registerResource({
      identifier: OTHER_API,
      name: 'Other',
      scopes: { 'other:read': 'Read' },
      introspectionClients: [],
    })
    const client = await server.register({
      scope: 'openid email profile api:read other:read',
      resources: [API, OTHER_API],
    })
    const first = await begin(client, { scope: 'openid email api:read', resource: API })
    const ask = (token: string, more: Record<string, string>) => refresh(server, client, token, more)
    for (const scope of ['openid profile', 'other:read', 'openid email api:read other:read', 'unknown', 'bad"scope']) {
      assert.equal(refusal(await ask(first.refresh_token, { scope })), '400 invalid_scope')
    }
    for (const resource of [OTHER_API, 'https://unknown.example', 'relative', `${API}#x`, `${API}/`]) {
      assert.equal(refusal(await ask(first.refresh_token, { resource })), '400 invalid_target')
    }
    const narrow = await ask(first.refresh_token, { scope: 'openid' })
    assert.equal(narrow.json<Tokens>().scope, 'openid')
    assert.equal(claimsIn(narrow.json<Tokens>().access_token).scope, 'openid')
    const whole = await ask(narrow.json<Tokens>().refresh_token, { scope: 'openid email api:read' })
    assert.equal(whole.json<Tokens>().scope, 'openid email api:read') // the refresh token's scope is the grant's (RFC 6749 §6)
    assert.equal(claimsIn(whole.json<Tokens>().access_token).aud, API)
    assert.equal(
      refusal(await ask(whole.json<Tokens>().refresh_token, { scope: 'openid profile' })),
      '400 invalid_scope',
    )
  })

  const operator = (type: string) => administrationEvent(server.deps, type, 'operator', {})
  type Person = { readonly id: string; readonly clientId: string }
  const ENDINGS: Readonly<Record<string, (person: Person) => Promise<unknown>>> = {
    'the user was disabled': ({ id }) => server.deps.store.users.setDisabled(id, true, operator('user.disabled')),
    'the user was disabled and enabled again': async ({ id }) => {
      await server.deps.store.users.setDisabled(id, true, operator('user.disabled'))
      await server.deps.store.users.setDisabled(id, false, operator('user.enabled'))
    },
    'the user was deleted': ({ id }) => server.deps.store.users.remove(id, operator('user.removed')),
    'the password was changed': async ({ id }) => {
      const password = await server.deps.passwords.hash('Another-Horse-8-Staple')
      assert.notEqual(password, 'busy')
      if (password !== 'busy') await server.deps.store.users.changePassword(id, password, operator('password.changed'))
    },
    'the user was signed out everywhere': ({ id }) =>
      server.deps.store.users.signOutEverywhere(id, operator('user.signed_out_everywhere')),
    'the consent was withdrawn': ({ id, clientId }) =>
      server.database.db
        .updateTable('consent')
        .set({ withdrawn_at: server.clock.now() })
        .where('user_id', '=', id)
        .where('client_id', '=', clientId)
        .execute(),
    'the client was disabled': ({ clientId }) =>
      server.deps.store.clients.setDisabled(clientId, true, operator('client.disabled')),
    'the client’s grants were called in': ({ clientId }) =>
      server.deps.store.clients.endGrants(clientId, operator('client.grants_ended')),
    'the client was deleted': ({ clientId }) => server.deps.store.clients.remove(clientId, operator('client.removed')),
  }
  for (const [what, end] of Object.entries(ENDINGS)) {
    test(`A056: after ${what} nothing of a grant lives on, from the next request (design.md §4.4)`, async () => {
      const gateway = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
      const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
      const person = await server.makeUser()
      const offline = (
        await obtainTokens(server, client, person, { scope: 'openid offline_access', prompt: 'consent' })
      ).tokens
      const { tokens } = await obtainTokens(server, client, person)
      const introspect = (token: string, by = client) =>
        server.post('/introspect', { token }, { authorization: by.basic })
      assert.equal((await introspect(tokens.access_token)).json().active, true)
      assert.equal((await introspect(tokens.access_token, gateway)).json().active, false)

      await end({ id: person.id, clientId: client.clientId })
      for (const { access_token, refresh_token } of [tokens, offline]) {
        assert.equal(await userinfoStatus(server, access_token), 401)
        assert.equal(refusal(await refresh(server, client, refresh_token)), '400 invalid_grant')
        for (const token of [access_token, refresh_token]) {
          const answer = await introspect(token)
          assert.deepEqual([answer.statusCode, answer.json()], [200, { active: false }])
        }
      }
    })
  }

  test('A056: a code that was out when the user was disabled founds nothing (design.md §4.4)', async () => {
    const person = await server.makeUser()
    const { code, verifier } = await obtainCode(server, spa, person)
    await server.deps.store.users.setDisabled(person.id, true, operator('user.disabled'))
    assert.equal(refusal(await server.post('/token', codeForm(spa, code, verifier))), '400 invalid_grant')
  })

  test('A057: a token rotated every day is dead seven days after its grant, and says so itself (design.md §4.7)', async () => {
    let tokens = await begin()
    const { iat, exp } = claimsIn(tokens.refresh_token)
    assert.equal(exp! - iat!, 604_800)
    for (let day = 1; day <= 6; day += 1) {
      server.clock.advance(86_400)
      tokens = await next(spa, tokens.refresh_token)
      assert.equal(claimsIn(tokens.refresh_token).exp, exp) // rotation never lengthens it
    }
    const row = await server.database.db
      .selectFrom('refresh_family')
      .select('expires_at')
      .where('id', '=', String(claimsIn(tokens.refresh_token).fid))
      .executeTakeFirstOrThrow()
    assert.equal(Math.floor(row.expires_at.getTime() / 1000), exp)
    server.clock.advance(exp! - server.clock.now().getTime() / 1000 - 5)
    tokens = await next(spa, tokens.refresh_token)
    server.clock.advance(5)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
    server.clock.advance(86_400)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
  })
})
