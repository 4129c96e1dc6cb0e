import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROMPTS, parseMaxAge, parsePrompt } from '../../src/protocol/prompt.ts'

const invalidRequest = { name: 'OAuthError', code: 'invalid_request' }

test('prompt is a list of known values (OIDC Core §3.1.2.1)', () => {
  assert.deepEqual(parsePrompt(undefined), [])
  for (const prompt of PROMPTS) assert.deepEqual(parsePrompt(prompt), [prompt])
  assert.deepEqual(parsePrompt('consent  login login'), ['login', 'consent'])
})

test('an unknown prompt is refused (OIDC Core §3.1.2.1)', () => {
  for (const text of ['Login', 'login,consent', 'login\tconsent', 'unknown', 'login unknown', 'none ']) {
    if (text === 'none ') assert.deepEqual(parsePrompt(text), ['none'])
    else assert.throws(() => parsePrompt(text), invalidRequest, text)
  }
})

test('none stands alone (OIDC Core §3.1.2.1)', () => {
  for (const text of ['none login', 'consent none', 'none create'])
    assert.throws(() => parsePrompt(text), invalidRequest, text)
})

test('max_age is a whole number of seconds (OIDC Core §3.1.2.1)', () => {
  assert.equal(parseMaxAge(undefined), undefined)
  assert.equal(parseMaxAge('0'), 0)
  assert.equal(parseMaxAge('10000'), 10_000)
  for (const text of [
    '-1',
    '+1',
    '1.5',
    '1e3',
    '1e400',
    'NaN',
    'Infinity',
    '0x10',
    ' 1',
    '1 ',
    '',
    '١',
    '9'.repeat(10),
  ]) {
    assert.throws(() => parseMaxAge(text), invalidRequest, text)
  }
})
