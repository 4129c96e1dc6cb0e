import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  formatScope,
  isScopeToken,
  narrowedScope,
  parseScope,
  requestedScope,
  resourcesOf,
  STANDARD_SCOPES,
  scopeAt,
} from '../../src/protocol/scope.ts'
import { clientOf } from '../support/client.ts'

const invalidScope = { name: 'OAuthError', code: 'invalid_scope' }
const api = {
  identifier: 'https://api.example',
  name: 'API',
  scopes: { 'api:read': 'Read', 'api:write': 'Write' },
  introspectionClients: [],
}
const other = {
  identifier: 'https://other.example',
  name: 'Other',
  scopes: { 'other:read': 'Read' },
  introspectionClients: [],
}

test('a scope’s name is printable ASCII without quote and backslash (RFC 6749 §3.3)', () => {
  for (const token of ['openid', 'api:read', 'https://api.example/x', '!', '~', '[]'])
    assert.equal(isScopeToken(token), true, token)
  for (const token of ['', ' ', 'a b', '"', '\\', 'ä', 'a\n', '\t', '\0', '\x7f'])
    assert.equal(isScopeToken(token), false, JSON.stringify(token))
})

test('a scope is its distinct tokens in their order (RFC 6749 §3.3)', () => {
  assert.deepEqual(parseScope(' profile  openid profile '), ['profile', 'openid'])
  assert.deepEqual(parseScope(''), [])
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z:.]{1,12}$/), { maxLength: 100 }), (tokens) => {
      assert.deepEqual(parseScope(formatScope(tokens)), tokens)
    }),
  )
})

test('a scope of anything else is malformed (RFC 6749 §3.3)', () => {
  for (const text of [
    'a"b',
    'a\\b',
    'a\tb',
    'a\nb',
    'ä',
    'a\u00a0b',
    Array.from({ length: 101 }, (_, n) => `s${n}`).join(' '),
  ]) {
    assert.throws(() => parseScope(text), invalidScope, JSON.stringify(text.slice(0, 20)))
  }
})

test('a client that asks for nothing gets its own scope, and never more than that (RFC 6749 §3.3)', () => {
  const client = clientOf({ scope: 'openid profile api:read' })
  assert.deepEqual(requestedScope(client, undefined), ['openid', 'profile', 'api:read'])
  assert.deepEqual(requestedScope(client, 'api:read openid'), ['api:read', 'openid'])
  for (const text of ['email', 'openid email', 'OPENID', 'api:read2', 'constructor', '__proto__']) {
    assert.throws(() => requestedScope(client, text), invalidScope, text)
  }
})

test('a refresh may narrow its scope and never widen it (RFC 6749 §6)', () => {
  const granted = ['openid', 'email', 'api:read']
  assert.deepEqual(narrowedScope(granted, undefined), granted)
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...granted, 'profile', 'x')), (tokens) => {
      const isPart = tokens.every((token) => granted.includes(token))
      if (isPart) assert.deepEqual(narrowedScope(granted, tokens.join(' ')), [...new Set(tokens)])
      else assert.throws(() => narrowedScope(granted, tokens.join(' ')), invalidScope)
    }),
  )
})

test('at each audience the scopes that mean something there are left (RFC 8707 §2.2)', () => {
  const scope = ['openid', 'api:read', 'other:read', 'unknown', 'toString']
  assert.deepEqual(scopeAt(scope, undefined), ['openid'])
  assert.deepEqual(scopeAt(scope, api), ['openid', 'api:read'])
  assert.deepEqual(scopeAt(scope, other), ['openid', 'other:read'])
  assert.deepEqual(scopeAt(STANDARD_SCOPES, other), STANDARD_SCOPES)
})

test('a scope names the resources that define it (RFC 8707 §2)', () => {
  assert.deepEqual(resourcesOf(['openid', 'api:write'], [api, other]), [api])
  assert.deepEqual(resourcesOf(['other:read', 'api:read'], [api, other]), [api, other])
  assert.deepEqual(resourcesOf(['openid', 'toString', 'constructor', '__proto__'], [api, other]), [])
})
