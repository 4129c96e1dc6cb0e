import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accessTokenKeyId,
  anyAudience,
  checkAccessToken,
  type ExpectedAccessToken,
} from '../../src/protocol/access-token.ts'
import { bearerChallenge, bearerRefusal, bearerToken, requireScopes } from '../../src/protocol/bearer-challenge.ts'
import { OAuthError } from '../../src/protocol/error.ts'

const NOW = 1_800_000_000
const expected: ExpectedAccessToken = {
  issuer: 'https://id.example.com',
  audience: 'https://api.example.com',
  now: new Date(NOW * 1000),
  clockToleranceSeconds: 10,
}
const claims = {
  iss: 'https://id.example.com',
  sub: 'alice',
  aud: 'https://api.example.com',
  client_id: 'spa',
  scope: 'read write',
  iat: NOW,
  exp: NOW + 900,
  jti: 'a1b2',
  type: 'access',
}
const header = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' }

const refusedWith =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof OAuthError && error.code === code && pattern.test(error.message)

test('the claims of an access token are given, others among them kept (RFC 9068 §2.2)', () => {
  const checked = checkAccessToken({ ...claims, auth_time: NOW, roles: ['admin'], tenant: 7 }, expected)
  assert.deepEqual([checked.aud, checked.roles, checked.tenant], [['https://api.example.com'], ['admin'], 7])
  const machine = checkAccessToken({ ...claims, scope: undefined }, expected)
  assert.deepEqual([machine.scope, machine.roles], ['', []])
})

test('one audience of several is enough, on either side (RFC 9068 §4)', () => {
  checkAccessToken({ ...claims, aud: ['https://other.example', 'https://api.example.com'] }, expected)
  checkAccessToken(claims, { ...expected, audience: ['https://old.example', 'https://api.example.com'] })
  checkAccessToken({ ...claims, aud: 'https://other.example' }, { ...expected, audience: anyAudience })
})

const bad: Record<string, Record<string, unknown>> = {
  'A074 type of a refresh token': { type: 'refresh' },
  'A074 type missing': { type: undefined },
  'A075 exp past': { exp: NOW - 10 },
  'A075 exp missing': { exp: undefined },
  'A075 exp a string': { exp: String(NOW + 900) },
  'A075 exp 1e308': { exp: 1e308 },
  'A075 exp a fraction': { exp: NOW + 900.5 },
  'A075 exp null': { exp: null },
  'A075 nbf in the future': { nbf: NOW + 11 },
  'A075 nbf a string': { nbf: String(NOW) },
  'A075 iat in the future': { iat: NOW + 120 },
  'A075 iat missing': { iat: undefined },
  'A076 aud of another': { aud: 'https://other.example' },
  'A076 aud missing': { aud: undefined },
  'A076 aud empty list': { aud: [] },
  'A076 aud a list in a list': { aud: [['https://api.example.com']] },
  'A076 aud longer': { aud: 'https://api.example.com/' },
  'A076 aud in other case': { aud: 'https://API.example.com' },
  'A076 aud an object': { aud: { includes: true } },
  'A076 iss an array': { iss: ['https://id.example.com'] },
  'A076 iss with a slash more': { iss: 'https://id.example.com/' },
  'A076 iss missing': { iss: undefined },
  'A076 sub a number': { sub: 7 },
  'A076 sub empty': { sub: '' },
  'A076 sub missing': { sub: undefined },
  'client_id missing': { client_id: undefined },
  'jti missing': { jti: undefined },
  'scope a list': { scope: ['read'] },
  'roles a string': { roles: 'admin' },
}
for (const [name, change] of Object.entries(bad)) {
  test(`claims are refused: ${name} (RFC 9068 §4)`, () => {
    assert.throws(() => checkAccessToken({ ...claims, ...change }, expected), refusedWith('invalid_token'))
  })
}

test('what is no object of claims is refused (RFC 7519 §7.2)', () => {
  for (const value of [null, undefined, 'x', 7, [], [claims]]) {
    assert.throws(() => checkAccessToken(value, expected), refusedWith('invalid_token'))
  }
})

test('a token lives up to its expiry plus the tolerance, and not longer (RFC 7519 §4.1.4)', () => {
  checkAccessToken({ ...claims, exp: NOW - 9 }, expected)
  assert.throws(() => checkAccessToken({ ...claims, exp: NOW - 10 }, expected), refusedWith('invalid_token', /expired/))
  const strict = { ...expected, clockToleranceSeconds: 0 }
  checkAccessToken({ ...claims, exp: NOW + 1 }, strict)
  assert.throws(() => checkAccessToken({ ...claims, exp: NOW }, strict), refusedWith('invalid_token', /expired/))
  assert.throws(() => checkAccessToken({ ...claims, iat: NOW + 1 }, strict), refusedWith('invalid_token'))
})

test('the header is exactly that of an access token (RFC 9068 §2.1, RFC 8725 §3.11, A068, A071, A074)', () => {
  assert.equal(accessTokenKeyId({ ...header, jku: 'https://evil.example', jwk: {} }), 'k1')
  const changes = [
    { alg: 'none' },
    { alg: 'None' },
    { alg: '' },
    { alg: 'HS256' },
    { alg: 'RS512' },
    { alg: undefined },
    { alg: ['RS256'] },
    { typ: 'JWT' },
    { typ: undefined },
    { typ: 'rt+jwt' },
    { typ: 'AT+JWT' },
    { kid: undefined },
    { kid: 7 },
    { kid: '' },
    { kid: 'k'.repeat(10_000) },
    { crit: ['b64'], b64: false },
    { crit: [] },
  ]
  for (const change of changes) {
    assert.throws(
      () => accessTokenKeyId({ ...header, ...change }),
      refusedWith('invalid_token'),
      JSON.stringify(change),
    )
  }
})

test('the bearer scheme is read strictly (RFC 6750 §2.1, A079)', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR'])
    assert.equal(bearerToken(`${scheme} a.b-c_~+/==`), 'a.b-c_~+/==')
  for (const nothing of [undefined, '', 'Basic eDp5', 'BearerX', 'Bearer.x y', 'DPoP x', ' Bearer x'])
    assert.equal(bearerToken(nothing), undefined)
  for (const malformed of [
    'Bearer',
    'Bearer ',
    'Bearer  x',
    'Bearer x ',
    'Bearer x y',
    'Bearer x,y',
    'Bearer =',
    'Bearer é',
    'Bearer x\n',
    'Bearer "x"',
    'Bearer a=b',
  ]) {
    assert.throws(() => bearerToken(malformed), refusedWith('invalid_request'), JSON.stringify(malformed))
  }
})

test('a header of 64 kB is judged in linear time (A157)', () => {
  const started = process.cpuUsage()
  assert.throws(() => bearerToken(`Bearer ${'='.repeat(65_536)}`))
  assert.throws(() => bearerToken(`Bearer ${'a='.repeat(32_768)}`))
  assert.ok(process.cpuUsage(started).user < 50_000)
})

test('a challenge names the error, the scope and the metadata, quoted (RFC 6750 §3, RFC 9728 §5.1)', () => {
  const protection = {
    realm: 'a"b\\c\r\né',
    requiredScopes: ['read', 'write'],
    resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
  }
  assert.equal(
    bearerChallenge(new OAuthError('insufficient_scope', 'not enough'), protection),
    'Bearer realm="a\\"b\\\\c", error="insufficient_scope", error_description="not enough", scope="read write", ' +
      'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
  )
  assert.equal(bearerChallenge(undefined, {}), 'Bearer')
})

test('a request without a token learns no error code in the challenge (RFC 6750 §3.1)', () => {
  const refusal = bearerRefusal(undefined, { realm: 'api' })
  assert.deepEqual([refusal.status, refusal.headers['www-authenticate']], [401, 'Bearer realm="api"'])
})

test('refusals carry 401, 403, 400 or 503, and a challenge unless the fault is ours (RFC 6750 §3.1)', () => {
  const table = {
    invalid_token: 401,
    insufficient_scope: 403,
    invalid_request: 400,
    temporarily_unavailable: 503,
  } as const
  for (const code of Object.keys(table) as (keyof typeof table)[]) {
    const { status, headers, body } = bearerRefusal(new OAuthError(code, 'words'), {})
    assert.deepEqual([status, body], [table[code], { error: code, error_description: 'words' }])
    assert.equal('www-authenticate' in headers, status < 500)
    assert.equal(headers['cache-control'], 'no-store')
  }
})

test('every required scope must have been granted (RFC 6750 §3.1)', () => {
  requireScopes(['a', 'b'], ['b'])
  requireScopes([], [])
  assert.throws(() => requireScopes(['ab'], ['a']), refusedWith('insufficient_scope'))
})
