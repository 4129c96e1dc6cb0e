import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CODE_CHALLENGE_METHODS, codeChallenge, judgeVerifier } from '../../src/protocol/pkce.ts'
import { clientOf } from '../support/client.ts'

const invalidRequest = { name: 'OAuthError', code: 'invalid_request' }
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

test('S256 is the one method (RFC 9700 §2.1.1)', () => assert.deepEqual(CODE_CHALLENGE_METHODS, ['S256']))

test('the example of the standard proves itself (RFC 7636 appendix B)', () => {
  assert.equal(codeChallenge(clientOf(), CHALLENGE, 'S256'), CHALLENGE)
  assert.equal(judgeVerifier(CHALLENGE, VERIFIER), 'proved')
})

test('a challenge is 43 characters of base64url under S256 (RFC 7636 §4.2)', () => {
  const malformed = [
    CHALLENGE.slice(1),
    `${CHALLENGE}A`,
    `${CHALLENGE.slice(1)}=`,
    CHALLENGE.replace('-', '+'),
    CHALLENGE.replace('-', '/'),
    CHALLENGE.replace('E', 'É'),
    `${CHALLENGE}\n`,
  ]
  for (const challenge of malformed)
    assert.throws(() => codeChallenge(clientOf(), challenge, 'S256'), invalidRequest, challenge)
  for (const method of [undefined, 'plain', 's256', 'S256 ', 'S512', '']) {
    assert.throws(() => codeChallenge(clientOf(), CHALLENGE, method), invalidRequest, method)
  }
})

test('no challenge is refused, unless that was lifted for a confidential client (protocol.md, client policy)', () => {
  const lifted = clientOf({ token_endpoint_auth_method: 'client_secret_basic', require_pkce: false })
  assert.throws(() => codeChallenge(clientOf(), undefined, undefined), invalidRequest)
  assert.throws(
    () => codeChallenge(clientOf({ token_endpoint_auth_method: 'client_secret_basic' }), undefined, undefined),
    invalidRequest,
  )
  assert.equal(codeChallenge(lifted, undefined, undefined), undefined)
  assert.throws(() => codeChallenge(lifted, undefined, 'S256'), invalidRequest) // it meant to send one
  assert.throws(() => codeChallenge(lifted, CHALLENGE, 'plain'), invalidRequest)
  assert.equal(codeChallenge(lifted, CHALLENGE, 'S256'), CHALLENGE)
})

test('exactly the verifier of a challenge proves it (RFC 7636 §4.6)', () => {
  const verifier = fc.stringMatching(/^[A-Za-z0-9._~-]{43,128}$/)
  fc.assert(
    fc.property(verifier, verifier, (one, another) => {
      const challenge = createHash('sha256').update(one).digest('base64url')
      assert.equal(judgeVerifier(challenge, one), 'proved')
      assert.equal(judgeVerifier(challenge, another), one === another ? 'proved' : 'wrong')
    }),
  )
})

test('a verifier out of form is malformed, whatever it would hash to (RFC 7636 §4.1)', () => {
  for (const text of [
    '',
    'a',
    'a'.repeat(42),
    'a'.repeat(129),
    `${'a'.repeat(43)}=`,
    `${'a'.repeat(43)} `,
    'ä'.repeat(43),
    CHALLENGE.replace('-', '+'),
  ]) {
    const challenge = createHash('sha256').update(text).digest('base64url')
    assert.equal(judgeVerifier(challenge, text), 'malformed', text)
  }
})

test('a verifier has a challenge and a challenge has a verifier (RFC 9700 §2.1.1)', () => {
  assert.equal(judgeVerifier(CHALLENGE, undefined), 'missing')
  assert.equal(judgeVerifier(null, undefined), 'proved')
  assert.equal(judgeVerifier(null, VERIFIER), 'unexpected')
  assert.equal(judgeVerifier(CHALLENGE, CHALLENGE), 'wrong') // as the method plain would have it
})
