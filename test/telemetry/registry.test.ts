import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registry } from '../../src/telemetry/registry.ts'
import { parseExposition, valueIn } from '../support/exposition.ts'

test('whatever stands in a label or a help text, the scrape can be read back (text format 0.0.4)', () => {
  const all = registry()
  const nasty = 'a "quoted" \\ back\nslash, {brace}="x"'
  const counter = all.counter('c_total', `help with \\ and\na line`, ['one', 'two'])
  counter.add({ one: nasty, two: '' })
  counter.add({ one: nasty, two: '' })
  const samples = parseExposition(all.render())
  assert.deepEqual(samples, [{ name: 'c_total', labels: { one: nasty, two: '' }, value: 2 }])
})

test('a histogram counts each observation in every bucket that holds it (text format 0.0.4)', () => {
  const all = registry()
  const seconds = all.histogram('h_seconds', 'help', ['route'])
  for (const each of [0.001, 0.3, 99]) seconds.observe({ route: '/x' }, each)
  const samples = parseExposition(all.render())
  const bucket = (le: string) => valueIn(samples, 'h_seconds_bucket', { route: '/x', le })
  assert.deepEqual([bucket('0.001'), bucket('0.25'), bucket('0.5'), bucket('15'), bucket('+Inf')], [1, 1, 2, 2, 3])
  assert.equal(valueIn(samples, 'h_seconds_sum'), 0.001 + 0.3 + 99)
  assert.equal(valueIn(samples, 'h_seconds_count'), 3)
})

test('a gauge is read when it is asked for, and one without readings has none (text format 0.0.4)', () => {
  const all = registry()
  let now = 1
  all.gauge('g', 'help', () => now)
  all.gauge('none', 'help', () => [])
  assert.equal(valueIn(parseExposition(all.render()), 'g'), 1)
  now = Number.POSITIVE_INFINITY
  assert.equal(valueIn(parseExposition(all.render()), 'g'), now)
})
