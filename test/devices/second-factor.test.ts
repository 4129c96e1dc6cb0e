import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { generateSync } from 'otplib'
import { numericDate } from '../../src/base/numeric-date.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('a device is known once the second factor is proved too', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer()
    client = await server.register({ first_party: true, require_mfa: true })
  })
  after(() => server.close())

  const codeFor = (secret: string): string => generateSync({ secret, epoch: numericDate(server.clock.now()) })
  const devices = (userId: string) => server.deps.store.knownDevices.list(userId)

  async function password(browser: BrowserSession, user: { username: string; password: string }) {
    const url = authorizeUrl(client, pkce().challenge, { prompt: 'login' })
    const page = await browser.follow(await browser.get(url, { fromElsewhere: true }))
    return await browser.follow(await browser.submit(page, { username: user.username, password: user.password }))
  }

  /** A user who has enrolled an authenticator, in the browser where that was done. */
  async function enrolled() {
    const user = await server.makeUser(['administrator']) // the role demands one: the password alone makes nothing known
    const browser = server.browser()
    const start = await password(browser, user)
    assert.deepEqual(await devices(user.id), [])
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    const secret = /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(scan.body)?.[1] ?? ''
    const codes = await browser.follow(await browser.submit(scan, { code: codeFor(secret) }))
    assert.equal((await devices(user.id)).length, 1)
    const recovery = codes.body.match(/(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])/g) ?? []
    await browser.submit(codes, { saved: 'on' })
    server.clock.advance(31)
    return { user, browser, secret, recovery }
  }

  test('by enrolling, by a code, or by a recovery code; the password alone is not enough (design.md §6)', async () => {
    const { user, secret, recovery } = await enrolled()
    const second = server.browser()
    const asked = await password(second, user)
    assert.match(asked.body, /autocomplete="one-time-code"/)
    assert.equal((await devices(user.id)).length, 1)
    const bound = async () =>
      await server.database.db
        .selectFrom('session')
        .select(['device_id', 'acr'])
        .where('user_id', '=', user.id)
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow()
    assert.equal((await bound()).device_id, null)
    assert.equal((await second.submit(asked, { code: codeFor(secret) })).statusCode, 303)
    const [latest, ...others] = await devices(user.id)
    assert.equal(others.length, 1)
    assert.deepEqual(await bound(), { device_id: latest?.id, acr: 'urn:postern:mfa' })

    const third = server.browser()
    const page = await password(third, user)
    const link = /href="([^"]*recovery[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    assert.equal((await third.submit(await third.get(link), { code: recovery[0] ?? '' })).statusCode, 303)
    assert.equal((await devices(user.id)).length, 3)
  })

  test('a known device still has to prove the second factor: it is none itself (A133)', async () => {
    const { user, browser } = await enrolled()
    const asked = await password(browser, user)
    assert.match(asked.body, /autocomplete="one-time-code"/)
  })

  test('a device that is void stays so until the second factor is proved again (design.md §6)', async () => {
    const { user, browser, secret } = await enrolled()
    const [device] = await devices(user.id)
    for (let call = 0; call < 10; call++)
      assert.equal(await server.deps.store.knownDevices.countAttempt(device!.id), true)
    const asked = await password(browser, user)
    assert.equal((await devices(user.id))[0]?.isVoid, true)
    await browser.submit(asked, { code: codeFor(secret) })
    assert.deepEqual(
      (await devices(user.id)).map(({ id, isVoid }) => ({ id, isVoid })),
      [{ id: device!.id, isVoid: false }],
    )
  })
})
