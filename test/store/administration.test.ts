import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import { clientMetadata } from '../../src/protocol/client-metadata.ts'
import { createStore, type Store } from '../../src/store/index.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { ENGINES, type FreshDatabase } from '../support/postgres.ts'

const deps = { clock: systemClock, random: systemRandom }
const event = () => administrationEvent(deps, 'test', 'operator', {})
const secret = (text: string) => ({ id: newId(systemRandom, systemClock.now()), digest: digestOf(text) })

for (const engine of ENGINES) {
  describe(engine.name, () => {
    let opened: FreshDatabase
    let store: Store
    before(async () => {
      opened = await engine.fresh({ migrated: true })
      store = createStore(opened.database, { sessionIdleSeconds: 3600 })
    })
    after(() => opened.drop())

    const client = async (clientId: string) => {
      const policy = {
        client_id: clientId,
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials'],
      }
      await store.clients.put(clientMetadata.parse(policy), event())
    }
    const digests = async (clientId: string) =>
      (await store.clients.find(clientId))?.secrets.map(({ digest }) => digest.toString('hex'))

    test('a secret that is live already is not added again', async () => {
      await client('once')
      assert.equal(await store.administration.putSecret('once', secret('a'), event()), true)
      assert.equal(await store.administration.putSecret('once', secret('a'), event()), false)
      assert.equal((await digests('once'))?.length, 1)
    })

    test('a third secret takes the place of the oldest', async () => {
      await client('third')
      for (const text of ['a', 'b', 'c']) {
        await store.administration.putSecret('third', secret(text), event())
      }
      assert.equal((await digests('third'))?.length, 2)
      assert.ok((await digests('third'))?.includes(digestOf('c').toString('hex')))
    })

    test('many at once leave two live secrets', async () => {
      await client('race')
      const texts = Array.from({ length: 10 }, (_, index) => `secret ${index}`)
      await Promise.all(texts.map((text) => store.administration.putSecret('race', secret(text), event())))
      assert.equal((await digests('race'))?.length, 2)
      assert.equal((await store.administration.listSecrets('race')).length, 2)
    })

    test('of many secrets added at once, one is the second, and no more are live', async () => {
      for (let round = 0; round < 5; round++) {
        const clientId = `added-${round}`
        await client(clientId)
        await store.clients.addSecret(clientId, secret('first'), event())
        const added = await Promise.all(
          Array.from({ length: 8 }, (_, index) => store.clients.addSecret(clientId, secret(`s${index}`), event())),
        )
        assert.equal(added.filter(Boolean).length, 1)
        assert.equal((await digests(clientId))?.length, 2)
      }
    })

    test('the database says what it is', async () => {
      const facts = await store.administration.databaseFacts()
      assert.ok(facts.versionNumber >= 140_000)
      assert.ok(facts.maxConnections > 0)
    })
  })
}
