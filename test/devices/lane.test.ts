import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { type BrowserSession, formsOf } from '../support/browser-session.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../support/server.ts'

const DEVICE = '__Host-device'
const WRONG = 'Not-the-Password-9!'
/** What is audited when a password was compared, and was wrong. */
const COMPARED = 'wrong password'

type User = Awaited<ReturnType<TestServer['makeUser']>>

/** What every test here does: open the sign-in page, try a password, look at what was kept. */
function actions(server: TestServer, client: () => TestClient) {
  const open = async (browser: BrowserSession) =>
    browser.follow(
      await browser.get(authorizeUrl(client(), pkce().challenge, { prompt: 'login' }), { fromElsewhere: true }),
    )
  const isIn = (answer: LightMyRequestResponse) => answer.statusCode === 303
  return {
    open,
    isIn,
    /** One try from a page that is open already; the answer to the form itself. */
    tryOn: (browser: BrowserSession, page: LightMyRequestResponse, username: string, password: string) =>
      browser.submit(page, { username, password }),
    async tryFrom(browser: BrowserSession, username: string, password: string) {
      return await browser.submit(await open(browser), { username, password })
    },
    /** A browser in which the user has signed in, and so a known device. */
    async ownBrowser(user: User, address = '203.0.113.5') {
      const browser = server.browser(address)
      assert.ok(isIn(await browser.submit(await open(browser), { username: user.username, password: user.password })))
      return browser
    },
    async failures(user: User): Promise<readonly string[]> {
      const rows = await server.database.db
        .selectFrom('audit_event')
        .select('reason')
        .where('type', '=', 'user.sign_in_failed')
        .where('user_id', '=', user.id)
        .execute()
      return rows.map(({ reason }) => reason ?? '')
    },
    async eventsOf(user: User, type: string): Promise<number> {
      const rows = await server.database.db
        .selectFrom('audit_event')
        .select('id')
        .where('type', '=', type)
        .where('user_id', '=', user.id)
        .execute()
      return rows.length
    },
    devices: (user: User) => server.deps.store.knownDevices.list(user.id),
  }
}

suite('under the limits of every day', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer({ LIMIT_AUTH_PER_MINUTE: '10', CEILING_ADDRESS_PER_MINUTE: '1000000' })
    client = await server.register({ first_party: true })
  })
  after(() => server.close())

  test('a thousand failures of a stranger, and the owner signs in at once, from the device that the account knows (A088, A092)', async () => {
    const { open, isIn, tryOn, tryFrom, ownBrowser, failures, eventsOf } = actions(server, () => client)
    const user = await server.makeUser()
    const owner = await ownBrowser(user)
    const attackers = Array.from({ length: 8 }, (_, index) => server.browser(`100.64.${index}.1`))
    const statuses: number[] = []
    for (let minute = 0; minute < 13; minute++) {
      for (const browser of attackers) {
        const page = await open(browser)
        for (let call = 0; call < 10; call++)
          statuses.push((await tryOn(browser, page, user.username, `${WRONG}${statuses.length}`)).statusCode)
      }
      server.clock.advance(60)
    }
    assert.equal(statuses.length, 1040)
    assert.deepEqual(new Set(statuses), new Set([400, 429]))
    const reasons = await failures(user)
    assert.equal(reasons.filter((reason) => reason === COMPARED).length, 100)
    assert.ok(reasons.filter((reason) => reason === 'closed to strangers').length >= 20)
    assert.equal(await eventsOf(user, 'account.strangers_closed'), 1)

    // A stranger who has found the right password is told what every other one is told.
    const stranger = server.browser('100.65.1.1')
    const page = await open(stranger)
    const right = await tryOn(stranger, page, user.username, user.password)
    const wrong = await tryOn(stranger, page, user.username, WRONG)
    assert.equal(right.statusCode, 400)
    assert.equal(textOf(right), textOf(wrong))
    assert.equal(stranger.cookies.has(DEVICE), false)
    for (let call = 0; call < 12; call++) await tryOn(stranger, page, user.username, WRONG) // nothing is left for strangers

    assert.ok(isIn(await tryFrom(owner, user.username, user.password)))
    // Now that the owner was here, strangers have their limit again, and nothing of the old count.
    server.clock.advance(60)
    assert.ok(isIn(await tryFrom(server.browser('100.65.2.1'), user.username, user.password)))
  })

  test('strangers in the owner’s own network use up its limit, and not the owner’s (design.md §6)', async () => {
    const { open, isIn, tryOn, tryFrom, ownBrowser } = actions(server, () => client)
    const user = await server.makeUser()
    const owner = await ownBrowser(user, '203.0.115.150')
    const neighbour = server.browser('203.0.115.151')
    const page = await open(neighbour)
    for (let call = 0; call < 15; call++) await tryOn(neighbour, page, user.username, WRONG)
    assert.equal((await tryOn(neighbour, page, user.username, WRONG)).statusCode, 429)
    assert.ok(isIn(await tryFrom(owner, user.username, user.password)))
  })

  test('a known device has its limit too (design.md §6)', async () => {
    const { open, tryOn, ownBrowser } = actions(server, () => client)
    const user = await server.makeUser()
    const owner = await ownBrowser(user, '203.0.114.1')
    const page = await open(owner)
    const statuses: number[] = []
    for (let call = 0; call < 11; call++)
      statuses.push((await tryOn(owner, page, user.username, user.password)).statusCode)
    assert.deepEqual(statuses, [...Array(10).fill(303), 429])
  })
})

suite('known devices', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer({ CEILING_ADDRESS_PER_MINUTE: '1000000' })
    client = await server.register({ first_party: true })
  })
  after(() => server.close())

  test('the cookie is for this host, out of reach of script and other sites, and comes with a success only (ASVS 3.3)', async () => {
    const { open, tryOn } = actions(server, () => client)
    const user = await server.makeUser()
    const browser = server.browser()
    const page = await open(browser)
    assert.equal(cookieLine(await tryOn(browser, page, user.username, WRONG)), undefined)
    const line = cookieLine(await tryOn(browser, page, user.username, user.password)) ?? ''
    assert.match(line, /^__Host-device=dv_[\w-]{43}; /)
    for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Max-Age=34560000'])
      assert.ok(line.split('; ').includes(part), part)
    const { rows } = await allOf(server)
    assert.equal(rows.includes(browser.cookies.get(DEVICE)?.value ?? ''), false) // its digest is kept, and not the secret
  })

  test('a session is bound to the device it began on, and one browser is a device of each account (design.md §6)', async () => {
    const { ownBrowser, tryFrom, devices } = actions(server, () => client)
    const [first, second] = [await server.makeUser(), await server.makeUser()]
    const browser = await ownBrowser(first)
    const secret = browser.cookies.get(DEVICE)?.value
    await tryFrom(browser, second.username, second.password)
    assert.equal(browser.cookies.get(DEVICE)?.value, secret)
    const [ofFirst, ofSecond] = [await devices(first), await devices(second)]
    assert.equal(ofFirst.length, 1)
    assert.equal(ofSecond.length, 1)
    assert.notEqual(ofFirst[0]?.id, ofSecond[0]?.id)
    const sessions = await server.database.db.selectFrom('session').select(['user_id', 'device_id']).execute()
    for (const [user, [device]] of [[first, ofFirst] as const, [second, ofSecond] as const])
      assert.deepEqual(
        sessions.filter(({ user_id }) => user_id === user.id).map(({ device_id }) => device_id),
        [device?.id],
      )
  })

  test('who signs up is on a known device from the start', async () => {
    const { open, devices } = actions(server, () => client)
    const browser = server.browser()
    const page = await open(browser)
    const id = /id=([0-9a-f-]{36})/.exec(
      formsOf(page.body)
        .map(({ action }) => action)
        .join(),
    )?.[1]
    const form = await browser.get(`/signup?id=${id}`)
    const username = `new_${Date.now().toString(36)}`
    const fields = { username, email: `${username}@mail.example`, password: 'Correct-Horse-7-Staple!' }
    assert.equal((await browser.submit(form, fields)).statusCode, 303)
    const user = await server.deps.store.users.find({ username })
    assert.equal((await devices({ ...fields, id: user?.id ?? '' })).length, 1)
    assert.ok(browser.cookies.has(DEVICE))
  })

  test('an account knows twenty devices; the one that was quiet longest gives way (design.md §6)', async () => {
    const { ownBrowser, devices } = actions(server, () => client)
    const user = await server.makeUser()
    const first = await ownBrowser(user)
    const [oldest] = await devices(user)
    for (let count = 0; count < 20; count++) await ownBrowser(user)
    const kept = await devices(user)
    assert.equal(kept.length, 20)
    assert.equal(
      kept.some(({ id }) => id === oldest?.id),
      false,
    )
    assert.ok(first.cookies.has(DEVICE)) // worth nothing to this account now
  })

  test('ten wrong passwords in a row void a device, and a full sign-in makes it known again (design.md §6)', async () => {
    const { isIn, tryFrom, ownBrowser, devices, failures } = actions(server, () => client)
    const user = await server.makeUser()
    const browser = await ownBrowser(user)
    for (let call = 0; call < 9; call++) await tryFrom(browser, user.username, WRONG)
    assert.ok(isIn(await tryFrom(browser, user.username, user.password)))
    assert.equal((await devices(user))[0]?.failures, 0)
    for (let call = 0; call < 10; call++) await tryFrom(browser, user.username, WRONG)
    assert.equal((await devices(user))[0]?.isVoid, true)
    await tryFrom(browser, user.username, WRONG)
    assert.equal((await guesses(server, user))?.failures, 1) // counted with the strangers
    assert.ok(isIn(await tryFrom(browser, user.username, user.password)))
    assert.deepEqual(
      (await devices(user)).map(({ isVoid, failures }) => ({ isVoid, failures })),
      [{ isVoid: false, failures: 0 }],
    )
    assert.equal((await failures(user)).length, 20)
  })

  test('wrong passwords at once from a known device: ten are counted, and no more count as its owner’s', async () => {
    const { open, tryOn, ownBrowser, devices } = actions(server, () => client)
    const user = await server.makeUser()
    const browser = await ownBrowser(user)
    const page = await open(browser)
    await Promise.all(Array.from({ length: 25 }, () => tryOn(browser, page, user.username, WRONG)))
    assert.deepEqual(
      (await devices(user)).map(({ isVoid, failures }) => ({ isVoid, failures })),
      [{ isVoid: true, failures: 10 }],
    )
  })

  test('the owner’s success on a known device resets no count that is open; a stranger’s own does (design.md §6)', async () => {
    const { isIn, tryFrom, ownBrowser } = actions(server, () => client)
    const user = await server.makeUser()
    const owner = await ownBrowser(user)
    for (let call = 0; call < 3; call++) await tryFrom(server.browser(), user.username, WRONG)
    assert.ok(isIn(await tryFrom(owner, user.username, user.password)))
    assert.equal((await guesses(server, user))?.failures, 3)
    assert.ok(isIn(await tryFrom(server.browser(), user.username, user.password)))
    assert.equal(await guesses(server, user), undefined)
  })
})

const textOf = (answer: LightMyRequestResponse): string =>
  answer.body.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

const cookieLine = (answer: LightMyRequestResponse): string | undefined =>
  [answer.headers['set-cookie'] ?? []].flat().find((line) => line.startsWith(`${DEVICE}=`))

const guesses = (server: TestServer, user: User) =>
  server.database.db.selectFrom('guessing').selectAll().where('user_id', '=', user.id).executeTakeFirst()

async function allOf(server: TestServer): Promise<{ readonly rows: string }> {
  const rows = await server.database.db.selectFrom('known_device').selectAll().execute()
  return { rows: JSON.stringify(rows.map(({ digest, ...row }) => ({ ...row, digest: digest.toString('utf8') }))) }
}
