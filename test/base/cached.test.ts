import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cached } from '../../src/base/cached.ts'

/** A clock that stands, and a load that answers when it is told to. */
function setUp(options = { seconds: 5, most: 2 }) {
  let seconds = 0
  const loads: { key: string; answer: (value: string) => void; fail: () => void }[] = []
  const find = cached(
    { now: () => new Date(seconds * 1000) },
    options,
    (key: string) =>
      new Promise<string>((answer, reject) => loads.push({ key, answer, fail: () => reject(new Error('away')) })),
  )
  return { find, loads, advance: (by: number) => (seconds += by) }
}

test('what was loaded is remembered for its time, and loaded again after it', async () => {
  const { find, loads, advance } = setUp()
  const first = find('a')
  loads[0]!.answer('one')
  assert.equal(await first, 'one')
  advance(4.9)
  assert.equal(await find('a'), 'one')
  assert.equal(loads.length, 1)
  advance(0.1)
  const second = find('a')
  loads[1]!.answer('two')
  assert.equal(await second, 'two')
})

test('callers that come while it loads share one load', async () => {
  const { find, loads } = setUp()
  const callers = Array.from({ length: 20 }, () => find('a'))
  assert.equal(loads.length, 1)
  loads[0]!.answer('one')
  assert.deepEqual(new Set(await Promise.all(callers)), new Set(['one']))
})

test('while loading fails, what was known is served on; where nothing was known the failure passes', async () => {
  const { find, loads, advance } = setUp()
  const unknown = find('a')
  loads[0]!.fail()
  await assert.rejects(unknown, /away/)
  const known = find('a')
  loads[1]!.answer('one')
  assert.equal(await known, 'one')
  advance(3600)
  const stale = find('a')
  loads[2]!.fail()
  assert.equal(await stale, 'one')
  const healed = find('a')
  loads[3]!.answer('two')
  assert.equal(await healed, 'two')
})

test('what a load began with counts from then: a slow one does not look fresh', async () => {
  const { find, loads, advance } = setUp()
  const slow = find('a')
  advance(5)
  loads[0]!.answer('one')
  await slow
  void find('a')
  assert.equal(loads.length, 2)
})

test('a clock that was set back remembers nothing for longer than its time', async () => {
  const { find, loads, advance } = setUp()
  const first = find('a')
  loads[0]!.answer('one')
  await first
  advance(-3600)
  void find('a')
  assert.equal(loads.length, 2)
})

test('the oldest is forgotten when there are too many', async () => {
  const { find, loads } = setUp()
  for (const key of ['a', 'b', 'c']) {
    const one = find(key)
    loads.at(-1)!.answer(key)
    await one
  }
  assert.equal(await find('b'), 'b')
  assert.equal(await find('c'), 'c')
  assert.equal(loads.length, 3)
  void find('a')
  assert.equal(loads.length, 4)
})
