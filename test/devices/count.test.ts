import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import type { AuditEvent } from '../../src/store/audit.ts'
import { createStore, type Store } from '../../src/store/index.ts'
import { ENGINES, type FreshDatabase } from '../support/postgres.ts'

const id = () => newId(systemRandom, new Date())
const event = (type: string): AuditEvent => ({ id: id(), type, outcome: 'success', actor: 'operator' })

for (const engine of ENGINES) {
  suite(`attempts, counted on ${engine.name}`, () => {
    let fresh: FreshDatabase
    let store: Store
    before(async () => {
      fresh = await engine.fresh({ migrated: true })
      store = createStore(fresh.database, { sessionIdleSeconds: 3600 })
    })
    after(() => fresh.drop())

    async function makeUser(): Promise<string> {
      const userId = id()
      const username = `user_${randomBytes(6).toString('hex')}`
      const password = { phc: 'not looked at', peppered: true }
      const user = { id: userId, username, email: undefined, emailVerified: false, claims: {}, password, roles: [] }
      await store.users.create(user, event('user.created'))
      return userId
    }
    const guess = (userId: string) => store.knownDevices.countGuess(userId, event('account.strangers_closed'))
    const closings = async () =>
      (
        await fresh.database.db
          .selectFrom('audit_event')
          .select('id')
          .where('type', '=', 'account.strangers_closed')
          .execute()
      ).length
    const times = <T>(count: number, call: () => Promise<T>) => Promise.all(Array.from({ length: count }, call))

    test('of a hundred and fifty guesses at once exactly a hundred may be right, and the end of it is told once (NIST SP 800-63B §5.2.2)', async () => {
      const userId = await makeUser()
      const before = await closings()
      assert.equal((await times(150, () => guess(userId))).filter(Boolean).length, 100)
      assert.equal(await closings(), before + 1)
      assert.equal(await guess(userId), false)
    })

    test('against a new password no guess has been made yet', async () => {
      const userId = await makeUser()
      await times(101, () => guess(userId))
      const password = { phc: 'another', peppered: true }
      await store.users.changePassword(userId, password, event('user.password_changed'))
      assert.equal((await times(101, () => guess(userId))).filter(Boolean).length, 100)
    })

    test('an operator opens an account to strangers again, and hears whether it was closed', async () => {
      const userId = await makeUser()
      await times(3, () => guess(userId))
      assert.equal(await store.knownDevices.reopen(userId, event('user.unlocked')), false)
      await times(101, () => guess(userId))
      assert.equal(await store.knownDevices.reopen(userId, event('user.unlocked')), true)
      assert.equal(await guess(userId), true)
    })

    test('what was counted and not made is taken back', async () => {
      const userId = await makeUser()
      await times(100, () => guess(userId))
      await store.knownDevices.uncountGuess(userId)
      assert.deepEqual([await guess(userId), await guess(userId)], [true, false])
      await store.knownDevices.uncountGuess(userId) // a closed account stays closed
      assert.equal(await guess(userId), false)
    })

    test('an account without a password has nothing to guess, and counts nothing', async () => {
      assert.equal(await guess(id()), true)
      assert.deepEqual(
        await fresh.database.db.selectFrom('guessing').select('user_id').where('failures', '<', 1).execute(),
        [],
      )
    })

    test('of thirty attempts at once from a known device exactly ten count as its owner’s (design.md §6)', async () => {
      const userId = await makeUser()
      const sessionId = id()
      const secrets = { strictDigest: digestOf(randomBytes(8)), laxDigest: digestOf(randomBytes(8)) }
      const device = { id: id(), digest: digestOf(randomBytes(32)), name: 'a browser' }
      const where = { address: '198.51.100.0/24', userAgent: 'a browser', interactionId: undefined, maxSeconds: 3600 }
      const authentication = { authTime: new Date(), acr: 'urn:postern:pwd', amr: ['pwd'] }
      await store.sessions.signIn(
        { sessionId, userId, userEpoch: 0, ...secrets, ...where, ...authentication, device, isKnownDevice: false },
        undefined,
        event('user.signed_in'),
      )
      const counted = await times(30, () => store.knownDevices.countAttempt(device.id))
      assert.equal(counted.filter(Boolean).length, 10)
      assert.equal((await store.knownDevices.list(userId))[0]?.isVoid, true)
      await store.knownDevices.remember(userId, sessionId, { ...device, id: id() })
      assert.deepEqual(
        (await store.knownDevices.list(userId)).map(({ id: known, failures }) => ({ known, failures })),
        [{ known: device.id, failures: 0 }],
      )
    })
  })
}
