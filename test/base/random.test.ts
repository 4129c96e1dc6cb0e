import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isId, newId, newToken, systemRandom } from '../../src/base/random.ts'

test('an id is a UUIDv7 that sorts by its time (RFC 9562 §5.7)', () => {
  const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 })
  fc.assert(
    fc.property(instant, instant, (one, another) => {
      const [first, second] = [newId(systemRandom, new Date(one)), newId(systemRandom, new Date(another))]
      assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(Number.parseInt(first.replaceAll('-', '').slice(0, 12), 16), one)
      if (one !== another) assert.equal(first < second, one < another)
    }),
  )
})

test('ids of one millisecond differ', () => {
  const now = new Date()
  assert.equal(new Set(Array.from({ length: 1000 }, () => newId(systemRandom, now))).size, 1000)
})

test('an id is what we write, and nothing else that PostgreSQL would take', () => {
  const id = newId(systemRandom, new Date())
  assert.equal(isId(id), true)
  for (const text of [id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, `${id} `, `${id}\n`, '', id.slice(1)])
    assert.equal(isId(text), false, text)
})

test('a secret has 256 bits behind its prefix (design.md §2.6)', () => {
  const tokens = Array.from({ length: 100 }, () => newToken(systemRandom, 'ac_'))
  for (const token of tokens) assert.match(token, /^ac_[A-Za-z0-9_-]{43}$/)
  assert.equal(new Set(tokens).size, 100)
})
