import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { arrive, ask, assertRefused, closeClean, isSignInPage, rowsOf } from '../front-channel.ts'

suite('guessing who exists, and with what password', () => {
  let server: TestServer
  let client: TestClient
  let networks = 0
  let held = 0
  before(async () => {
    server = await startServer({ LIMIT_AUTH_PER_MINUTE: '10', CEILING_ADDRESS_PER_MINUTE: '100000' })
    client = await server.register({})
  })
  after(() => closeClean(server))

  /** An address in a network that no other test uses. */
  function ownAddress(): string {
    networks += 1
    return `203.${networks >> 8}.${networks & 255}.7`
  }

  /** Lets so little time pass since its last call, however slow the machine is, that a burst stays one. */
  function hold(seconds = 0.2): void {
    if (held > 0) server.clock.advance(seconds - (performance.now() - held) / 1000)
    held = performance.now()
  }

  /** A sign-in page in a browser of its own network. */
  async function atSignIn(address = ownAddress()) {
    const browser = server.browser(address)
    const page = await arrive(browser, client)
    assert.ok(isSignInPage(page))
    const guess = (username: string, password = 'Wrong-Password-1!') => browser.submit(page, { username, password })
    return { browser, guess }
  }
  const statusOf = ({ statusCode }: LightMyRequestResponse) => statusCode
  const failures = async () => (await server.audited()).filter((type) => type === 'user.sign_in_failed').length
  const inParallel = <T>(count: number, ask: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, i) => ask(i)))

  test('A084 unknown, wrong, disabled, without a password: one answer to all (ASVS 6.3.8)', async () => {
    const known = await server.makeUser()
    const disabled = await server.makeUser()
    const passwordless = await server.makeUser()
    const { db } = server.database
    await db.updateTable('user').set({ disabled_at: new Date() }).where('id', '=', disabled.id).execute()
    await db.deleteFrom('password').where('user_id', '=', passwordless.id).execute()
    const answers = []
    for (const [username, password] of [
      ['nobody_at_all', known.password],
      ['nobody@mail.example', known.password],
      [known.username, 'Wrong-Password-1!'],
      [known.email, 'Wrong-Password-1!'],
      [disabled.username, 'Wrong-Password-1!'],
      [disabled.username, disabled.password],
      [passwordless.username, 'Wrong-Password-1!'],
      ['\u{1f600}', 'x'],
      ["' or 1=1 --", 'x'],
    ] as const) {
      const { guess } = await atSignIn()
      const { statusCode, headers, body } = await guess(username, password)
      const shown = body.replace(/value="[^"]*"/g, '').replaceAll(/\?id=[0-9a-f-]+/g, '')
      answers.push(JSON.stringify([statusCode, { ...headers, date: '', 'content-length': '' }, shown]))
      assert.equal(statusCode, 400)
      assert.equal(headers['set-cookie'], undefined)
    }
    assert.equal(new Set(answers).size, 1)
  })

  test('A087 the eleventh of a burst is refused with an exact Retry-After, and refused calls do not extend it (design.md §6)', async () => {
    const user = await server.makeUser()
    const other = await server.makeUser()
    const { browser, guess } = await atSignIn()
    const began = performance.now()
    const burst = await inParallel(11, (i) => guess(`nobody_${i}`))
    assert.deepEqual(burst.map(statusOf).sort(), [...Array(10).fill(400), 429])
    const refused = burst.find(({ statusCode }) => statusCode === 429)
    const elapsed = (performance.now() - began) / 1000
    const wait = Number(refused?.headers['retry-after'])
    assert.ok(wait <= 6 && wait >= Math.ceil(6 - elapsed), String(refused?.headers['retry-after']))
    assert.match(refused?.body ?? '', new RegExp(`Wait <bdi>${wait} seconds?</bdi>`))
    assert.deepEqual(
      (await inParallel(40, () => guess(user.username, user.password))).map(statusOf),
      Array(40).fill(429),
    )
    const neighbour = await atSignIn('203.0.113.200')
    server.clock.advance(wait) // the forty were charged to nobody: the wait has not grown
    assert.equal(statusOf(await guess(other.username, other.password)), 303)
    assert.equal(statusOf(await neighbour.guess('nobody')), 400) // another network was never concerned
    assert.ok(browser.cookies.size > 0)
  })

  test('A087 every way to send a credential or to make an account draws on the one limit of a network (design.md §6)', async () => {
    const address = ownAddress()
    const { guess } = await atSignIn(address)
    const browser = server.browser(address)
    const form = await arrive(browser, client, { prompt: 'create' })
    const signUp = (i: number) =>
      browser.submit(form, {
        username: `newcomer_${i}`,
        email: `n${i}@mail.example`,
        password: 'Correct-Horse-7-Staple!',
      })
    await inParallel(9, (i) => guess(`nobody_${i}`))
    assert.equal(statusOf(await signUp(1)), 303)
    const users = await rowsOf(server, 'user')
    for (const answer of [await signUp(2), await guess('nobody')]) {
      assert.equal(answer.statusCode, 429)
      assert.match(String(answer.headers['retry-after']), /^[1-6]$/)
    }
    assert.equal(await rowsOf(server, 'user'), users)
  })

  test('A091 a forwarded address is believed from no one who was not named as a proxy (ASVS 4.1.3)', async () => {
    const { guess, browser } = await atSignIn()
    hold()
    await inParallel(10, (i) => guess(`nobody_${i}`))
    const page = await arrive(browser, client)
    for (const forged of [
      '198.18.0.1',
      '::ffff:198.18.0.1',
      'unknown',
      '',
      '127.0.0.1',
      Array(100).fill('198.18.0.2').join(', '),
      "' or 1=1",
    ]) {
      for (const name of [
        'x-forwarded-for',
        'x-real-ip',
        'forwarded',
        'cf-connecting-ip',
        'true-client-ip',
        'x-client-ip',
      ]) {
        hold(0.1)
        const headers = { [name]: name === 'forwarded' ? `for="${forged}"` : forged }
        const answer = await browser.post(
          /action="([^"]+)"/.exec(page.body)?.[1] ?? '',
          {
            csrf: /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '',
            username: 'nobody',
            password: 'x',
          },
          headers,
        )
        assert.equal(answer.statusCode, 429, `${name}: ${forged}`)
      }
    }
  })

  test('A091 addresses of one network draw on one limit: a /24, and a /64 however it is written (design.md §6)', async () => {
    const groups = [
      ['203.0.250.1', '203.0.250.99', '203.0.250.255', '::ffff:203.0.250.4', '::ffff:cb00:fa05'],
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:0db8:0001:0002:0:0:0:5', '2001:DB8:1:2::A'],
    ]
    for (const addresses of groups) {
      const browsers = await Promise.all(addresses.map((address) => atSignIn(address)))
      const answers = await inParallel(12, (i) => browsers[i % browsers.length]!.guess(`nobody_${i}`))
      assert.deepEqual(answers.map(statusOf).sort(), [...Array(10).fill(400), 429, 429])
    }
  })

  test('A093 however an account is written, its guesses are counted together (ASVS 6.3.1)', async () => {
    const user = await server.makeUser()
    const spellings = [
      user.username,
      user.email,
      user.username.toUpperCase(),
      user.email.toUpperCase(),
      `  ${user.username}`,
      `${user.email}\t`,
      user.username.replace('u', 'U'),
    ]
    const statuses: number[] = []
    for (let i = 0; i < 12; i += 1) {
      const { guess } = await atSignIn()
      hold()
      statuses.push(statusOf(await guess(spellings[i % spellings.length]!)))
    }
    assert.deepEqual(statuses, [...Array(10).fill(400), 429, 429])
    for (const spelling of spellings) {
      const { guess } = await atSignIn()
      hold()
      assert.equal(statusOf(await guess(spelling, user.password)), 429)
    }
  })

  test("A093 one's own success in between takes nothing off another's count (ASVS 6.3.1)", async () => {
    const victim = await server.makeUser()
    const attacker = await server.makeUser()
    const statuses: number[] = []
    for (let i = 0; i < 12; i += 1) {
      const { guess } = await atSignIn()
      hold()
      statuses.push(statusOf(await guess(victim.username)))
      if (i % 4 === 3) assert.equal(statusOf(await (await atSignIn()).guess(attacker.username, attacker.password)), 303)
    }
    assert.deepEqual(statuses, [...Array(10).fill(400), 429, 429])
  })

  test('A093 names that nobody has are limited alike, so that the limit tells nothing (ASVS 6.3.8)', async () => {
    const statuses = await inParallel(13, async (i) =>
      statusOf(await (await atSignIn()).guess(i % 2 ? 'Ghost_Name' : 'ghost_name')),
    )
    assert.deepEqual(statuses.sort(), [...Array(10).fill(400), 429, 429, 429])
  })

  test('A094 of fifty guesses at once ten are hashed, and the right one beyond the limit is refused (design.md §6)', async () => {
    const user = await server.makeUser()
    const browsers = await inParallel(51, () => atSignIn())
    const before = await failures()
    const answers = await Promise.all(
      browsers.map(({ guess }, i) => guess(user.username, i === 50 ? user.password : `Wrong-Password-${i}!`)),
    )
    const hashed = (await failures()) - before
    const statuses = answers.map(statusOf)
    assert.ok(hashed <= 10, String(hashed)) // a failure is recorded when a hash was compared, and only then
    assert.equal(statuses.filter((status) => status === 400).length, hashed)
    assert.equal(
      statuses.every((status) => [303, 400, 429].includes(status)),
      true,
    )
    const late = await atSignIn()
    const refused = await late.guess(user.username, user.password)
    assert.equal(statusOf(refused), 429)
    assertRefused(await ask(late.browser, client, { prompt: 'none' }), { client, server, error: 'login_required' })
  })
})
