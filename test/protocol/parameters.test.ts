import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formPairs } from '../../src/http/parameters.ts'
import { parametersOf, refuseRepeated, required } from '../../src/protocol/parameters.ts'

const invalidRequest = { name: 'OAuthError', code: 'invalid_request' }

test('a parameter without a value was not sent (RFC 6749 §3.1)', () => {
  const parameters = parametersOf([
    ['scope', ''],
    ['state', 'x'],
    ['state', ''],
  ])
  assert.equal(parameters.get('scope'), undefined)
  assert.equal(parameters.get('state'), 'x')
  assert.deepEqual(parameters.repeated, [])
  assert.throws(() => required(parameters, 'scope'), invalidRequest)
  assert.equal(required(parameters, 'state'), 'x')
})

test('a repeated parameter is refused, save resource (RFC 6749 §3.1, RFC 8707 §2)', () => {
  const repeated = parametersOf([
    ['scope', 'a'],
    ['scope', 'a'],
    ['x', '1'],
    ['x', '2'],
  ])
  assert.deepEqual(repeated.repeated, ['scope', 'x'])
  assert.throws(() => refuseRepeated(repeated), invalidRequest)
  const resources = parametersOf([
    ['resource', 'a'],
    ['resource', 'b'],
  ])
  assert.deepEqual(refuseRepeated(resources).list('resource'), ['a', 'b'])
})

test('names of objects are names like any other', () => {
  const parameters = parametersOf([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  assert.deepEqual(
    [parameters.get('__proto__'), parameters.get('constructor'), parameters.get('toString')],
    ['a', 'b', undefined],
  )
})

test('a form is read as it was written (WHATWG URL §5.1)', () => {
  const text = fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll('\0', ''))
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
      const written = new URLSearchParams(pairs).toString()
      assert.deepEqual(
        formPairs(written),
        [...new URLSearchParams(written)].map(([name, value]) => [name, value]),
      )
    }),
  )
  assert.deepEqual(formPairs('a+b=c%20d&e&=f&&g=h=i'), [
    ['a b', 'c d'],
    ['e', ''],
    ['', 'f'],
    ['g', 'h=i'],
  ])
  assert.deepEqual(formPairs(''), [])
})

test('a form that cannot be read is none (RFC 6749 appendix B)', () => {
  for (const text of ['a=%', 'a=%zz', 'a=%ff', 'a=%c3%28', '%=a', Array(201).fill('a=b').join('&')]) {
    assert.equal(formPairs(text), undefined, text.slice(0, 20))
  }
})
