import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { argon2d, argon2i, argon2id, hash } from 'argon2'
import { startServer, type TestServer } from '../../support/server.ts'
import { isOverview, withPassword } from '../codes/authenticator.ts'
import { closeClean, isSignInPage, type TestUser } from '../front-channel.ts'

const OURS = /^\$argon2id\$v=19\$(?:m=19456|t=2|p=1|,){5}\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43,}$/

suite('password hashes at rest', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => closeClean(server))

  const stored = async ({ username }: Pick<TestUser, 'username'>) =>
    (await server.deps.store.users.findForSignIn(username))?.password
  /** Puts a hash in the place of a user's own. */
  async function plant(phc: string, peppered = false) {
    const user = await server.makeUser()
    await server.database.db.updateTable('password').set({ phc, peppered }).where('user_id', '=', user.id).execute()
    return user
  }

  test('A177 what is stored is argon2id of 19 MiB and two passes, peppered, and never the same twice (OWASP, ASVS 11.4.2)', async () => {
    const [one, two] = [await server.makeUser(), await server.makeUser()]
    const hashes = [await stored(one), await stored(two)]
    for (const each of hashes) {
      assert.match(each?.phc ?? '', OURS)
      assert.equal(each?.peppered, true)
    }
    assert.notEqual(hashes[0]?.phc, hashes[1]?.phc)
  })

  for (const [what, options] of [
    ['less memory', { type: argon2id, memoryCost: 8192, timeCost: 3, parallelism: 1 }],
    ['one pass', { type: argon2id, memoryCost: 19_456, timeCost: 1, parallelism: 1 }],
    ['no pepper alone', { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }],
    ['argon2i', { type: argon2i, memoryCost: 19_456, timeCost: 2, parallelism: 1 }],
    ['argon2d', { type: argon2d, memoryCost: 19_456, timeCost: 2, parallelism: 1 }],
  ] as const) {
    test(`A177 a planted hash of ${what} is replaced by ours when its user signs in, and by nobody else (ASVS 11.4.2)`, async () => {
      const password = 'Correct-Horse-7-Staple!'
      const user = await plant(await hash(password, options))
      const planted = await stored(user)
      const wrong = await withPassword(server, { username: user.username, password: 'Wrong-Horse-7-Staple!' })
      assert.equal(wrong.page.statusCode, 400)
      assert.deepEqual(await stored(user), planted)
      assert.ok(isOverview((await withPassword(server, user)).page))
      const upgraded = await stored(user)
      assert.match(upgraded?.phc ?? '', OURS)
      assert.equal(upgraded?.peppered, true)
      assert.ok(isOverview((await withPassword(server, user)).page))
      assert.deepEqual(await stored(user), upgraded, 'one upgrade is enough')
    })
  }

  test('A177 an upgrade ends no session and is no change of the password (ASVS 11.4.2)', async () => {
    const user = await plant(await hash('Correct-Horse-7-Staple!', { type: argon2id, memoryCost: 8192, timeCost: 1 }))
    const { browser } = await withPassword(server, user)
    await withPassword(server, user)
    assert.ok(isOverview(await browser.get('/account')))
    assert.equal((await server.audited()).includes('password.changed'), false)
  })

  test('A177 a hash without our pepper is nothing when it says that it has it, and the other way round (ASVS 11.4.2)', async () => {
    const bare = await hash('Correct-Horse-7-Staple!', {
      type: argon2id,
      memoryCost: 19_456,
      timeCost: 2,
      parallelism: 1,
    })
    const user = await plant(bare, true)
    assert.equal((await withPassword(server, user)).page.statusCode, 400)
    const other = await server.makeUser()
    await server.database.db.updateTable('password').set({ peppered: false }).where('user_id', '=', other.id).execute()
    assert.equal((await withPassword(server, other)).page.statusCode, 400)
  })

  test("A174 a hash moved to another's row, or typed in as the password, signs nobody in with what it was not made of (ASVS 11.4.2)", async () => {
    const [one, two] = [await server.makeUser(), await server.makeUser()]
    const { phc } = (await stored(one)) ?? { phc: '' }
    for (const password of [phc, phc.split('$').at(-1) ?? '', '']) {
      const { page } = await withPassword(server, { ...two, password })
      assert.equal(page.statusCode, 400)
    }
    const { browser } = await withPassword(server, two)
    await server.database.db.deleteFrom('password').where('user_id', '=', one.id).execute()
    assert.equal((await withPassword(server, one)).page.statusCode, 400, 'who has no password has not the empty one')
    assert.equal(isSignInPage(await browser.get('/account')), false)
  })
})
