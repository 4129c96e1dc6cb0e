import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  claimsIn,
  codeForm,
  ENGINE_NAMES,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../support/server.ts'

for (const engine of ENGINE_NAMES) {
  suite(`the token endpoint on ${engine}`, () => {
    let server: TestServer
    let spa: TestClient
    let user: { id: string; username: string; password: string; email: string }
    before(async () => {
      server = await startServer({}, engine)
      spa = await server.register({})
      user = await server.makeUser(['reader'])
    })
    after(() => server.close())

    test('a code with its verifier gives access, refresh and ID token (RFC 6749 §4.1.4, OIDC Core §3.1.3.3)', async () => {
      const { tokens, answer } = await obtainTokens(server, spa, user, { nonce: 'n-1' })
      assert.equal(answer.iss, server.config.issuer)
      assert.equal(answer.state, 'a-state')
      const access = claimsIn(tokens.access_token)
      assert.equal(access.sub, user.id)
      assert.equal(access.type, 'access')
      assert.deepEqual(access.roles, ['reader'])
      const id = claimsIn(tokens.id_token)
      assert.equal(id.nonce, 'n-1')
      assert.equal(id.aud, spa.clientId)
      assert.equal(await userinfoStatus(server, tokens.access_token), 200)
    })

    test('a code redeemed twice ends its tokens (RFC 6749 §4.1.2)', async () => {
      const { code, verifier } = await obtainCode(server, spa, user)
      const first = await server.post('/token', codeForm(spa, code, verifier))
      assert.equal(first.statusCode, 200)
      const second = await server.post('/token', codeForm(spa, code, verifier))
      assert.equal(second.statusCode, 400)
      assert.equal(second.json().error, 'invalid_grant')
      assert.equal(await userinfoStatus(server, first.json().access_token), 401)
      assert.ok((await server.audited()).includes('code.replayed'))
    })

    test('a retried refresh gets the very same successor inside the window (design: families)', async () => {
      const { tokens } = await obtainTokens(server, spa, user)
      const first = await refresh(server, spa, tokens.refresh_token)
      const again = await refresh(server, spa, tokens.refresh_token)
      assert.equal(first.statusCode, 200, first.body)
      assert.equal(again.json().refresh_token, first.json().refresh_token)
      assert.notEqual(again.json().access_token, first.json().access_token)
    })

    test('a retry from another network is given, and noticed (design.md §4.2)', async () => {
      const { tokens } = await obtainTokens(server, spa, user)
      await refresh(server, spa, tokens.refresh_token)
      const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: spa.clientId }
      const elsewhere = await server.app.inject({
        method: 'POST',
        url: '/token',
        remoteAddress: '203.0.113.9',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(form).toString(),
      })
      assert.equal(elsewhere.statusCode, 200)
      assert.ok((await server.audited()).includes('refresh_token.retried'))
    })

    test('a refresh token presented after its successor was used ends the whole family (RFC 9700 §4.14.2)', async () => {
      const { tokens } = await obtainTokens(server, spa, user)
      const second = await refresh(server, spa, tokens.refresh_token)
      const third = await refresh(server, spa, second.json().refresh_token)
      assert.equal(third.statusCode, 200)
      const replay = await refresh(server, spa, tokens.refresh_token)
      assert.equal(replay.json().error, 'invalid_grant')
      const dead = await refresh(server, spa, third.json().refresh_token)
      assert.equal(dead.json().error, 'invalid_grant')
      assert.equal(await userinfoStatus(server, third.json().access_token), 401)
      assert.ok((await server.audited()).includes('refresh_token.reused'))
    })

    test('the parent of the current token is a replay once the window is over (RFC 9700 §4.14.2)', async () => {
      const { tokens } = await obtainTokens(server, spa, user)
      const second = await refresh(server, spa, tokens.refresh_token)
      server.clock.advance(31)
      const late = await refresh(server, spa, tokens.refresh_token)
      assert.equal(late.json().error, 'invalid_grant')
      const dead = await refresh(server, spa, second.json().refresh_token)
      assert.equal(dead.json().error, 'invalid_grant')
    })
  })
}
