import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { BrowserSession } from '../../support/browser-session.ts'
import { pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { answerAt, ask, assertRefused, closeClean, signedInBrowser } from '../front-channel.ts'

suite('attacks on the code challenge', () => {
  let server: TestServer
  let spa: TestClient
  let backend: TestClient
  let exempt: TestClient
  let browser: BrowserSession
  before(async () => {
    server = await startServer()
    spa = await server.register({ first_party: true })
    backend = await server.register({ first_party: true, token_endpoint_auth_method: 'client_secret_basic' })
    exempt = await server.register({
      first_party: true,
      token_endpoint_auth_method: 'client_secret_basic',
      require_pkce: false,
    })
    browser = await signedInBrowser(server, spa, await server.makeUser())
  })
  after(() => closeClean(server))

  type More = Readonly<Record<string, string | undefined>>
  const isRefused = async (client: TestClient, more: More) =>
    assertRefused(await ask(browser, client, { prompt: 'none', ...more }), { client, server, error: 'invalid_request' })
  const isTaken = async (client: TestClient, more: More) =>
    assert.ok(answerAt(await ask(browser, client, { prompt: 'none', ...more }), client, server).code)

  test('A022 no code_challenge is refused, of a public client and of a confidential one (RFC 9700 §2.1.1)', async () => {
    for (const client of [spa, backend]) {
      await isRefused(client, { code_challenge: undefined, code_challenge_method: undefined })
      await isRefused(client, { code_challenge: undefined })
      await isRefused(client, { code_challenge: '' })
      await isRefused(client, { code_challenge: undefined, nonce: 'a-nonce' })
    }
  })

  test('A022 only an administrator lifts it, and what is sent then still counts (RFC 9700 §2.1.1)', async () => {
    await isTaken(exempt, { code_challenge: undefined, code_challenge_method: undefined })
    await isTaken(exempt, {})
    await isRefused(exempt, { code_challenge: undefined, code_challenge_method: 'S256' })
    await isRefused(exempt, { code_challenge_method: 'plain' })
    await assert.rejects(server.register({ require_pkce: false }), /may be lifted for a confidential client only/)
  })

  test('A023 the method plain is refused, also where it is meant by silence (RFC 9700 §2.1.1, RFC 7636 §4.3)', async () => {
    const { verifier } = pkce()
    for (const client of [spa, backend, exempt]) {
      await isRefused(client, { code_challenge: verifier, code_challenge_method: 'plain' })
      await isRefused(client, { code_challenge_method: undefined })
      await isRefused(client, { code_challenge_method: '' })
      for (const method of ['s256', 'S512', 'none', 'S256 plain', 'S256\n']) {
        await isRefused(client, { code_challenge_method: method })
      }
    }
    const { code_challenge_methods_supported: methods } = (
      await server.app.inject({ url: '/.well-known/oauth-authorization-server' })
    ).json()
    assert.deepEqual(methods, ['S256'])
  })

  for (const [what, challenge] of [
    ['of 42 characters', 'a'.repeat(42)],
    ['of 44 characters', 'a'.repeat(44)],
    ['of 128 characters', 'a'.repeat(128)],
    ['of 60 000 characters', 'a'.repeat(60_000)],
    ['with padding', `${'a'.repeat(43)}=`],
    ['with padding instead of its last character', `${'a'.repeat(42)}=`],
    ['with a plus', `${'a'.repeat(42)}+`],
    ['with a slash', `${'a'.repeat(42)}/`],
    ['with a dot, which a verifier may have', `${'a'.repeat(42)}.`],
    ['with a letter beyond ASCII', `${'a'.repeat(42)}ä`],
    ['with a line break behind', `${'a'.repeat(43)}\n`],
    ['with a blank before', ` ${'a'.repeat(43)}`],
  ] as const) {
    test(`A024 a challenge ${what} is refused (RFC 7636 §4.2)`, () => isRefused(spa, { code_challenge: challenge }))
  }
})
