import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { chargeAttempt } from '../../src/accounts/throttle.ts'
import { arrive, signIn } from '../attacks/front-channel.ts'
import { startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('the present password, asked of who is signed in', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer({ LIMIT_AUTH_PER_MINUTE: '10' })
    client = await server.register({ first_party: true })
  })
  after(() => server.close())

  async function atForm(address: string) {
    const user = await server.makeUser()
    const browser = server.browser(address)
    await signIn(browser, await arrive(browser, client), user)
    const page = await browser.follow(await browser.get('/account/password'))
    const change = (current: string) => browser.submit(page, { current, password: 'Another-Horse-8-Staple!' })
    return { user, change }
  }
  const device = async (userId: string) => (await server.deps.store.knownDevices.list(userId))[0]

  test('strangers who used up the account’s limit hold up nobody who is on a known device (design.md §6)', async () => {
    const { user, change } = await atForm('203.0.113.4')
    for (let call = 0; call < 12; call++) await chargeAttempt(server.deps, '203.0.113.0/24', user.id)
    assert.equal((await change(user.password)).statusCode, 303)
    assert.equal((await device(user.id))?.failures, 0)
  })

  test('who took over a session gets ten guesses, and the right one after them is refused (A133)', async () => {
    const { user, change } = await atForm('203.0.114.4')
    for (let call = 0; call < 10; call++) assert.equal((await change(`Wrong-Password-${call}!`)).statusCode, 400)
    assert.equal((await change(user.password)).statusCode, 429)
    server.clock.advance(60)
    assert.equal((await device(user.id))?.isVoid, true)
    assert.equal((await change(user.password)).statusCode, 400)
  })
})
