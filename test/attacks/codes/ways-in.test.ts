import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { newAdministratorLink } from '../../../src/cli/administrator-link.ts'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import { LOOPBACK, NEW_PASSWORD, newestLink } from '../../mail/mails.ts'
import {
  claimsIn,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../../support/server.ts'
import { arrive, closeClean, isSignInPage, type TestUser } from '../front-channel.ts'
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
  recoveryCodesIn,
  secretIn,
  withPassword,
} from './authenticator.ts'

suite('every way in asks for the second factor', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer(LOOPBACK)
    client = await server.register({ first_party: true })
  })
  after(() => closeClean(server))

  const setDisabled = (user: TestUser, isDisabled: boolean) =>
    server.deps.store.users.setDisabled(
      user.id,
      isDisabled,
      administrationEvent(server.deps, isDisabled ? 'user.disabled' : 'user.enabled', 'operator', { userId: user.id }),
    )
  const codesIssued = async () =>
    (await server.database.db.selectFrom('authorization_code').select('digest').execute()).length

  test('A133 a browser that the account knows is asked for the code again (ASVS 6.3.3)', async () => {
    const { user, secret } = await enrolled(server)
    const browser = await fullySignedIn(server, user, secret)
    const page = await browser.get('/account')
    const out = formOf(page.body, 'sign-out')
    assert.equal((await browser.post('/account/sign-out', { csrf: out })).statusCode, 200)
    assert.ok([...browser.cookies.keys()].length > 0, 'the browser keeps what it is known by')
    assert.ok(isCodePage((await withPassword(server, user, { browser })).page))
    assert.ok(isCodePage(await arrive(browser, client)))
  })
  const formOf = (body: string, action: string): string =>
    new RegExp(`${action}[^]*?name="csrf" value="([^"]+)"`).exec(body)?.[1] ?? ''

  test('A133 a new password by mail leaves the factor due, ends the sessions, and signs nobody in (A113)', async () => {
    const { user, secret } = await enrolled(server)
    const inside = await fullySignedIn(server, user, secret)
    const waiting = await atCodePage(server, user)
    nextStep(server)
    const browser = server.browser()
    const begun = await arrive(browser, client)
    const [, forgot = ''] = /href="([^"]*forgot-password[^"]*)"/.exec(begun.body) ?? []
    await browser.submit(await browser.get(forgot.replaceAll('&amp;', '&')), { login: user.username })
    const link = await newestLink(server.deps, user.email, 'reset-password')
    const done = await browser.submit(await browser.get(link), { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200)
    assert.equal(isSignInPage(await browser.follow(await browser.get('/account'))), true)
    assert.ok(isSignInPage(await inside.follow(await inside.get('/account'))))
    const before = await codesIssued()
    await waiting.give(codeFor(server, secret))
    assert.equal(await codesIssued(), before)
    assert.ok(!isOverview(await waiting.browser.follow(await waiting.browser.get('/account'))), 'a sign-in of before')

    nextStep(server)
    const on = await browser.submit(await browser.get(`/login${new URL(begunUrl(begun.body)).search}`), {
      username: user.username,
      password: NEW_PASSWORD,
    })
    assert.ok(isCodePage(await browser.follow(on)))
    assert.equal(await codesIssued(), before)
    const changed = { ...user, password: NEW_PASSWORD }
    assert.ok(isOverview(await (await atCodePage(server, changed)).give(codeFor(server, secret))))
  })
  const begunUrl = (body: string): string =>
    `http://x${(/action="([^"]*login[^"]*)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&')}`

  test('A133 a locked account comes in by no code, and no code of it is spent (CVE-2026-9798)', async () => {
    const { user, secret, recovery } = await enrolled(server)
    const inside = await fullySignedIn(server, user, secret)
    nextStep(server)
    const waiting = await atCodePage(server, user)
    const { tokens } = await obtainTokens(server, client, user, {}, inside)
    await setDisabled(user, true)
    const code = codeFor(server, secret)
    assert.ok(!isOverview(await waiting.give(code)))
    const again = await withPassword(server, user)
    assert.ok(isSignInPage(again.page) || again.page.statusCode === 400)
    assert.ok(!isOverview(await waiting.browser.follow(await waiting.browser.get('/account'))))
    assert.ok(isSignInPage(await inside.follow(await inside.get('/account'))))
    assert.equal((await inside.get('/account/totp')).statusCode, 401)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal((await refresh(server, client, tokens.refresh_token)).json().error, 'invalid_grant')
    await setDisabled(user, false)
    assert.ok(isSignInPage(await inside.follow(await inside.get('/account'))), 'what was ended stays so')
    assert.ok(isOverview(await (await atCodePage(server, user)).give(code)))
    assert.ok(isOverview(await (await atCodePage(server, user)).giveRecovery(recovery[0] ?? '')))
  })

  test('A133 a new password by mail opens no locked account', async () => {
    const { user, secret } = await enrolled(server)
    const browser = server.browser()
    await browser.submit(await browser.get('/forgot-password'), { login: user.email })
    const link = await newestLink(server.deps, user.email, 'reset-password')
    await setDisabled(user, true)
    assert.equal((await browser.get(link)).statusCode, 410)
    await setDisabled(user, false)
    assert.ok(await fullySignedIn(server, user, secret))
  })

  test('A133 the link that makes an administrator signs nobody in, and an administrator enrols first', async () => {
    const { url } = await newAdministratorLink(server.deps)
    const browser = server.browser()
    const page = await browser.get(new URL(url).pathname + new URL(url).search, { fromElsewhere: true })
    const user = { username: 'gate_keeper', email: 'keeper@mail.example', password: 'Correct!Horse7Staple' }
    assert.equal((await browser.submit(page, user)).statusCode, 200)
    const { page: next } = await withPassword(server, user, { browser })
    assert.match(next.body, /id="start-enrolment"/)
    const before = await codesIssued()
    assert.match((await arrive(browser, client)).body, /id="start-enrolment"/)
    assert.equal(await codesIssued(), before)
  })

  test('A133 tokens are renewed at the level they were given, and never above it (RFC 9068 §2.2.1)', async () => {
    const user = await server.makeUser()
    const { tokens, browser } = await obtainTokens(server, client, user)
    await enrol(server, browser)
    const renewed = await refresh(server, client, tokens.refresh_token)
    assert.equal(renewed.statusCode, 200)
    const { acr, amr } = claimsIn(renewed.json<Tokens>().access_token)
    assert.deepEqual([acr, amr], ['urn:postern:pwd', ['pwd']])
  })

  test('A134 a password alone, of a user who has a factor, gives no code to any client', async () => {
    const { user } = await enrolled(server)
    const { browser } = await atCodePage(server, user)
    const before = await codesIssued()
    for (const more of [{}, { acr_values: 'urn:postern:pwd' }, { scope: 'openid' }, { max_age: '0' }]) {
      const page = await arrive(browser, client, more)
      assert.ok(isCodePage(page) || isSignInPage(page), page.body)
    }
    const silent = await arrive(browser, client, { prompt: 'none' })
    assert.equal(new URL(String(silent.headers.location)).searchParams.get('error'), 'interaction_required')
    assert.equal(await codesIssued(), before)
  })

  test('A134 a password alone opens no account page and changes nothing on one', async () => {
    const { user } = await enrolled(server)
    const { browser } = await atCodePage(server, user)
    const forms = [FACTORS, ENROL, `${FACTORS}/confirm`, `${FACTORS}/codes`, '/account/password', '/account/sessions']
    const more = ['/account/apps', '/account/profile', '/account/email', '/account/delete', '/account/data']
    for (const path of ['/account', ...forms, ...more, '/account/data.json', `${FACTORS}/codes.txt`]) {
      const shown = await browser.follow(await browser.get(path))
      assert.ok(isCodePage(shown) || shown.statusCode === 404, path)
      assert.ok(!shown.body.includes(user.email), path)
    }
    for (const path of [...forms, ...more]) {
      const sent = await browser.post(path, {
        do: 'remove',
        csrf: 'x',
        id: await onlyFactor(server, user.id),
        saved: 'on',
      })
      assert.ok([303, 403, 404, 405].includes(sent.statusCode), `${path} ${sent.statusCode}`)
    }
    const json = await browser.get('/account/totp')
    assert.deepEqual([json.statusCode, json.json().error], [401, 'insufficient_user_authentication'])
    assert.match(String(json.headers['www-authenticate']), /acr_values="urn:postern:mfa"/)
    await onlyFactor(server, user.id)
    assert.equal(await server.deps.store.recoveryCodes.count(user.id), 10)
  })

  test('A134 the pages of an enrolment that is due make no second factor for who has one', async () => {
    const { user } = await enrolled(server)
    const demanding = await server.register({ first_party: true, require_mfa: true })
    const { browser } = await atCodePage(server, user)
    const page = await arrive(browser, demanding)
    assert.ok(isCodePage(page))
    const id = /[?&]id=([0-9a-f-]{36})/.exec(page.body)?.[1] ?? ''
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    for (const path of ['enrol', 'confirm', 'codes', 'codes.txt']) {
      const got = await browser.follow(await browser.get(`/second-factor/${path}?id=${id}`))
      assert.ok(isCodePage(got) || got.statusCode === 404, path)
      const sent = await browser.follow(await browser.post(`/second-factor/${path}?id=${id}`, { csrf, name: 'Eve' }))
      assert.equal(secretIn(sent.body) + recoveryCodesIn(sent.body).join(), '', path)
    }
    const rows = server.database.db.selectFrom('totp').select('id').where('user_id', '=', user.id)
    assert.equal((await rows.execute()).length, 1, 'nor is one begun')
  })

  test('A134 an enrolment that a thief began before the owner’s is void after it', async () => {
    const user = await server.makeUser()
    const demanding = await server.register({ first_party: true, require_mfa: true })
    const thief = server.browser()
    const asked = await arrive(thief, demanding)
    const start = await thief.follow(await thief.submit(asked, { username: user.username, password: user.password }))
    const scan = await thief.follow(await thief.submit(start, { name: 'Thief' }))
    const stolen = secretIn(scan.body)
    assert.notEqual(stolen, '')
    const owner = await withPassword(server, user)
    const { secret } = await enrol(server, owner.browser)
    const before = await codesIssued()
    const late = await thief.follow(await thief.submit(scan, { code: codeFor(server, stolen) }))
    assert.ok(isCodePage(late), late.body)
    assert.equal(await codesIssued(), before)
    await onlyFactor(server, user.id)
    nextStep(server)
    assert.ok(await fullySignedIn(server, user, secret))
  })

  test('A136 a recovery code counts once, and its owner’s alone', async () => {
    const [ada, eve] = [await enrolled(server), await enrolled(server)]
    const [code = ''] = ada.recovery
    assert.equal((await (await atCodePage(server, eve.user)).giveRecovery(code)).statusCode, 400)
    const waiting = await atCodePage(server, ada.user)
    assert.ok(isOverview(await (await atCodePage(server, ada.user)).giveRecovery(code)))
    assert.equal((await waiting.giveRecovery(code)).statusCode, 400)
    assert.equal((await (await atCodePage(server, ada.user)).giveRecovery(code.toUpperCase())).statusCode, 400)
    assert.equal((await (await atCodePage(server, ada.user)).give(code)).statusCode, 400, 'nor as an authenticator’s')
    assert.equal(await server.deps.store.recoveryCodes.count(ada.user.id), 9)
  })

  test('A136 new recovery codes kill the old ones; all are hashed where they lie, slowly and with a key', async () => {
    const { user, secret, recovery } = await enrolled(server)
    const browser = await fullySignedIn(server, user, secret)
    const list = await browser.get(FACTORS)
    const csrf = /name="csrf" value="([^"]+)"/.exec(list.body)?.[1] ?? ''
    const shown = await browser.follow(await browser.post(FACTORS, { csrf, do: 'regenerate' }))
    const fresh = recoveryCodesIn(shown.body)
    assert.equal(new Set([...fresh, ...recovery]).size, 20)
    const { giveRecovery } = await atCodePage(server, user)
    for (const old of recovery.slice(0, 3)) assert.equal((await giveRecovery(old)).statusCode, 400)
    assert.ok(isOverview(await giveRecovery(fresh[0] ?? '')))
    const rows = await server.database.db
      .selectFrom('recovery_code')
      .selectAll()
      .where('user_id', '=', user.id)
      .execute()
    assert.equal(rows.length, 10)
    for (const { phc, lookup } of rows) {
      assert.match(phc, /^\$argon2id\$/)
      assert.equal(lookup.length, 16)
    }
  })

  test('A136 who guesses recovery codes waits like who guesses the others (RFC 4226 §7.3)', async () => {
    const { user, recovery } = await enrolled(server)
    const { giveRecovery, give } = await atCodePage(server, user)
    for (let guess = 0; guess < 5; guess += 1)
      assert.equal((await giveRecovery(`aaaa-bbbb-ccc${guess + 2}`)).statusCode, 400)
    assert.equal((await giveRecovery(recovery[0] ?? '')).statusCode, 429)
    assert.equal((await give('000000')).statusCode, 429)
  })
})
