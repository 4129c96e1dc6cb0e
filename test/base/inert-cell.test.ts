import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inertCell } from '../../src/base/inert-cell.ts'

test('no cell is taken for a formula, whatever stands before its sign, and others stay as they are (A151, OWASP CSV Injection)', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', '＋1', '－1', '＠SUM']) {
    assert.equal(inertCell(formula), `'${formula}`, JSON.stringify(formula))
  }
  for (const plain of ['', 'ada', 'a=b', '{"a":"=1"}', '2026-11-22']) assert.equal(inertCell(plain), plain)
})
