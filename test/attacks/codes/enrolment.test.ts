import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { generateSecret, generateURI } from 'otplib'
import { beginEnrolment, openEnrolment } from '../../../src/accounts/totp.ts'
import { newId, systemRandom } from '../../../src/base/random.ts'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import type { BrowserSession } from '../../support/browser-session.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { closeClean, elementsOf, isSignInPage } from '../front-channel.ts'
import {
  atCodePage,
  codeFor,
  ENROL,
  enrol,
  enrolled,
  FACTORS,
  fullySignedIn,
  isOverview,
  onlyFactor,
  recoveryCodesIn,
  secretIn,
  withPassword,
} from './authenticator.ts'

const CONFIRM = `${FACTORS}/confirm`

suite('enrolling, replacing and removing authenticators', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => closeClean(server))

  const factorsOf = async (userId: string) => (await server.deps.store.secondFactors.listTotp(userId)).length
  const tokenOf = async (browser: BrowserSession): Promise<string> =>
    (await browser.get('/account/totp')).json().csrf_token

  test('A129 nothing about a factor changes more than five minutes after the sign-in (NIST SP 800-63B §6.1)', async () => {
    const { user, secret } = await enrolled(server)
    const browser = await fullySignedIn(server, user, secret)
    const id = await onlyFactor(server, user.id)
    const [list, start, token] = [await browser.get(FACTORS), await browser.get(ENROL), await tokenOf(browser)]
    const scan = await browser.follow(await browser.submit(start, { name: 'Another' }))
    const recovery = await sealedCodes(user.id)
    server.clock.advance(301)
    for (const send of [
      () => browser.submit(list, { do: 'remove', id }),
      () => browser.submit(list, { do: 'rename', id, name: 'Eve' }),
      () => browser.post(FACTORS, { csrf: csrfIn(list.body), do: 'regenerate' }),
      () => browser.get(ENROL),
      () => browser.submit(start, { name: 'Eve' }),
      () => browser.get(CONFIRM),
      () => browser.submit(scan, { code: codeFor(server, secretIn(scan.body)) }),
    ]) {
      const answer = await send()
      assert.equal(answer.statusCode, 303)
      assert.ok(isSignInPage(await browser.follow(answer)))
    }
    for (const [method, url] of [
      ['POST', '/account/totp'],
      ['DELETE', `/account/totp/${id}`],
    ] as const) {
      const answer = await call(browser, method, url, token)
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.json().error, 'insufficient_user_authentication')
    }
    assert.equal(await onlyFactor(server, user.id), id)
    assert.equal((await server.deps.store.secondFactors.listTotp(user.id))[0]?.name, 'My phone')
    assert.deepEqual(await sealedCodes(user.id), recovery)
  })

  const call = (browser: BrowserSession, method: 'POST' | 'DELETE', url: string, token: string) =>
    server.app.inject({
      method,
      url,
      headers: {
        cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; '),
        origin: server.config.issuer,
        host: 'gate.example',
        'x-csrf-token': token,
      },
    })

  const sealedCodes = async (userId: string) => {
    const codes = server.database.db.selectFrom('recovery_code').select('phc').where('user_id', '=', userId)
    return (await codes.orderBy('id').execute()).map(({ phc }) => phc)
  }

  test('A129 to replace an authenticator the one that is there must be proved', async () => {
    const { user } = await enrolled(server)
    const { browser, page } = await atCodePage(server, user)
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? []
    for (const path of [ENROL, CONFIRM, FACTORS]) {
      const answer = await browser.post(path, { csrf, name: 'Eve', do: 'regenerate', code: '000000' })
      assert.ok((await browser.follow(answer)).body.includes('id="second-factor-form"'), path)
    }
    await onlyFactor(server, user.id)
  })

  test('A130 an authenticator that was not confirmed counts for nothing (RFC 6238)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const start = await browser.get(ENROL)
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    assert.equal(await factorsOf(user.id), 0)
    assert.ok(isOverview((await withPassword(server, user)).page), 'nobody is asked for it')

    const { user: owner, secret } = await enrolled(server)
    const inside = await fullySignedIn(server, owner, secret)
    const other = await inside.follow(await inside.submit(await inside.get(ENROL), { name: 'Another' }))
    const { give } = await atCodePage(server, owner)
    assert.equal((await give(codeFor(server, secretIn(other.body)))).statusCode, 400)
    assert.ok(secretIn(scan.body) !== secretIn(other.body))
  })

  test('A130 an enrolment lasts ten minutes, however fresh the sign-in is (design: accounts)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const scan = await browser.follow(await browser.submit(await browser.get(ENROL), { name: 'My phone' }))
    server.clock.advance(601)
    await withPassword(server, user, { path: ENROL, browser })
    const { csrf_token: token } = (await browser.get('/account/totp')).json()
    const code = codeFor(server, secretIn(scan.body))
    const answer = await browser.follow(await browser.submit(scan, { code }))
    assert.equal(secretIn(answer.body), '')
    const { id } = await unconfirmed(user.id)
    const confirmed = await browser.post(`/account/totp/${id}/confirm`, { code }, { 'x-csrf-token': token })
    assert.equal(confirmed.statusCode, 400)
    assert.equal(await factorsOf(user.id), 0)
  })

  const unconfirmed = (userId: string) =>
    server.database.db
      .selectFrom('totp')
      .select('id')
      .where('user_id', '=', userId)
      .where('confirmed_at', 'is', null)
      .executeTakeFirstOrThrow()

  test('A130 a secret that the browser sends is ignored, and a second enrolment ends the first (RFC 4226 §7.5)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const own = generateSecret({ length: 20 })
    const start = await browser.get(ENROL)
    const [form = { action: '', fields: {} }] = [{ action: ENROL, fields: { csrf: csrfIn(start.body) } }]
    const sent = {
      ...form.fields,
      name: 'x',
      secret: own,
      id: newId(systemRandom, new Date()),
      uri: `otpauth://${own}`,
    }
    const first = await browser.follow(await browser.post(form.action, sent))
    assert.notEqual(secretIn(first.body), own)
    const second = await browser.follow(await browser.post(form.action, sent))
    for (const secret of [own, secretIn(first.body)]) {
      const answer = await browser.post(CONFIRM, {
        csrf: csrfIn(second.body),
        code: codeFor(server, secret),
        secret,
        uri: generateURI({ issuer: 'x', label: 'x', secret }),
      })
      assert.equal(answer.statusCode, 400)
    }
    assert.equal(await factorsOf(user.id), 0)
  })
  const csrfIn = (body: string): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''

  test('A130 another session of the same user can neither see nor confirm an enrolment (RFC 6238)', async () => {
    const user = await server.makeUser()
    const [one, other] = [await withPassword(server, user), await withPassword(server, user)]
    const scan = await one.browser.follow(await one.browser.submit(await one.browser.get(ENROL), { name: 'Mine' }))
    assert.equal(secretIn((await other.browser.follow(await other.browser.get(CONFIRM))).body), '')
    const token = await tokenOf(other.browser)
    const { id } = await unconfirmed(user.id)
    const code = codeFor(server, secretIn(scan.body))
    const answer = await other.browser.post(`/account/totp/${id}/confirm`, { code }, { 'x-csrf-token': token })
    assert.equal(answer.statusCode, 400)
    assert.equal(await factorsOf(user.id), 0)
  })

  test('A131 once it is confirmed the secret is in no answer, log line, audit row or column (ASVS 11.7.1)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const { secret, scan, page, recovery } = await enrol(server, browser)
    assert.equal(scan.headers['cache-control'], 'no-store')
    assert.equal(page.headers['cache-control'], 'no-store')
    const file = await browser.get(`${FACTORS}/codes.txt`)
    assert.equal(file.headers['cache-control'], 'no-store')
    assert.deepEqual(file.body.trim().split('\n'), recovery)
    await browser.follow(await browser.submit(page, { saved: 'yes' }))
    const raw = base32(secret)
    const known = [secret, secret.match(/.{4}/g)?.join(' ') ?? '', raw.toString('hex'), raw.toString('base64')]
    const codes = recovery.flatMap((code) => [code, code.replaceAll('-', '')])
    const assertAbsent = (where: string, text: string, more: readonly string[] = ['otpauth']) => {
      for (const each of [...known, ...codes, ...more]) assert.ok(!text.includes(each), `${each} in ${where}`)
    }
    for (const path of [
      '/account',
      FACTORS,
      CONFIRM,
      `${FACTORS}/codes`,
      `${FACTORS}/codes.txt`,
      '/account/totp',
      '/account/data.json',
      '/account/sessions',
      '/account/profile',
    ]) {
      const answer = await browser.follow(await browser.get(path))
      assertAbsent(path, answer.body + JSON.stringify(answer.headers))
      assert.equal(answer.headers['cache-control'], 'no-store', path)
    }
    const { page: due } = await withPassword(server, user)
    assertAbsent('the sign-in', due.body)
    assertAbsent('the log', server.log.join(''))
    const tables = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(server.database.db)
    for (const { name } of tables.rows) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(
        server.database.db,
      )
      assertAbsent(`table ${name}`, rows.map(({ row }) => row).join('\n'))
    }
  })

  /** RFC 4648 §6 */
  function base32(text: string): Buffer {
    const bits = [...text].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0'))
    return Buffer.from(
      bits
        .join('')
        .match(/.{8}/g)
        ?.map((byte) => Number.parseInt(byte, 2)) ?? [],
    )
  }

  test('A138 whatever an account is called, the label is encoded, the page escaped, and the secret whole', async () => {
    const odd = 'a?b&c#d%e+f<i>"\'\r\n/\\ü'
    const user = await server.makeUser()
    await server.deps.store.userProfiles.update(
      user.id,
      { email: odd, emailVerified: false, claims: {} },
      administrationEvent(server.deps, 'user.updated', 'operator', { userId: user.id }),
    )
    const { browser } = await withPassword(server, user)
    const { secret, scan, recovery } = await enrol(server, browser)
    assert.equal(recovery.length, 10)
    assert.match(secret, /^[A-Z2-7]{32}$/)
    assert.equal(scan.headers['cache-control'], 'no-store')
    assert.ok(!scan.body.includes('<i>'))
    const link = elementsOf(scan.body).find(({ attributes }) => attributes.get('id') === 'open-authenticator')
    const uri = new URL(link?.attributes.get('href') ?? '')
    assert.equal(decodeURIComponent(uri.pathname.replace(/^\/*(?:totp\/)?/, '')), `gate.example:${odd}`)
    assert.deepEqual(
      [...uri.searchParams],
      [
        ['secret', secret],
        ['issuer', 'gate.example'],
      ],
    )
    assert.equal(uri.hash, '')
  })

  test('A138 whatever the issuer is called, it cannot write into the label or the parameters', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    await browser.get(ENROL)
    const [session] = await server.deps.store.sessions.listOfUser(user.id)
    await beginEnrolment(server.deps, user.id, session?.id ?? '', 'x')
    const issuer = 'Ex:ample?&#%\r\n<b>&secret=AAAA'
    const found = await openEnrolment(server.deps, { id: user.id, label: 'a:b' }, session?.id ?? '', issuer)
    const uri = new URL(found?.uri ?? '')
    assert.deepEqual(
      [...uri.searchParams],
      [
        ['secret', found?.secret],
        ['issuer', issuer],
      ],
    )
    assert.doesNotMatch(found?.uri ?? '', /[\s<>#]/)
  })

  test('A134 unsaved recovery codes are shown to no sign-in that has given a password alone', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const { page } = await enrol(server, browser)
    assert.equal(recoveryCodesIn(page.body).length, 10)
    server.clock.advance(301)
    const due = await withPassword(server, user, { path: ENROL, browser }) // the same session, signed in anew
    assert.ok(due.page.body.includes('id="second-factor-form"'))
    const [, id = ''] = /[?&]id=([0-9a-f-]{36})/.exec(due.page.body) ?? []
    for (const path of [`/second-factor/codes?id=${id}`, `/second-factor/codes.txt?id=${id}`, `${FACTORS}/codes`]) {
      const answer = await browser.follow(await browser.get(path))
      assert.deepEqual(recoveryCodesIn(answer.body), [], path)
    }
    const { csrf } = { csrf: csrfIn(due.page.body) }
    const posted = await browser.follow(await browser.post(`/second-factor/codes?id=${id}`, { csrf }))
    assert.deepEqual(recoveryCodesIn(posted.body), [])
  })
})
