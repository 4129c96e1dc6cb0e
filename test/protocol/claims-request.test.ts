import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NO_CLAIMS, parseClaims } from '../../src/protocol/claims-request.ts'
import { STANDARD_CLAIMS } from '../../src/protocol/standard-claims.ts'

const invalidRequest = { name: 'OAuthError', code: 'invalid_request' }

test('claims are asked for by name, each for one place (OIDC Core §5.5)', () => {
  const asked = {
    userinfo: { name: { essential: true }, email: null },
    id_token: { given_name: null, auth_time: { essential: true } },
  }
  assert.deepEqual(parseClaims(JSON.stringify(asked)), {
    userinfo: ['name', 'email'],
    idToken: ['given_name'],
    acrValues: [],
  })
})

test('no claims parameter asks for none (OIDC Core §5.5)', () => {
  assert.deepEqual(parseClaims(undefined), NO_CLAIMS)
  assert.deepEqual(parseClaims('{}'), NO_CLAIMS)
})

test('what is not understood is left out (OIDC Core §5.5)', () => {
  const text =
    '{"other":{"x":null},"userinfo":{"https://example.com/picture":null,"__proto__":null,"toString":null,"name#de":null}}'
  assert.deepEqual(parseClaims(text), NO_CLAIMS)
})

test('a subject and authentication contexts may be demanded (OIDC Core §5.5.1)', () => {
  const demanded = parseClaims(
    '{"id_token":{"sub":{"value":"248289761001"},"acr":{"essential":true,"values":["a","b",7]}}}',
  )
  assert.deepEqual([demanded.subject, demanded.acrValues], ['248289761001', ['a', 'b']])
  assert.deepEqual(parseClaims('{"id_token":{"acr":{"value":"a"}}}').acrValues, ['a'])
  assert.equal(parseClaims('{"id_token":{"sub":null}}').subject, undefined)
  assert.equal(parseClaims('{"userinfo":{"sub":{"value":"x"}}}').subject, undefined)
})

test('what is no such object is refused (OIDC Core §5.5)', () => {
  for (const text of [
    '',
    'x',
    '[]',
    'null',
    '"name"',
    '7',
    '{"userinfo":[]}',
    '{"userinfo":"name"}',
    '{"id_token":{"name":true}}',
    '{"id_token":{"name":{"essential":"yes"}}}',
    '{"userinfo":{',
    `${'['.repeat(10_000)}`,
  ]) {
    assert.throws(() => parseClaims(text), invalidRequest, text.slice(0, 40))
  }
})

test('whatever JSON comes, standard claims are asked for or it is refused (OIDC Core §5.5)', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.record({ userinfo: fc.jsonValue(), id_token: fc.jsonValue() }).map((value) => JSON.stringify(value)),
      ),
      (text) => {
        try {
          const { userinfo, idToken } = parseClaims(text)
          assert.ok([...userinfo, ...idToken].every((name) => STANDARD_CLAIMS.includes(name)))
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid_request')
        }
      },
    ),
    { numRuns: 500 },
  )
})
