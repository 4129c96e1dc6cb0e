import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { addSeconds, numericDate } from '../../src/base/numeric-date.ts'
import { logoutTokenClaims } from '../../src/protocol/logout-token.ts'
import { signedOut } from '../../src/telemetry/audit.ts'
import { mintLogoutToken } from '../../src/tokens/mint.ts'
import { readAccessToken, readIdTokenHint, readRefreshToken } from '../../src/tokens/verify.ts'
import { LOOPBACK } from '../mail/mails.ts'
import { claimsIn, obtainTokens, startServer, type TestServer, userinfoStatus } from '../support/server.ts'
import { deliver, type Receiver, startReceiver } from './receiver.ts'

const SESSION = { clientId: 'acme', userId: 'u', sessionId: 's' } as const
const FROM = { requestId: 'r', address: '198.51.100.0/24', userAgent: 'x' } as const

test('a logout token names the user, the session and the event, lives two minutes, and has no nonce (OIDC Back-Channel Logout 1.0 §2.4)', () => {
  assert.deepEqual(logoutTokenClaims('https://gate.example', SESSION, 'a-jti', new Date(1_700_000_000_999)), {
    iss: 'https://gate.example',
    sub: 'u',
    aud: 'acme',
    iat: 1_700_000_000,
    exp: 1_700_000_120,
    jti: 'a-jti',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    sid: 's',
  })
})

suite('a logout token', () => {
  let server: TestServer
  let receiver: Receiver
  before(async () => {
    receiver = await startReceiver()
    server = await startServer(LOOPBACK)
  })
  after(async () => {
    await server.close()
    await receiver.close()
  })

  test('an independent library takes it by our keys, and it speaks of the user and session of the ID token (§2.6)', async () => {
    const client = await server.register({ backchannel_logout_uri: receiver.uriOf('a') })
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, client, user)
    const idToken = claimsIn(tokens.id_token)
    const sid = String(idToken.sid)
    await server.deps.store.sessions.end(sid, signedOut(server.deps, FROM, user.id, sid))
    await deliver(server)

    const [request] = receiver.taken
    assert.ok(request)
    assert.deepEqual(
      [request.method, request.path, request.contentType, [...request.form.keys()]],
      ['POST', '/a', 'application/x-www-form-urlencoded', ['logout_token']],
    )
    const keys = createLocalJWKSet((await server.app.inject('/jwks')).json())
    const { payload } = await jwtVerify(request.form.get('logout_token') ?? '', keys, {
      issuer: server.config.issuer,
      audience: client.clientId,
      algorithms: ['RS256'],
      typ: 'logout+jwt',
      subject: String(idToken.sub),
      requiredClaims: ['iat', 'exp', 'jti', 'events', 'sid'],
    })
    assert.deepEqual([payload.sub, payload.sid, payload.nonce], [user.id, sid, undefined])
    assert.equal(Number(payload.exp) - Number(payload.iat), 120)
  })

  test('it passes for no other kind of token, though our key signed it (RFC 8725 §3.11, A074)', async () => {
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, client, user)
    const { sid } = claimsIn(tokens.access_token)
    const session = { clientId: client.clientId, userId: user.id, sessionId: String(sid) }
    const token = await mintLogoutToken(server.deps, session, server.clock.now())
    assert.ok(!token.includes('='))
    for (const read of [readAccessToken, readRefreshToken, readIdTokenHint]) {
      assert.equal(await read(server.deps, token), undefined)
    }
    assert.equal(await userinfoStatus(server, token), 401)
    const answer = await server.post('/introspect', { token }, { authorization: client.basic })
    assert.equal(answer.json().active, false)
    const hinted = await server.browser().get(`/logout?id_token_hint=${token}`)
    assert.ok(!hinted.headers.location)
  })

  test('two are never the same, and each is dated by when it is made (§2.4)', async () => {
    const now = server.clock.now()
    const first = claimsIn(await mintLogoutToken(server.deps, SESSION, now))
    const second = claimsIn(await mintLogoutToken(server.deps, SESSION, addSeconds(now, 60)))
    assert.notEqual(first.jti, second.jti)
    assert.deepEqual([first.iat, second.iat], [numericDate(now), numericDate(now) + 60])
  })

  test('discovery says that clients are told, and of which session (§2.1)', async () => {
    const metadata = (await server.app.inject('/.well-known/openid-configuration')).json()
    assert.equal(metadata.backchannel_logout_supported, true)
    assert.equal(metadata.backchannel_logout_session_supported, true)
  })
})
