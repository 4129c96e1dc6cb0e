import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { anotherNode, refusal } from '../../support/back-channel.ts'
import {
  codeForm,
  credentialsOf,
  obtainCode,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../../support/server.ts'

suite('attacks on authorization codes', () => {
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

  const redeem = (client: TestClient, code: string, verifier: string, more: Record<string, string> = {}) =>
    server.post('/token', { ...codeForm(client, code, verifier), ...more }, credentialsOf(client))

  test('A038: a code used twice in sequence ends what its first use gave (RFC 6749 §4.1.2)', async () => {
    for (const client of [spa, backend]) {
      const { code, verifier } = await obtainCode(server, client, user)
      const first = await redeem(client, code, verifier)
      const tokens = first.json<Tokens>()
      assert.equal(refusal(await redeem(client, code, verifier)), '400 invalid_grant')
      assert.equal(await userinfoStatus(server, tokens.access_token), 401)
      assert.equal(refusal(await refresh(server, client, tokens.refresh_token)), '400 invalid_grant')
    }
    assert.ok((await server.audited()).includes('code.replayed'))
  })

  test('A039: of 50 parallel redemptions at most one succeeds, and the grant has ended in the end (RFC 6749 §4.1.2)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(spa, code, verifier)))
    const good = answers.filter(({ statusCode }) => statusCode === 200)
    assert.ok(good.length <= 1, `${good.length} redemptions succeeded`)
    assert.deepEqual(
      new Set(answers.filter(({ statusCode }) => statusCode !== 200).map(refusal)),
      new Set(['400 invalid_grant']),
    )
    for (const answer of good) {
      assert.equal(await userinfoStatus(server, answer.json<Tokens>().access_token), 401)
      assert.equal(refusal(await refresh(server, spa, answer.json<Tokens>().refresh_token)), '400 invalid_grant')
    }
  })

  test('A040: a code is worth nothing to another client, and stays good for its own (RFC 6749 §4.1.3)', async () => {
    const others = [
      await server.register({}),
      await server.register({ token_endpoint_auth_method: 'client_secret_basic' }),
      await server.register({ token_endpoint_auth_method: 'client_secret_post' }),
    ]
    for (const owner of [spa, backend]) {
      const { code, verifier } = await obtainCode(server, owner, user)
      for (const other of others) {
        assert.equal(refusal(await redeem(other, code, verifier)), '400 invalid_grant')
      }
      assert.equal((await redeem(owner, code, verifier)).statusCode, 200)
    }
  })

  test('A040: one client’s id with another’s secret proves nothing (RFC 6749 §3.2.1)', async () => {
    const other = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const { code, verifier } = await obtainCode(server, backend, user)
    const mixed = Buffer.from(`${backend.clientId}:${other.clientSecret}`).toString('base64')
    const answer = await server.post('/token', codeForm(backend, code, verifier), { authorization: `Basic ${mixed}` })
    assert.equal(refusal(answer), '401 invalid_client')
    assert.equal((await redeem(backend, code, verifier)).statusCode, 200)
  })

  test('A041: a wrong code_verifier burns the code (RFC 7636 §4.6, RFC 9700 §2.1.1)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    assert.equal(refusal(await redeem(spa, code, 'w'.repeat(43))), '400 invalid_grant')
    assert.equal(refusal(await redeem(spa, code, verifier)), '400 invalid_grant')
    assert.ok((await server.audited()).includes('code.burnt'))
  })

  const MALFORMED: Readonly<Record<string, string>> = {
    absent: '',
    'of one character': 'a',
    'of 42 characters': 'a'.repeat(42),
    'of 129 characters': 'a'.repeat(129),
    'with a space': `${'a'.repeat(42)} `,
    'with a plus sign': `${'a'.repeat(42)}+`,
    'with padding': `${'a'.repeat(42)}=`,
    'beyond ASCII': 'ä'.repeat(43),
    'with a line break': `${'a'.repeat(43)}\n`,
  }
  for (const [kind, malformed] of Object.entries(MALFORMED)) {
    test(`A042: a code_verifier ${kind} is refused before it is compared (RFC 7636 §4.1)`, async () => {
      const { code, verifier } = await obtainCode(server, spa, user)
      assert.equal(refusal(await redeem(spa, code, malformed)), '400 invalid_request')
      assert.equal((await redeem(spa, code, verifier)).statusCode, 200) // no proof was tried, so none has failed
    })
  }

  test('A042: a code_verifier for a code without a challenge is refused (RFC 9700 §2.1.1)', async () => {
    const lifted = await server.register({ token_endpoint_auth_method: 'client_secret_post', require_pkce: false })
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    const { code, verifier } = await obtainCode(server, lifted, user, none)
    assert.equal(refusal(await redeem(lifted, code, verifier)), '400 invalid_grant')
    const again = await obtainCode(server, lifted, user, none)
    assert.equal((await redeem(lifted, again.code, '')).statusCode, 200)
  })

  test('A042: a client without the need for PKCE that sent a challenge is held to it (RFC 9700 §2.1.1)', async () => {
    const lifted = await server.register({ token_endpoint_auth_method: 'client_secret_post', require_pkce: false })
    const { code, verifier } = await obtainCode(server, lifted, user)
    assert.equal(refusal(await redeem(lifted, code, '')), '400 invalid_request')
    assert.equal((await redeem(lifted, code, verifier)).statusCode, 200)
  })

  const OTHER_URIS: Readonly<Record<string, string>> = {
    absent: '',
    'another one': 'https://app.example/other',
    'with a slash at its end': 'https://app.example/callback/',
    'in another case': 'https://APP.example/callback',
    'with the default port': 'https://app.example:443/callback',
    'with a dot segment': 'https://app.example/./callback',
    'with a query': 'https://app.example/callback?',
    'percent-encoded': 'https://app.example/%63allback',
  }
  for (const [kind, other] of Object.entries(OTHER_URIS)) {
    test(`A044: a redirect_uri ${kind} is refused at the token endpoint, and burns nothing (RFC 6749 §4.1.3)`, async () => {
      const { code, verifier } = await obtainCode(server, spa, user)
      assert.equal(refusal(await redeem(spa, code, verifier, { redirect_uri: other })), '400 invalid_grant')
      assert.equal((await redeem(spa, code, verifier)).statusCode, 200)
    })
  }

  test('A044: the port of a loopback address may vary between clients, never between the two requests (RFC 8252 §7.3)', async () => {
    const native = await server.register({ redirect_uris: ['http://127.0.0.1/cb'] })
    const at = { ...native, redirectUri: 'http://127.0.0.1:51004/cb' }
    const { code, verifier } = await obtainCode(server, at, user)
    assert.equal(refusal(await redeem(native, code, verifier)), '400 invalid_grant')
    assert.equal((await redeem(at, code, verifier)).statusCode, 200)
  })

  test('A045: a code is dead one second after its minute (RFC 6749 §4.1.2)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    server.clock.advance(61)
    assert.equal(refusal(await redeem(spa, code, verifier)), '400 invalid_grant')
  })

  test('A045: a node whose clock is a minute behind does not let an old code live on (design.md §2.12)', async () => {
    const late = await anotherNode(server, { aheadSeconds: -60 })
    try {
      const { code, verifier } = await obtainCode(server, spa, user)
      server.clock.advance(61)
      assert.equal(refusal(await late.post('/token', codeForm(spa, code, verifier))), '400 invalid_grant')
    } finally {
      await late.close()
    }
  })

  test('A045: a node whose clock is a minute ahead does not end a young code (design.md §2.12)', async () => {
    const early = await anotherNode(server, { aheadSeconds: 60 })
    try {
      const { code, verifier } = await obtainCode(server, spa, user)
      assert.equal((await early.post('/token', codeForm(spa, code, verifier))).statusCode, 200)
    } finally {
      await early.close()
    }
  })

  test('no code and no token is in the log (A163)', () => {
    const log = server.log.join('')
    assert.doesNotMatch(log, /ac_[\w-]{43}|eyJ[\w-]+\.eyJ/)
    assert.ok(!log.includes(backend.clientSecret))
  })
})
