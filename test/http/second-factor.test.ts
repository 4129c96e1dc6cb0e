import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { generateSync } from 'otplib'
import { numericDate } from '../../src/base/numeric-date.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import {
  answerIn,
  authorizeUrl,
  claimsIn,
  codeForm,
  pkce,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

suite('a second factor at sign-in', () => {
  let server: TestServer
  let spa: TestClient
  before(async () => {
    server = await startServer()
    spa = await server.register({ require_mfa: true, first_party: true })
  })
  after(() => server.close())

  const secretIn = (body: string): string => /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(body)?.[1] ?? ''
  const codeFor = (secret: string): string => generateSync({ secret, epoch: numericDate(server.clock.now()) })

  async function begin(browser: BrowserSession, challenge: string) {
    return await browser.follow(await browser.get(authorizeUrl(spa, challenge), { fromElsewhere: true }))
  }

  test('whom the policy demands it of enrols one before any code is issued, and then signs in with it (RFC 6238)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const { verifier, challenge } = pkce()
    const signIn = await begin(browser, challenge)
    const start = await browser.follow(
      await browser.submit(signIn, { username: user.username, password: user.password }),
    )
    assert.match(start.body, /id="start-enrolment"/)
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    const secret = secretIn(scan.body)
    assert.match(secret, /^[A-Z2-7]{32}$/)
    assert.match(scan.body, /<svg/)

    const wrong = await browser.submit(scan, { code: '000000' })
    assert.equal(wrong.statusCode, 400)
    const codes = await browser.follow(await browser.submit(wrong, { code: codeFor(secret) }))
    const recovery = codes.body.match(/(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])/g) ?? []
    assert.equal(new Set(recovery).size, 10)
    const done = await browser.follow(await browser.submit(codes, { saved: 'on' }))
    const { code = '' } = answerIn(done.headers.location)
    const tokens = (await server.post('/token', codeForm(spa, code, verifier))).json<Tokens>()
    assert.equal(claimsIn(tokens.id_token).acr, 'urn:postern:mfa')
    assert.deepEqual(claimsIn(tokens.id_token).amr, ['pwd', 'otp', 'mfa'])

    server.clock.advance(31)
    const next = server.browser()
    const second = pkce()
    const asked = await begin(next, second.challenge)
    const factor = await next.follow(await next.submit(asked, { username: user.username, password: user.password }))
    assert.match(factor.body, /autocomplete="one-time-code"/)
    const before = next.cookies.get('__Host-session')?.value
    const present = codeFor(secret)
    const finished = await next.follow(
      await next.submit(factor, { code: `${present.slice(0, 3)} ${present.slice(3)}` }),
    )
    assert.ok(answerIn(finished.headers.location).code)
    assert.notEqual(next.cookies.get('__Host-session')?.value, before)

    const again = server.browser()
    const third = await again.follow(
      await again.submit(await begin(again, second.challenge), { username: user.username, password: user.password }),
    )
    const replayed = await again.submit(third, { code: present })
    assert.equal(replayed.statusCode, 400, 'a step counts once')
    const useRecovery = await again.get(
      /href="([^"]*recovery[^"]*)"/.exec(third.body)?.[1]?.replaceAll('&amp;', '&') ?? '',
    )
    const spent = await again.follow(await again.submit(useRecovery, { code: (recovery[0] ?? '').toUpperCase() }))
    assert.ok(answerIn(spent.headers.location).code)
    assert.ok((await server.audited()).includes('recovery_code.used'))
  })

  test('five wrong codes close every way in for a while, and the right one then waits too (RFC 4226 §7.3)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const { challenge } = pkce()
    const start = await browser.follow(
      await browser.submit(await begin(browser, challenge), { username: user.username, password: user.password }),
    )
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    for (let guess = 0; guess < 5; guess += 1) {
      assert.equal((await browser.submit(scan, { code: `00000${guess}` })).statusCode, 400)
    }
    const limited = await browser.submit(scan, { code: codeFor(secretIn(scan.body)) })
    assert.equal(limited.statusCode, 429)
    const seconds = Number(limited.headers['retry-after'])
    assert.ok(seconds > 230 && seconds <= 240, `${seconds}`)
  })
})
