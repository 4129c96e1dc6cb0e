import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { openDatabase } from '../../src/store/database.ts'
import { throttleStore } from '../../src/store/throttle.ts'
import { ENGINES, type FreshDatabase } from '../support/postgres.ts'
import { attempt, exactness, LIMIT, type Limited, newKey } from './exactness.ts'

for (const engine of ENGINES) {
  suite(`limits in ${engine.name}`, () => {
    let fresh: FreshDatabase
    let limited: Limited
    let closing: readonly (() => Promise<void>)[]
    before(async () => {
      let offset = 0
      const offsetSeconds = () => offset
      fresh = await engine.fresh({ migrated: true, offsetSeconds })
      const more = [1, 2].map(() => openDatabase({ connection: fresh.connection, offsetSeconds }))
      const advance = (seconds: number) => {
        offset += seconds
      }
      limited = { nodes: [fresh.database, ...more].map(throttleStore), advance }
      closing = more.map((database) => () => database.close())
    })
    after(async () => {
      for (const close of closing) await close()
      await fresh.drop()
    })

    exactness(() => limited)

    test('a call that is done again after its answer was lost is charged once (design.md §4.8)', async () => {
      const [node] = limited.nodes
      const key = newKey()
      const same = attempt()
      for (let call = 0; call < 10; call++) assert.equal(await node!.take([key], LIMIT, same), 0)
      for (let call = 0; call < 9; call++) assert.equal(await node!.take([key], LIMIT, attempt()), 0)
      assert.ok((await node!.take([key], LIMIT, attempt())) > 0)
    })
  })
}
