import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { chargeCode } from '../../../src/accounts/throttle.ts'
import { buildApp } from '../../../src/app.ts'
import { openDeps } from '../../../src/deps.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { BrowserSession } from '../../support/browser-session.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { closeClean } from '../front-channel.ts'
import {
  atCodePage,
  codeFor,
  ENROL,
  enrolled,
  fullySignedIn,
  isCodePage,
  isOverview,
  secretIn,
} from './authenticator.ts'

const BURST = 5
const AN_HOUR = 15

suite('guessing one-time codes', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => closeClean(server))

  const guess = (index: number): string => String(100_000 + index * 7)
  /** Uses up what may be guessed at once, each guess in a sign-in of its own, from a network of its own. */
  async function useUp(user: Parameters<typeof atCodePage>[1]) {
    for (let index = 0; index < BURST; index += 1) {
      const { give, giveRecovery } = await atCodePage(server, user, server.browser(`203.0.${index}.7`))
      const answer = await (index % 2 === 0 ? give(guess(index)) : giveRecovery('abcd-efgh-jkmn'))
      assert.equal(answer.statusCode, 400)
    }
  }

  test('A125 five wrong codes, whatever the session, the network and the way, and then every way waits (RFC 4226 §7.3)', async () => {
    const { user, secret, recovery } = await enrolled(server)
    const inside = await fullySignedIn(server, user, secret)
    const start = await inside.follow(await inside.get(ENROL))
    const scan = await inside.follow(await inside.submit(start, { name: 'Another' }))
    const { csrf_token: token } = (await inside.get('/account/totp')).json()
    await useUp(user)
    const { give, giveRecovery } = await atCodePage(server, user, server.browser('192.0.2.99'))
    const { rows } = await failures(user.id)
    assert.equal(rows, BURST)
    for (const answer of [
      await give(codeFor(server, secret, 1)), // the right one waits like any other
      await giveRecovery(recovery[0] ?? ''),
      await inside.submit(scan, { code: codeFor(server, secretIn(scan.body)) }),
    ]) {
      assert.equal(answer.statusCode, 429)
      assert.ok(Number(answer.headers['retry-after']) > 200 && Number(answer.headers['retry-after']) <= 240)
    }
    const begun = await inside.post('/account/totp', { name: 'Console' }, { 'x-csrf-token': token })
    const { id, secret: other } = begun.json()
    const confirmed = await inside.post(
      `/account/totp/${id}/confirm`,
      { code: codeFor(server, other) },
      { 'x-csrf-token': token },
    )
    assert.equal(confirmed.statusCode, 429)
    assert.ok(Number(confirmed.headers['retry-after']) > 200)
    assert.equal((await failures(user.id)).rows, BURST, 'nothing of that was even looked at')
  })

  const failures = async (userId: string) => {
    const found = await server.database.db
      .selectFrom('audit_event')
      .select('id')
      .where('type', '=', 'factor.failed')
      .where('user_id', '=', userId)
      .execute()
    return { rows: found.length }
  }

  test('A125 the wait outlives the server that imposed it (RFC 4226 §7.3)', async () => {
    const { user, secret } = await enrolled(server)
    await useUp(user)
    const log = createLog({ level: 'silent' })
    const { clock, config } = server
    const again = await openDeps({ config, log, purpose: 'serve', clock, offsetSeconds: () => clock.offsetSeconds })
    const app = await buildApp(again.deps)
    try {
      const browser = new BrowserSession(app, new URL(config.issuer).origin, '192.0.2.98')
      const { give } = await atCodePage(server, user, browser)
      assert.equal((await give(codeFor(server, secret))).statusCode, 429)
    } finally {
      await app.close()
      await again.close()
    }
  })

  test('A125 who waits as long as told has one guess, and the owner comes in by it (RFC 4226 §7.3)', async () => {
    const { user, secret } = await enrolled(server)
    await useUp(user)
    const { give } = await atCodePage(server, user)
    const waited = Number((await give(guess(9))).headers['retry-after'])
    server.clock.advance(waited)
    assert.equal((await give(guess(10))).statusCode, 400)
    assert.equal((await give(guess(11))).statusCode, 429)
    server.clock.advance(240)
    assert.ok(isOverview(await give(codeFor(server, secret))))
  })

  test('A125 whoever asks all the time has fifteen guesses an hour, after the first five (design.md §6)', async () => {
    const { user } = await enrolled(server)
    const hours = [0, 0, 0]
    for (let minute = 0; minute < hours.length * 60; minute += 2) {
      const hour = Math.floor(minute / 60)
      while ((await chargeCode(server.deps, user.id)) === 0) hours[hour] = (hours[hour] ?? 0) + 1
      server.clock.advance(120)
    }
    const [first = 0, ...later] = hours
    assert.ok(first >= AN_HOUR && first <= BURST + AN_HOUR, String(hours))
    for (const each of later) assert.ok(each <= AN_HOUR && each >= AN_HOUR - 1, String(hours))
  })

  test('A125 right codes cost nothing, and give no guess back that was wrong (design.md §6)', async () => {
    const { user, secret } = await enrolled(server)
    const inside = await atCodePage(server, user)
    for (let index = 0; index < BURST - 1; index += 1) assert.equal((await inside.give(guess(index))).statusCode, 400)
    const owner = await atCodePage(server, user)
    assert.ok(isOverview(await owner.give(codeFor(server, secret))))
    assert.equal((await inside.give(guess(5))).statusCode, 400)
    assert.equal((await inside.give(guess(6))).statusCode, 429)
  })

  test('A125 one account’s guesses close no other account', async () => {
    const [ada, eve] = [await enrolled(server), await enrolled(server)]
    await useUp(eve.user)
    assert.ok(isOverview(await (await atCodePage(server, ada.user)).give(codeFor(server, ada.secret))))
  })

  test('A125 no code, or no digits, opens nothing', async () => {
    const { user } = await enrolled(server)
    const { page, browser } = await atCodePage(server, user)
    for (const code of [
      '',
      '0',
      '12345',
      '1234567',
      '１２３４５６',
      '12345６',
      '1e5000',
      'null',
      `${'9'.repeat(70_000)}`,
    ]) {
      const answer = await browser.submit(page, { code })
      assert.ok([400, 413, 429].includes(answer.statusCode), `${code.slice(0, 9)} ${answer.statusCode}`)
    }
    assert.ok(isCodePage(await browser.follow(await browser.get('/account'))))
  })
})
