// What holds for the limits wherever they are kept.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import type { Limit, Throttle } from '../../src/store/throttle.ts'

export const LIMIT: Limit = { calls: 10, periodSeconds: 60 }
export const newKey = () => digestOf(randomBytes(16))
export const attempt = () => randomBytes(16)

/** Several nodes over one store, and its time. */
export interface Limited {
  readonly nodes: readonly Throttle[]
  advance(seconds: number): void
}

/** Tests for the suite that this is called in. @param of known once the suite has begun */
export function exactness(of: () => Limited): void {
  const one = () => of().nodes[0]!

  test('a burst over three nodes gets ten calls, exactly, every time (A188)', async () => {
    const { nodes } = of()
    for (let round = 0; round < 10; round++) {
      const key = newKey()
      const calls = Array.from({ length: 30 }, (_, index) => nodes[index % nodes.length]!.take([key], LIMIT, attempt()))
      const waits = await Promise.all(calls)
      assert.equal(waits.filter((wait) => wait === 0).length, 10)
      assert.ok(waits.every((wait) => wait >= 0 && wait <= 6))
    }
  })

  test('a burst of exactly ten is let through whole, whoever came to the row first (design.md §6)', async () => {
    for (let round = 0; round < 20; round++) {
      const key = newKey()
      const calls = of().nodes.flatMap((node) => [1, 2, 3].map(() => node.take([key], LIMIT, attempt())))
      assert.deepEqual(
        new Set([...(await Promise.all(calls)), await one().take([key], LIMIT, attempt())]),
        new Set([0]),
      )
    }
  })

  test('what a refusal says to wait is enough, a second less is not, and refusals do not extend it (A087)', async () => {
    const key = newKey()
    for (let call = 0; call < 10; call++) assert.equal(await one().take([key], LIMIT, attempt()), 0)
    const wait = await one().take([key], LIMIT, attempt())
    assert.equal(wait, 6)
    for (let call = 0; call < 50; call++) assert.ok((await one().take([key], LIMIT, attempt())) > 0)
    of().advance(wait - 1)
    assert.equal(await one().take([key], LIMIT, attempt()), 1)
    of().advance(1)
    assert.equal(await one().take([key], LIMIT, attempt()), 0)
  })

  test('a call that one key refuses is charged to no other (design.md §6)', async () => {
    const [full, other] = [newKey(), newKey()]
    for (let call = 0; call < 10; call++) await one().take([full], LIMIT, attempt())
    for (let call = 0; call < 20; call++) assert.ok((await one().take([full, other], LIMIT, attempt())) > 0)
    for (let call = 0; call < 10; call++) assert.equal(await one().take([other], LIMIT, attempt()), 0)
    assert.ok((await one().take([other], LIMIT, attempt())) > 0)
  })

  test('what is given back can be used again', async () => {
    const key = newKey()
    for (let call = 0; call < 10; call++) await one().take([key], LIMIT, attempt())
    await one().giveBack([key], LIMIT)
    assert.equal(await one().take([key], LIMIT, attempt()), 0)
    assert.ok((await one().take([key], LIMIT, attempt())) > 0)
    await one().giveBack([newKey()], LIMIT) // of what nobody took there is nothing to give back
  })
}
