import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { openDatabase } from '../../src/store/database.ts'
import { type Limit, type Throttle, throttleStore } from '../../src/store/throttle.ts'
import { ENGINES, type FreshDatabase } from '../support/postgres.ts'

const LIMIT: Limit = { calls: 10, periodSeconds: 60 }
const newKey = () => digestOf(randomBytes(16))
const attempt = () => randomBytes(16)

for (const engine of ENGINES) {
  suite(`the throttle on ${engine.name}`, () => {
    let fresh: FreshDatabase
    let offset = 0
    let nodes: readonly Throttle[]
    let closing: readonly (() => Promise<void>)[]
    before(async () => {
      const offsetSeconds = () => offset
      fresh = await engine.fresh({ migrated: true, offsetSeconds })
      const more = [1, 2].map(() => openDatabase({ connection: fresh.connection, offsetSeconds }))
      nodes = [fresh.database, ...more].map(throttleStore)
      closing = more.map((database) => () => database.close())
    })
    after(async () => {
      for (const close of closing) await close()
      await fresh.drop()
    })
    const one = () => nodes[0]!

    test('a burst over three nodes gets ten calls, exactly, every time (design.md §6)', async () => {
      for (let round = 0; round < 10; round++) {
        const key = newKey()
        const waits = await Promise.all(
          Array.from({ length: 30 }, (_, index) => nodes[index % nodes.length]!.take([key], LIMIT, attempt())),
        )
        assert.equal(waits.filter((wait) => wait === 0).length, 10)
        assert.ok(waits.every((wait) => wait >= 0 && wait <= 6))
      }
    })

    test('a burst of exactly ten is let through whole, whoever came to the row first (design.md §6)', async () => {
      for (let round = 0; round < 20; round++) {
        const key = newKey()
        const waits = await Promise.all(
          nodes.flatMap((node) => [1, 2, 3].map(() => node.take([key], LIMIT, attempt()))),
        )
        assert.deepEqual(new Set([...waits, await one().take([key], LIMIT, attempt())]), new Set([0]))
      }
    })

    test('what a refusal says to wait is enough, a second less is not, and refusals do not extend it (design.md §6)', async () => {
      const key = newKey()
      for (let call = 0; call < 10; call++) assert.equal(await one().take([key], LIMIT, attempt()), 0)
      const wait = await one().take([key], LIMIT, attempt())
      assert.equal(wait, 6)
      for (let call = 0; call < 50; call++) assert.ok((await one().take([key], LIMIT, attempt())) > 0)
      offset += wait - 1
      assert.equal(await one().take([key], LIMIT, attempt()), 1)
      offset += 1
      assert.equal(await one().take([key], LIMIT, attempt()), 0)
    })

    test('a call that one key refuses is charged to no other (design.md §6)', async () => {
      const [full, other] = [newKey(), newKey()]
      for (let call = 0; call < 10; call++) await one().take([full], LIMIT, attempt())
      for (let call = 0; call < 20; call++) assert.ok((await one().take([full, other], LIMIT, attempt())) > 0)
      for (let call = 0; call < 10; call++) assert.equal(await one().take([other], LIMIT, attempt()), 0)
      assert.ok((await one().take([other], LIMIT, attempt())) > 0)
    })

    test('a call that is done again after its answer was lost is charged once (design.md §4.8)', async () => {
      const key = newKey()
      const same = attempt()
      for (let call = 0; call < 10; call++) assert.equal(await one().take([key], LIMIT, same), 0)
      for (let call = 0; call < 9; call++) assert.equal(await one().take([key], LIMIT, attempt()), 0)
      assert.ok((await one().take([key], LIMIT, attempt())) > 0)
    })

    test('what is given back can be used again', async () => {
      const key = newKey()
      for (let call = 0; call < 10; call++) await one().take([key], LIMIT, attempt())
      await one().giveBack([key], LIMIT)
      assert.equal(await one().take([key], LIMIT, attempt()), 0)
      assert.ok((await one().take([key], LIMIT, attempt())) > 0)
    })
  })
}
