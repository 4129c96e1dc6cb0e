import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearerChallenge, bearerRefusal, bearerToken, requireScopes } from '../../src/protocol/bearer-challenge.ts'
import { OAuthError } from '../../src/protocol/error.ts'

test('a bearer token is one b64token behind its scheme (RFC 6750 §2.1)', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR'])
    assert.equal(bearerToken(`${scheme} a.B-c_~+/9==`), 'a.B-c_~+/9==')
  for (const none of [undefined, '', 'Basic YTpi', 'BearerX', 'DPoP x', 'Token x'])
    assert.equal(bearerToken(none), undefined)
  for (const bad of [
    'Bearer',
    'Bearer ',
    'Bearer  x',
    'Bearer x ',
    'Bearer x y',
    'Bearer "x"',
    'Bearer x,y',
    'Bearer ä',
    'Bearer =',
  ])
    assert.throws(() => bearerToken(bad), { code: 'invalid_request' }, bad)
})

test('a challenge says what was wrong, and nothing to who presented nothing (RFC 6750 §3)', () => {
  assert.equal(bearerChallenge(undefined, {}), 'Bearer')
  assert.equal(bearerChallenge(undefined, { realm: 'postern' }), 'Bearer realm="postern"')
  const error = new OAuthError('insufficient_scope', 'more is needed')
  assert.equal(
    bearerChallenge(error, { requiredScopes: ['a', 'b'], resourceMetadata: 'https://api.example/.well-known/x' }),
    'Bearer error="insufficient_scope", error_description="more is needed", scope="a b", resource_metadata="https://api.example/.well-known/x"',
  )
})

test('a challenge is one header whatever it is made of (RFC 9110 §5.6.4)', () => {
  assert.equal(bearerChallenge(undefined, { realm: 'a"b\\c\r\nx: yä' }), 'Bearer realm="a\\"b\\\\cx: y"')
})

test('a refusal has its status, its challenge and its JSON (RFC 6750 §3.1)', () => {
  assert.equal(bearerRefusal(undefined, {}).status, 401)
  assert.equal(bearerRefusal(new OAuthError('insufficient_scope', 'x'), {}).status, 403)
  const fault = bearerRefusal(new OAuthError('temporarily_unavailable', 'x'), {})
  assert.deepEqual([fault.status, fault.headers['www-authenticate']], [503, undefined])
})

test('every scope that is needed has to be there (RFC 6750 §3.1)', () => {
  requireScopes(['a', 'b'], ['a'])
  requireScopes([], [])
  assert.throws(() => requireScopes(['a'], ['a', 'b']), { code: 'insufficient_scope' })
})
