import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plainLine } from '../../src/base/plain-line.ts'

test('what was typed becomes one short line of whole characters, and is left alone when it is one (Unicode §3.9)', () => {
  const longest = 20
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (typed) => {
      const line = plainLine(typed, longest)
      assert.ok(line.length <= longest && line.isWellFormed())
      assert.doesNotMatch(line, /\p{C}|^\s|\s$/u)
      assert.equal(plainLine(line, longest), line)
    }),
  )
  assert.equal(plainLine(' Ada\r\n Example ', longest), 'Ada Example')
  assert.equal(plainLine(`${'a'.repeat(19)}\u{1f600}`, longest), 'a'.repeat(19))
})
