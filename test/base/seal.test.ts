import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemRandom } from '../../src/base/random.ts'
import { sealer, subkey } from '../../src/base/seal.ts'

const KEY = systemRandom.bytes(32)
const OTHER = systemRandom.bytes(32)
const PLACE = 'signing_key/private_key/a'
const plain = fc.uint8Array({ maxLength: 200 })

test('what was sealed opens at its place, and differs each time (NIST SP 800-38D)', () => {
  const { seal, open } = sealer(systemRandom, KEY)
  fc.assert(
    fc.property(plain, (value) => {
      const envelope = seal(value, PLACE)
      assert.deepEqual(open(envelope, PLACE), Buffer.from(value))
      assert.notDeepEqual(seal(value, PLACE), envelope)
    }),
  )
})

test('a ciphertext moved to another table, column or row does not open (design.md §2.6)', () => {
  const { seal, open } = sealer(systemRandom, KEY)
  const envelope = seal(Buffer.from('x'), PLACE)
  for (const place of ['signing_key/private_key/b', 'signing_key/other/a', 'totp/private_key/a', '', `${PLACE} `]) {
    assert.equal(open(envelope, place), undefined, place)
  }
})

test('no byte of an envelope can be changed, added or taken away (NIST SP 800-38D)', () => {
  const { seal, open } = sealer(systemRandom, KEY)
  const envelope = seal(Buffer.from('a secret'), PLACE)
  for (let at = 0; at < envelope.length; at += 1) {
    const changed = Buffer.from(envelope)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(open(changed, PLACE), undefined, `byte ${at}`)
    assert.equal(open(envelope.subarray(0, at), PLACE), undefined, `${at} bytes`)
  }
  assert.equal(open(Buffer.concat([envelope, Buffer.of(0)]), PLACE), undefined)
  fc.assert(fc.property(plain, (bytes) => assert.equal(open(bytes, PLACE), undefined)))
})

test('another key opens nothing, and a former one opens what it sealed and seals nothing (design.md §3)', () => {
  const former = sealer(systemRandom, OTHER)
  const both = sealer(systemRandom, KEY, [OTHER])
  const envelope = former.seal(Buffer.from('x'), PLACE)
  assert.equal(sealer(systemRandom, KEY).open(envelope, PLACE), undefined)
  assert.deepEqual(both.open(envelope, PLACE), Buffer.from('x'))
  assert.equal(former.open(both.seal(Buffer.from('x'), PLACE), PLACE), undefined)
})

test('each purpose has a key of its own (RFC 5869)', () => {
  const keys = ['seal', 'csrf', 'restart'].map((purpose) => subkey(KEY, purpose).toString('hex'))
  assert.equal(new Set(keys).size, 3)
  assert.ok(keys.every((key) => key.length === 64))
})
