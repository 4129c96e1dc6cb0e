import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codeResponse, errorResponse, redirectLocation } from '../../src/protocol/authorization-response.ts'
import { OAuthError } from '../../src/protocol/error.ts'
import { parametersOf } from '../../src/protocol/parameters.ts'
import { refuseUnusableState, returnAddress, returnAddressOf } from '../../src/protocol/return-address.ts'
import { clientOf } from '../support/client.ts'

const ISSUER = 'https://gate.example/auth'
const CALLBACK = 'https://app.example/cb'
const sent = (pairs: readonly (readonly [string, string])[], client = clientOf()) =>
  returnAddress(client, parametersOf([['redirect_uri', CALLBACK], ...pairs]))
const page = { name: 'PageError', code: 'invalid_redirect_uri' }

test('a code goes back with state and issuer, and with nothing else (RFC 6749 §4.1.2, RFC 9207 §2)', () => {
  const location = redirectLocation(codeResponse(ISSUER, sent([['state', 'a state&=']]), 'ac_x'))
  assert.equal(location, `${CALLBACK}?code=ac_x&state=a+state%26%3D&iss=https%3A%2F%2Fgate.example%2Fauth`)
  assert.equal(redirectLocation(codeResponse(ISSUER, sent([]), 'ac_x')).includes('state'), false)
})

test('a refusal goes back with state and issuer too (RFC 6749 §4.1.2.1, RFC 9207 §2)', () => {
  const { fields } = errorResponse(
    ISSUER,
    sent([['state', 's']]),
    new OAuthError('invalid_scope', 'scope is malformed', { cause: 'secret' }),
  )
  assert.deepEqual(fields, { error: 'invalid_scope', error_description: 'scope is malformed', state: 's', iss: ISSUER })
})

test('the query of a registered address stays as it is (RFC 6749 §3.1.2)', () => {
  const client = clientOf({ redirect_uris: ['https://app.example/cb?tenant=%C3%A4&x'] })
  const to = returnAddress(client, parametersOf([['redirect_uri', 'https://app.example/cb?tenant=%C3%A4&x']]))
  assert.match(
    redirectLocation(codeResponse(ISSUER, to, 'c')),
    /^https:\/\/app\.example\/cb\?tenant=%C3%A4&x&code=c&iss=/,
  )
})

test('every state that may be sent comes back to the byte, once (RFC 6749 §4.1.2, A021)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 2048 }), (state) => {
      const url = new URL(redirectLocation(codeResponse(ISSUER, sent([['state', state]]), 'c')))
      assert.deepEqual(url.searchParams.getAll('state'), [state])
      assert.equal(url.origin + url.pathname, CALLBACK)
      assert.equal(url.hash, '')
    }),
  )
})

test('a state that could not come back as it was is not echoed, and refused (RFC 6749 appendix A.5)', () => {
  for (const state of ['\n', 'a\r\nb', '\0', 'ä', 'a'.repeat(2049), '\x7f']) {
    assert.equal(sent([['state', state]]).state, undefined)
    assert.throws(() => refuseUnusableState(parametersOf([['state', state]])), { code: 'invalid_request' })
  }
  assert.equal(
    sent([
      ['state', 'a'],
      ['state', 'b'],
    ]).state,
    undefined,
  )
})

test('nothing is sent to an address that its client did not register (RFC 6749 §4.1.2.1)', () => {
  const at = (pairs: readonly (readonly [string, string])[]) => () => returnAddress(clientOf(), parametersOf(pairs))
  assert.throws(at([]), page)
  assert.throws(at([['redirect_uri', '']]), page)
  assert.throws(at([['redirect_uri', 'https://app.example/cb/']]), page)
  assert.throws(
    at([
      ['redirect_uri', CALLBACK],
      ['redirect_uri', CALLBACK],
    ]),
    page,
  )
})

test('a stored address is worth what its client registers now (RFC 6749 §4.1.2.1)', () => {
  const stored = sent([['state', 's']])
  assert.deepEqual(returnAddressOf(clientOf(), stored), stored)
  assert.equal(returnAddressOf(clientOf({ redirect_uris: ['https://app.example/new'] }), stored), undefined)
})
