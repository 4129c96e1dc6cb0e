import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { cutDatabase } from '../../support/back-channel.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { codeFor, enrol, enrolled, isOverview, secretIn, withPassword } from '../codes/authenticator.ts'
import { assertPage, isSignInPage } from '../front-channel.ts'

const NEW = '/account/second-factor/new'
const CONFIRM = '/account/second-factor/confirm'
const CODES = '/account/second-factor/codes'

suite('steps of the account out of order, empty, twice, or while the database is away', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({ SMTP_URL: 'smtp://127.0.0.1:1' })
  })
  after(() => server.close())

  const csrfIn = ({ body }: LightMyRequestResponse): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
  const factorsOf = (id: string) => server.deps.store.secondFactors.listTotp(id)

  test('A115 an authenticator is not confirmed before it was begun, nor its codes shown (design.md §2.7)', async () => {
    const user = await server.makeUser()
    const { browser, page } = await withPassword(server, user)
    const csrf = csrfIn(page)
    assert.equal((await browser.get(CONFIRM)).headers.location, NEW)
    const early = await browser.post(CONFIRM, { csrf, code: '000000', secret: 'A'.repeat(32) })
    assert.ok([303, 400].includes(early.statusCode))
    for (const path of [CODES, `${CODES}.txt`]) {
      assert.ok([303, 404].includes((await browser.get(path)).statusCode), path)
    }
    await browser.post(CODES, { csrf, saved: 'yes' })
    await browser.post('/account/second-factor', { csrf, do: 'regenerate' })
    assert.deepEqual([await factorsOf(user.id), await server.deps.store.recoveryCodes.count(user.id)], [[], 0])
  })

  test('A115 an empty post to any page of the account changes nothing, with its token and without (design.md §2.7)', async () => {
    const { user, browser } = await enrolled(server)
    const csrf = csrfIn(await browser.get('/account/apps'))
    const before = await server.audited()
    const stood = await server.deps.store.users.find({ id: user.id })
    for (const path of [
      '/account/password',
      '/account/second-factor',
      CONFIRM,
      '/account/sessions',
      '/account/apps',
      '/account/delete',
      '/account/email',
    ]) {
      assertPage(await browser.post(path, {}), 'forgery', 403)
      const fresh = await browser.post(path, { csrf })
      assert.ok([303, 400].includes(fresh.statusCode), `${path} ${fresh.statusCode}`)
    }
    assert.deepEqual(await server.audited(), before)
    assert.deepEqual(await server.deps.store.users.find({ id: user.id }), stood)
    assert.equal((await factorsOf(user.id)).length, 1)
  })

  test('A115 a step that is done is not done again: an old confirmation, an old removal, an old sign-out (design.md §2.7)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const { secret, scan, page } = await enrol(server, browser)
    server.clock.advance(31)
    const again = await browser.submit(scan, { code: codeFor(server, secret) }) // the form's token died with the old session id
    assert.equal(again.statusCode, 403)
    assert.equal((await factorsOf(user.id)).length, 1)
    await browser.submit(page, { saved: 'yes' })
    const listed = await browser.get('/account/second-factor')
    const [, id = ''] = /data-factor="([^"]+)"/.exec(listed.body) ?? []
    for (const _ of [1, 2]) assert.equal((await browser.submit(listed, { do: 'remove', id })).statusCode, 303)
    assert.equal((await server.audited()).filter((type) => type === 'factor.removed').length, 1)
    const overview = await browser.get('/account')
    assert.equal((await browser.submit(overview, {})).statusCode, 200)
    assert.ok(isSignInPage(await browser.follow(await browser.submit(overview, {}))))
  })

  test('A115 two tabs that begin an authenticator leave one, and the first one’s code confirms nothing (design.md §5.2)', async () => {
    const user = await server.makeUser()
    const { browser, page: start } = await withPassword(server, user, { path: NEW })
    const one = await browser.follow(await browser.submit(start, { name: 'One' }))
    const two = await browser.follow(await browser.submit(start, { name: 'Two' }))
    assert.notEqual(secretIn(one.body), secretIn(two.body))
    assert.equal((await browser.submit(one, { code: codeFor(server, secretIn(one.body)) })).statusCode, 400)
    assert.equal((await browser.submit(two, { code: codeFor(server, secretIn(two.body)) })).statusCode, 303)
    const factors = await factorsOf(user.id)
    assert.deepEqual(
      factors.map(({ name }) => name),
      ['Two'],
    )
  })

  test('A115 a page of the account that a sign-in was begun for is the only place it leads to (ASVS 3.7.2)', async () => {
    const user = await server.makeUser()
    for (const path of [
      '/account?next=https://evil.test',
      '/account?return_to=//evil.test',
      '/%61ccount',
      '/account?bounced=1&url=https://evil.test',
    ]) {
      const { browser, page } = await withPassword(server, user, { path })
      assert.ok(isOverview(page), path)
      const bounced = await browser.get(path.replace('bounced=1&', ''), { fromElsewhere: true })
      assert.equal(bounced.headers.refresh, '0; url=/account?bounced=1', path)
    }
  })

  test('A165 while the database is away every page of the account says so, and nothing more (ASVS 16.5.2)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const profile = await browser.get('/account/profile')
    const restore = await cutDatabase(server)
    try {
      for (const answer of [
        await browser.get('/account'),
        await browser.get('/account/data.json'),
        await browser.get('/account/sessions'),
        await browser.submit(profile, { name: 'x' }),
        await server.browser().get('/account'),
        await server.browser().get('/reset-password?token=rp_x'),
        await server.browser().get('/verify-email?token=ve_x'),
      ]) {
        assertPage(answer, 'unavailable', 503)
        assert.ok(Number(answer.headers['retry-after']) > 0)
        assert.doesNotMatch(answer.body, /postgres|select |ECONN|\.ts|\bat \S+:\d+|node_modules/i)
      }
      const json = await browser.get('/account/totp')
      assert.deepEqual([json.statusCode, json.json().error], [503, 'temporarily_unavailable'])
    } finally {
      await restore()
    }
    assert.equal((await browser.get('/account')).statusCode, 200)
  })

  test('A165 a handler that throws is a page or JSON of fixed words; its reason is in the log alone (ASVS 16.5.1)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    const owner = new pg.Client({ connectionString: server.config.databaseUrl!.reveal() })
    await owner.connect()
    await owner.query('alter table known_device rename to known_device_away')
    try {
      const page = await browser.get('/account/data.json')
      assertPage(page, 'server_error', 500)
      assert.doesNotMatch(page.body, /known_device|relation|select |\.ts|\bat \S+:\d+|42P01/i)
      assert.ok(server.log.some((line) => line.includes('known_device') && line.includes('"level":"error"')))
    } finally {
      await owner.query('alter table known_device_away rename to known_device')
      await owner.end()
    }
    for (const [path, type, body] of [
      ['/account/totp', 'application/json', '{"name":'],
      ['/account/profile', 'application/json', '{"a":'],
      ['/account/profile', 'application/x-www-form-urlencoded', 'a=%E0%A4%A'],
    ] as const) {
      const answer = await server.app.inject({
        method: 'POST',
        url: path,
        headers: { host: 'gate.example', 'content-type': type },
        payload: body,
      })
      assert.ok(answer.statusCode < 500, `${path} ${answer.statusCode}`)
      assert.doesNotMatch(answer.body, /FST_|JSON|Unexpected|\.ts/)
    }
  })
})
