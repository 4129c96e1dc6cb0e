import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { matchingStep } from '../../../src/accounts/totp.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { closeClean } from '../front-channel.ts'
import {
  atCodePage,
  codeFor,
  ENROL,
  enrol,
  enrolled,
  FACTORS,
  fullySignedIn,
  isCodePage,
  isOverview,
  nextStep,
  onlyFactor,
  secretIn,
  withPassword,
} from './authenticator.ts'

const PARALLEL = 50

suite('one code, given more than once', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => closeClean(server))

  test('A122 a code that confirmed an authenticator signs nobody in (RFC 6238 §5.2)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const start = await browser.follow(await browser.get(ENROL))
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    const code = codeFor(server, secretIn(scan.body))
    assert.equal((await browser.follow(await browser.submit(scan, { code }))).statusCode, 200)
    const { give } = await atCodePage(server, user)
    assert.equal((await give(code)).statusCode, 400)
    const again = await browser.follow(await browser.submit(scan, { code }))
    assert.ok(secretIn(again.body) === '', 'nor does it confirm twice')
  })

  test('A122 a code that signed somebody in is refused in the same session and in any other (RFC 6238 §5.2)', async () => {
    const { user, secret } = await enrolled(server)
    const first = await atCodePage(server, user)
    const waiting = await atCodePage(server, user)
    const code = codeFor(server, secret)
    assert.ok(isOverview(await first.give(code)))
    assert.equal((await waiting.give(code)).statusCode, 400, 'a sign-in that had begun')
    assert.equal((await (await atCodePage(server, user)).give(code)).statusCode, 400, 'a new one')
    assert.equal((await (await atCodePage(server, user)).give(` ${code.slice(0, 3)}-${code.slice(3)}`)).statusCode, 400)
  })

  test('A122 the neighbours of a spent step that came before it are spent too (RFC 6238 §5.2)', async () => {
    const { user, secret } = await enrolled(server)
    assert.ok(isOverview(await (await atCodePage(server, user)).give(codeFor(server, secret, 1))))
    for (const steps of [0, -1]) {
      assert.equal((await (await atCodePage(server, user)).give(codeFor(server, secret, steps))).statusCode, 400)
    }
  })

  test('A122 a spent code does not step up, and disables nothing (RFC 6238 §5.2)', async () => {
    const { user, secret } = await enrolled(server)
    const { browser, give } = await atCodePage(server, user)
    const code = codeFor(server, secret)
    assert.ok(isOverview(await give(code)))
    const factor = await onlyFactor(server, user.id)
    const list = await browser.get(FACTORS)
    server.clock.advance(301) // the code itself is long over; what counts is that the password alone is not enough
    const asked = await browser.follow(await browser.submit(list, { do: 'remove', id: factor }))
    const { username, password } = user
    const due = await browser.follow(await browser.submit(asked, { username, password }))
    assert.ok(isCodePage(due))
    assert.equal((await browser.follow(await browser.submit(due, { code }))).statusCode, 400)
    const fresh = codeFor(server, secret)
    assert.ok(!isCodePage(await browser.follow(await browser.submit(due, { code: fresh }))))
    server.clock.advance(301)
    const second = await withPassword(server, user, { path: ENROL, browser })
    assert.ok(isCodePage(second.page))
    assert.equal((await browser.follow(await browser.submit(second.page, { code: fresh }))).statusCode, 400)
    assert.equal((await browser.get(ENROL)).statusCode, 303)
    await onlyFactor(server, user.id)
  })

  test('A124 of fifty who give one code at once, one gets in (RFC 6238 §5.2)', async () => {
    const { user, secret } = await enrolled(server)
    const { browser, page } = await atCodePage(server, user)
    const code = codeFor(server, secret)
    const cookies = [...browser.cookies]
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        const one = server.browser()
        for (const [name, cookie] of cookies) one.cookies.set(name, cookie)
        return await one.submit(page, { code })
      }),
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    const raised = answers.filter(({ headers }) => String(headers['set-cookie']).includes('__Host-session='))
    assert.equal(raised.length, 1, String(statuses))
    assert.ok(
      statuses.every((status) => [303, 400, 429].includes(status)),
      String(statuses),
    )
    const proved = server.database.db.selectFrom('audit_event').select('id').where('type', '=', 'factor.proved')
    assert.equal((await proved.where('user_id', '=', user.id).execute()).length, 1)
  })

  test('A127 of five steps the middle three are good, from their first second to their last (RFC 6238 §5.2)', async () => {
    const { secret } = await enrolled(server)
    const begin = 1_790_000_010 // the first second of a step
    assert.equal(begin % 30, 0)
    const codeAt = (second: number) =>
      codeFor({ clock: { ...server.clock, now: () => new Date(second * 1000) } }, secret)
    for (const now of [begin * 1000, begin * 1000 + 15_000, begin * 1000 + 29_999]) {
      const judged = [-2, -1, 0, 1, 2].map((steps) => matchingStep(secret, codeAt(begin + steps * 30), new Date(now)))
      assert.deepEqual(judged, [undefined, begin / 30 - 1, begin / 30, begin / 30 + 1, undefined])
    }
  })

  for (const second of [1, 25]) {
    test(`A127 the same at the server, ${second} s into a step (RFC 6238 §5.2)`, async () => {
      const { user, secret } = await enrolled(server)
      nextStep(server, second)
      for (const steps of [-2, 2]) {
        const { give } = await atCodePage(server, user)
        nextStep(server, second)
        assert.equal((await give(codeFor(server, secret, steps))).statusCode, 400, String(steps))
      }
      const waiting = [await atCodePage(server, user), await atCodePage(server, user), await atCodePage(server, user)]
      for (const [index, steps] of [-1, 0, 1].entries()) {
        nextStep(server, second)
        assert.ok(isOverview((await waiting[index]?.give(codeFor(server, secret, steps)))!), String(steps))
      }
    })
  }

  test('A122 a code of one user is worth nothing to another', async () => {
    const [ada, eve] = [await enrolled(server), await enrolled(server)]
    const { give } = await atCodePage(server, eve.user)
    assert.equal((await give(codeFor(server, ada.secret))).statusCode, 400)
    assert.ok(await fullySignedIn(server, ada.user, ada.secret), 'and is not spent by it')
  })

  test('A122 of two authenticators each has steps of its own (RFC 6238 §5.2)', async () => {
    const { user, secret } = await enrolled(server)
    const browser = await fullySignedIn(server, user, secret)
    const other = await enrol(server, browser, 'Another phone')
    assert.match(other.page.body, /Another phone/)
    const { give } = await atCodePage(server, user)
    assert.equal((await give(codeFor(server, other.secret))).statusCode, 400, 'spent by the confirmation')
    nextStep(server)
    assert.ok(isOverview(await (await atCodePage(server, user)).give(codeFor(server, other.secret))))
    assert.ok(isOverview(await (await atCodePage(server, user)).give(codeFor(server, secret))))
  })
})
