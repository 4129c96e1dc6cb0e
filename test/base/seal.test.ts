import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemRandom } from '../../src/base/random.ts'
import { sealer } from '../../src/base/seal.ts'

const PLACE = 'totp/secret/1'
const plain = Buffer.from('a secret')

test('what a key has sealed opens for the same place, and for no other table, column or row (A175)', () => {
  const { seal, open } = sealer(systemRandom, randomBytes(32))
  const envelope = seal(plain, PLACE)
  assert.deepEqual(open(envelope, PLACE), plain)
  for (const place of ['totp/secret/2', 'totp/other/1', 'signing_key/secret/1', '']) {
    assert.equal(open(envelope, place), undefined, place)
  }
})

test('an envelope with one changed bit, or cut short anywhere, does not open (NIST SP 800-38D §7.2)', () => {
  const { seal, open } = sealer(systemRandom, randomBytes(32))
  const envelope = seal(plain, PLACE)
  for (let at = 0; at < envelope.length; at++) {
    const changed = Buffer.from(envelope)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(open(changed, PLACE), undefined, `byte ${at}`)
    assert.equal(open(envelope.subarray(0, at), PLACE), undefined, `cut at ${at}`)
  }
})

test('no two envelopes of the same secret are alike (NIST SP 800-38D §8)', () => {
  const { seal } = sealer(systemRandom, randomBytes(32))
  const envelopes = Array.from({ length: 1000 }, () => seal(plain, PLACE).toString('hex'))
  assert.equal(new Set(envelopes).size, 1000)
})

test('a previous key opens what it sealed, told by its id, and seals nothing (controls.md row 35)', () => {
  const [old, now] = [randomBytes(32), randomBytes(32)]
  const before = sealer(systemRandom, old)
  const during = sealer(systemRandom, now, [old])
  const after = sealer(systemRandom, now)
  const envelope = before.seal(plain, PLACE)
  assert.deepEqual(during.open(envelope, PLACE), plain)
  assert.equal(after.open(envelope, PLACE), undefined)
  const renewed = during.seal(plain, PLACE)
  assert.ok(renewed.subarray(0, during.currentHeader.length).equals(during.currentHeader))
  assert.deepEqual(after.open(renewed, PLACE), plain)
  assert.equal(before.open(renewed, PLACE), undefined)
})
