import assert from 'node:assert/strict'
import { test } from 'node:test'
import { permits } from '../../src/accounts/permits.ts'

/** Work that goes on until it is told to end. */
function held() {
  const ends: (() => void)[] = []
  const began: string[] = []
  return {
    began,
    work: (name: string) => async () => {
      began.push(name)
      await new Promise<void>((resolve) => ends.push(resolve))
      return name
    },
    async endOne() {
      ends.shift()?.()
      await new Promise(setImmediate)
    },
  }
}

test('however many strangers wait, an owner has the next turn, and never more run than there are permits (design.md §6)', async () => {
  const turns = permits(2, 3)
  const { began, work, endOne } = held()
  const waiting = ['a', 'b', 'c', 'd', 'e'].map((name) => turns.run('strangers', work(name)))
  assert.equal(await turns.run('strangers', work('f')), 'busy')
  waiting.push(turns.run('owners', work('owner')))
  await new Promise(setImmediate)
  assert.deepEqual(began, ['a', 'b'])
  await endOne()
  assert.deepEqual(began, ['a', 'b', 'owner'])
  for (let count = 0; count < 5; count++) await endOne()
  assert.deepEqual(await Promise.all(waiting), ['a', 'b', 'c', 'd', 'e', 'owner'])
  assert.deepEqual(began, ['a', 'b', 'owner', 'c', 'd', 'e'])
})

test('owners too are told when too many of them wait', async () => {
  const turns = permits(1, 1)
  const { work, endOne } = held()
  const both = [turns.run('owners', work('a')), turns.run('owners', work('b'))]
  assert.equal(await turns.run('owners', work('c')), 'busy')
  await endOne()
  await endOne()
  assert.deepEqual(await Promise.all(both), ['a', 'b'])
})

test('work that fails gives its turn back', async () => {
  const turns = permits(1, 0)
  await assert.rejects(
    turns.run('strangers', () => Promise.reject(new Error('failed'))),
    /failed/,
  )
  assert.equal(await turns.run('strangers', async () => 'done'), 'done')
})
