import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { partsOf, refusal } from '../support/back-channel.ts'
import { obtainTokens, refresh, startServer, type TestClient, type TestServer, type Tokens } from '../support/server.ts'

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

suite('what tokens say', () => {
  let server: TestServer
  let spa: TestClient
  let machine: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    spa = await server.register({})
    machine = await server.register({
      grant_types: ['client_credentials'],
      scope: 'openid profile email offline_access api:read',
      token_endpoint_auth_method: 'client_secret_basic',
    })
    user = await server.makeUser(['reader', 'admin-of-nothing'])
  })
  after(() => server.close())

  const own = async (more: Record<string, string> = {}) =>
    server.post('/token', { grant_type: 'client_credentials', ...more }, { authorization: machine.basic })

  test('a user’s access token has the claims of its table, and no others (design.md §3, RFC 9068 §2)', async () => {
    const { tokens } = await obtainTokens(server, spa, user, { nonce: 'n' })
    const { header, payload } = partsOf(tokens.access_token)
    assert.deepEqual([header.typ, header.alg, Object.keys(header).sort()], ['at+jwt', 'RS256', ['alg', 'kid', 'typ']])
    const { iat, exp, jti, fid, sid, auth_time, ...rest } = payload
    assert.deepEqual(rest, {
      iss: server.config.issuer,
      sub: user.id,
      aud: server.config.issuer,
      client_id: spa.clientId,
      scope: 'openid profile email',
      type: 'access',
      roles: ['admin-of-nothing', 'reader'],
      acr: 'urn:postern:pwd',
      amr: ['pwd'],
    })
    assert.equal(Number(exp) - Number(iat), 900)
    assert.ok(Number(auth_time) <= Number(iat))
    for (const id of [fid, sid]) assert.match(String(id), ID)
    assert.equal(Buffer.from(String(jti), 'base64url').length, 16)
  })

  test('a refresh token has the claims of its table, and no others (design.md §3)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const { header, payload } = partsOf(tokens.refresh_token)
    assert.deepEqual([header.typ, header.alg], ['rt+jwt', 'RS256'])
    const { iat, exp, jti, fid, ...rest } = payload
    assert.deepEqual(rest, {
      iss: server.config.issuer,
      sub: user.id,
      aud: server.config.issuer,
      client_id: spa.clientId,
      scope: 'openid profile email',
      resource: [],
      type: 'refresh',
    })
    assert.ok(Number(exp) - Number(iat) <= 604_800)
    assert.match(String(jti), /^[A-Za-z0-9_-]{22}$/)
    assert.equal(fid, partsOf(tokens.access_token).payload.fid)
  })

  test('an ID token has the claims of its table, and no others (design.md §3, OIDC Core §2)', async () => {
    const { tokens } = await obtainTokens(server, spa, user, { nonce: 'n-0S6_WzA2Mj' })
    const { header, payload } = partsOf(tokens.id_token)
    assert.deepEqual([header.typ, header.alg], ['JWT', 'RS256'])
    const { iat, exp, auth_time, sid, ...rest } = payload
    const hash = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url')
    assert.deepEqual(rest, {
      iss: server.config.issuer,
      sub: user.id,
      aud: spa.clientId,
      azp: spa.clientId,
      nonce: 'n-0S6_WzA2Mj',
      acr: 'urn:postern:pwd',
      amr: ['pwd'],
      at_hash: hash,
    })
    assert.equal(Number(exp) - Number(iat), 900)
    assert.equal(sid, partsOf(tokens.access_token).payload.sid)
    assert.ok(Math.abs(Number(auth_time) - Number(iat)) < 60)
  })

  test('a client’s own token speaks of the client alone, and comes alone (RFC 6749 §4.4.3, design.md §3)', async () => {
    const answer = (await own()).json<Tokens>()
    assert.deepEqual(Object.keys(answer).sort(), ['access_token', 'expires_in', 'scope', 'token_type'])
    const { iat, exp, jti, ...rest } = partsOf(answer.access_token).payload
    assert.deepEqual(rest, {
      iss: server.config.issuer,
      sub: machine.clientId,
      aud: server.config.issuer,
      client_id: machine.clientId,
      scope: '',
      type: 'access',
      roles: [],
    })
    assert.equal(refusal(await own({ scope: 'unknown' })), '400 invalid_scope')
    const rows = await server.database.db
      .selectFrom('refresh_family')
      .select('id')
      .where('client_id', '=', machine.clientId)
      .execute()
    assert.deepEqual(rows, []) // access tokens leave no row (design.md §2.5)
  })

  test('anybody verifies them by the published keys (RFC 7517, RFC 9068 §4)', async () => {
    const keys = createLocalJWKSet((await server.app.inject('/jwks')).json())
    const { tokens } = await obtainTokens(server, spa, user)
    const expected = { issuer: server.config.issuer, currentDate: server.clock.now(), algorithms: ['RS256'] }
    await jwtVerify(tokens.access_token, keys, { ...expected, typ: 'at+jwt', audience: server.config.issuer })
    await jwtVerify(tokens.id_token, keys, { ...expected, typ: 'JWT', audience: spa.clientId })
    await jwtVerify((await own()).json<Tokens>().access_token, keys, {
      ...expected,
      typ: 'at+jwt',
      audience: server.config.issuer,
    })
  })

  test('every token is another one (RFC 9068 §2.2)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const second = (await refresh(server, spa, tokens.refresh_token)).json<Tokens>()
    const answers = [
      tokens.access_token,
      tokens.refresh_token,
      second.access_token,
      second.refresh_token,
      (await own()).json<Tokens>().access_token,
      (await own()).json<Tokens>().access_token,
    ]
    assert.equal(new Set(answers.map((token) => partsOf(token).payload.jti)).size, answers.length)
  })
})
