import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isResourceIdentifier, requestedResources, targetResource } from '../../src/protocol/resource.ts'
import { clientOf } from '../support/client.ts'

const invalidTarget = { name: 'OAuthError', code: 'invalid_target' }
const A = 'https://a.example'
const B = 'https://b.example/v1?x=1'
const resource = (identifier: string, scopes: Record<string, string>) => ({
  identifier,
  name: identifier,
  scopes,
  introspectionClients: [],
})
const known = [
  resource(A, { 'a:read': 'Read' }),
  resource(B, { 'b:read': 'Read' }),
  resource('https://c.example', { 'c:read': 'Read' }),
]
const client = clientOf({ resources: [A, B] })

test('a resource is an absolute URI without a fragment (RFC 8707 §2)', () => {
  for (const text of [A, B, 'urn:example:api', 'https://a.example/'])
    assert.equal(isResourceIdentifier(text), true, text)
  for (const text of [
    '',
    'a',
    '/a',
    'https://a.example#',
    'https://a.example#x',
    'https://a .example',
    'https://ä.example',
    `https://a.example/${'a'.repeat(2048)}`,
  ]) {
    assert.equal(isResourceIdentifier(text), false, text.slice(0, 30))
  }
})

test('a client names resources that it may use, or none is meant but that of its scopes (RFC 8707 §2)', () => {
  assert.deepEqual(requestedResources(client, [], ['openid'], known), [])
  assert.deepEqual(requestedResources(client, [], ['openid', 'a:read'], known), [A])
  assert.deepEqual(requestedResources(client, [], ['a:read', 'b:read', 'c:read'], known), [A, B]) // c is not this client's
  assert.deepEqual(requestedResources(client, [B, A, B], ['openid'], known), [B, A])
  for (const asked of [
    ['https://c.example'],
    ['https://unknown.example'],
    [A, 'https://c.example'],
    ['a'],
    [`${A}#x`],
    [`${A}/`],
    [A.toUpperCase()],
  ]) {
    assert.throws(() => requestedResources(client, asked, ['openid'], known), invalidTarget, asked.join())
  }
})

test('a resource that was removed is unknown, although the client may use it (RFC 8707 §2)', () => {
  assert.throws(() => requestedResources(client, [A], ['openid'], []), invalidTarget)
})

test('a token is for one resource of its grant (RFC 8707 §2.2)', () => {
  assert.equal(targetResource([], []), undefined)
  assert.equal(targetResource([A], []), A)
  assert.equal(targetResource([A, B], [B]), B)
  for (const [granted, asked] of [
    [[A, B], []],
    [
      [A, B],
      [A, B],
    ],
    [[A], [B]],
    [[], [A]],
    [[A], [A, A]],
  ] as const) {
    assert.throws(() => targetResource(granted, asked), invalidTarget)
  }
})
