import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromNumericDate } from '../../src/base/numeric-date.ts'
import type { AccessTokenClaims } from '../../src/protocol/access-token.ts'
import { accessTokenOf } from '../../src/resource-server/access-token.ts'
import { clientAddress } from '../../src/resource-server/client-address.ts'
import { decide, type Facts, type PolicyOptions, readPolicy } from '../../src/resource-server/decide.ts'

const NOW = 1_800_000_000
const base: AccessTokenClaims = {
  iss: 'https://id.example.com',
  sub: 'alice',
  aud: ['https://api.example.com'],
  client_id: 'spa',
  scope: 'read data:read',
  iat: NOW,
  exp: NOW + 900,
  jti: 'j',
  type: 'access',
  roles: ['editor', 'auditor'],
}

const judge = (options: PolicyOptions, claims: Record<string, unknown> = {}, facts: Partial<Facts> = {}) =>
  decide(readPolicy(options, false), {
    token: accessTokenOf({ ...structuredClone(base), ...claims }),
    address: '203.0.113.7',
    isDeviceVerified: false,
    now: fromNumericDate(NOW),
    ...facts,
  })

test('a policy that demands nothing lets a good token in', () => {
  assert.equal(judge({}), undefined)
})

test('a required name is a scope or a claim that is true, and being there is not enough (controls.md row 5)', () => {
  assert.equal(judge({ requiredClaims: ['data:read'] }), undefined)
  assert.equal(judge({ requiredClaims: ['data:read', 'clearance:secret'] }), 'claim')
  const table: readonly [unknown, 'claim' | undefined][] = [
    [true, undefined],
    [false, 'claim'],
    [null, 'claim'],
    ['', 'claim'],
    ['false', 'claim'],
    ['true', 'claim'],
    [1, 'claim'],
    [[true], 'claim'],
    [{}, 'claim'],
    [undefined, 'claim'],
  ]
  for (const [value, expected] of table)
    assert.equal(
      judge({ requiredClaims: ['clearance:secret'] }, { 'clearance:secret': value }),
      expected,
      JSON.stringify(value),
    )
  for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'data', 'data:', 'DATA:READ', ''])
    assert.equal(judge({ requiredClaims: [name] }), 'claim', name)
})

test('a required value is what a claim is or lists, with its type (controls.md row 5)', () => {
  const table: readonly [unknown, PolicyOptions['requiredClaims'], 'claim' | undefined][] = [
    ['secret', { clearance: 'secret' }, undefined],
    ['secret', { clearance: ['top', 'secret'] }, undefined],
    [['public', 'secret'], { clearance: 'secret' }, undefined],
    [2, { clearance: 2 }, undefined],
    [false, { clearance: false }, undefined],
    ['secrets', { clearance: 'secret' }, 'claim'],
    ['Secret', { clearance: 'secret' }, 'claim'],
    ['2', { clearance: 2 }, 'claim'],
    ['true', { clearance: true }, 'claim'],
    [['public'], { clearance: ['top', 'secret'] }, 'claim'],
    [[], { clearance: 'secret' }, 'claim'],
    ['secret', { clearance: [] }, 'claim'],
    [undefined, { clearance: 'secret' }, 'claim'],
    ['secret', { clearance: 'secret', department: 'hr' }, 'claim'],
  ]
  for (const [clearance, requiredClaims, expected] of table)
    assert.equal(
      judge({ requiredClaims }, { clearance }),
      expected,
      `${JSON.stringify(clearance)} ${JSON.stringify(requiredClaims)}`,
    )
})

test('every scope and every role is needed (RFC 6750 §3.1, RFC 9068 §2.2.3.1)', () => {
  assert.equal(judge({ requiredScopes: ['read', 'data:read'], requiredRoles: ['auditor', 'editor'] }), undefined)
  assert.equal(judge({ requiredScopes: ['read', 'write'] }), 'scope')
  assert.equal(judge({ requiredRoles: ['editor', 'admin'] }), 'role')
  assert.equal(judge({ requiredRoles: ['edit'] }), 'role')
})

test('an address outside, mapped into IPv6 or not to be read is refused; one inside is not, however it is spelled (A120)', () => {
  const options = { allowedNetworks: ['203.0.113.0/24', '2001:db8::/32', '192.0.2.1'] }
  const inside = [
    '203.0.113.7',
    '::ffff:203.0.113.7',
    '::FFFF:203.0.113.7',
    '::ffff:cb00:7107',
    '0:0:0:0:0:ffff:203.0.113.7',
  ]
  for (const address of [...inside, '2001:db8:1::1', '2001:0DB8::1', '192.0.2.1'])
    assert.equal(judge(options, {}, { address }), undefined, address)
  const outside = [
    '203.0.114.7',
    '::ffff:203.0.114.7',
    '::ffff:cb00:7207',
    '2001:db9::1',
    '192.0.2.2',
    '127.0.0.1',
    '::1',
  ]
  const unreadable = [
    '',
    'unknown',
    '203.0.113.7:80',
    '203.0.113.07',
    '203.0.113',
    '0xcb.0.113.7',
    '3405803783',
    '[2001:db8::1]',
  ]
  const tricks = ['203.0.113.7/24', '203.0.113.7 ', '203.0.113.7\0', '203.0.113.7, 10.0.0.1', '::203.0.113.7']
  for (const address of [...outside, ...unreadable, ...tricks, undefined])
    assert.equal(judge(options, {}, { address }), 'network', String(address))
})

test('networks that a claim names hold as a list does, and anything else that it says lets nobody in (A120)', () => {
  const options: PolicyOptions = { allowedNetworks: ({ claims }) => claims.allowed_networks }
  assert.equal(judge(options, { allowed_networks: ['203.0.113.0/24'] }), undefined)
  for (const claim of [['10.0.0.0/8'], [], '203.0.113.0/24', ['203.0.113.0/24', 'x'], [7], {}, null, undefined, true])
    assert.equal(judge(options, { allowed_networks: claim }), 'network', JSON.stringify(claim))
})

test('rules that cannot be meant are refused when the service starts (A120)', () => {
  for (const allowedNetworks of [['10.0.0.0/33'], ['10.0.0.0/8/8'], ['example.com'], ['']])
    assert.throws(() => readPolicy({ allowedNetworks }, false), TypeError)
  for (const maxAge of [Number.NaN, -1]) assert.throws(() => readPolicy({ maxAge }, false), TypeError)
  assert.equal(judge({ allowedNetworks: [] }), 'network')
})

test('a device that is needed has to be verified (A119)', () => {
  const facts = { token: accessTokenOf(base), address: undefined, now: fromNumericDate(NOW) }
  assert.equal(decide(readPolicy({}, true), { ...facts, isDeviceVerified: false }), 'device')
  assert.equal(decide(readPolicy({}, true), { ...facts, isDeviceVerified: true }), undefined)
})

test('a sign-in too old, too weak or not told is not enough (RFC 9470 §5)', () => {
  const mfa = 'urn:postern:mfa'
  assert.equal(judge({ maxAge: 300 }, { auth_time: NOW - 300 }), undefined)
  assert.equal(judge({ maxAge: 300 }, { auth_time: NOW - 301 }), 'sign_in')
  assert.equal(judge({ maxAge: 300 }), 'sign_in')
  assert.equal(judge({ acr: mfa }, { acr: mfa }), undefined)
  assert.equal(judge({ acr: ['urn:x', mfa] }, { acr: mfa }), undefined)
  for (const acr of ['urn:postern:pwd', `${mfa} x`, undefined]) assert.equal(judge({ acr: mfa }, { acr }), 'sign_in')
  assert.equal(judge({ acr: [] }, { acr: mfa }), 'sign_in')
})

test('a new sign-in is asked for only when it would help (RFC 9470 §3)', () => {
  assert.equal(judge({ maxAge: 1, requiredRoles: ['admin'] }, { auth_time: NOW - 9 }), 'role')
})

test('the caller is counted from the right, over the proxies that are trusted (A120)', () => {
  const peer = '10.0.0.9'
  const table: readonly [number, string | undefined, string | undefined][] = [
    [0, undefined, peer],
    [0, '203.0.113.7', peer],
    [1, '203.0.113.7', '203.0.113.7'],
    [1, '203.0.113.7, 198.51.100.1', '198.51.100.1'],
    [2, '203.0.113.7, 198.51.100.1,10.0.0.8', '198.51.100.1'],
    [2, '198.51.100.1', undefined],
    [1, undefined, undefined],
    [1, '', ''],
    [1, '203.0.113.7,', ''],
  ]
  for (const [trusted, forwardedFor, expected] of table)
    assert.equal(clientAddress({ peer, forwardedFor }, trusted), expected, `${trusted} ${forwardedFor}`)
})
