import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { arrive, assertPage, closeClean, rowsOf } from '../front-channel.ts'

const PASSWORD = 'Correct-Horse-7-Staple!'

suite('the first administrator', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => closeClean(server))

  const link = async (token: string, purpose: 'first-administrator' | 'invitation' = 'first-administrator') =>
    await server.deps.store.actionTokens.add(digestOf(token), { purpose, data: {} }, 3600)
  const account = (name: string) => ({ username: name, email: `${name}@mail.example`, password: PASSWORD })

  test('A151 there is no account, and no password that anybody could know, before somebody makes one (ASVS 6.3.2)', async () => {
    assert.equal(await rowsOf(server, 'user'), 0)
    const client = await server.register({})
    for (const [username, password] of [
      ['admin', 'admin'],
      ['administrator', 'administrator'],
      ['postern', 'postern'],
      ['root', ''],
      ['admin@gate.example', 'password'],
    ] as const) {
      const browser = server.browser()
      const answer = await browser.submit(await arrive(browser, client), { username, password })
      assert.equal(answer.statusCode, 400)
    }
  })

  test('A151 without the link, with a wrong one, or with one of another kind, nobody is made (design.md §11)', async () => {
    await link('al_invitation', 'invitation')
    for (const token of ['', 'x', 'al_invitation', 'A'.repeat(43), "' or true --", '\ud83d\ude00']) {
      const browser = server.browser()
      const page = await browser.get(`/first-administrator?token=${encodeURIComponent(token)}`)
      assert.equal(page.statusCode, 410)
      assert.equal(page.body.includes('<form'), false)
    }
    assert.equal(await rowsOf(server, 'user'), 0)
    assertPage(await server.browser().get('/signup?invitation=al_first'), 'link_used')
  })

  test('A151 a weak password spends nothing: the link is still good (controls.md row 31)', async () => {
    await link('al_first')
    const browser = server.browser()
    const form = await browser.get('/first-administrator?token=al_first')
    assert.equal(form.headers['referrer-policy'], 'same-origin')
    assert.equal((await browser.submit(form, { ...account('first_one'), password: 'admin' })).statusCode, 400)
    assert.equal((await browser.submit(form, { ...account('admin') })).statusCode, 400)
    assert.equal((await browser.get('/first-administrator?token=al_first')).statusCode, 200)
    assert.equal(await rowsOf(server, 'user'), 0)
  })

  test('A151 opened twice and sent ten times at once, the link makes one administrator (design.md §11)', async () => {
    await link('al_race')
    const attempts = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const browser = server.browser(`198.51.${i}.1`)
        const form = await browser.get('/first-administrator?token=al_race')
        return { browser, form, name: `racer_${i}` }
      }),
    )
    const answers = await Promise.all(attempts.map(({ browser, form, name }) => browser.submit(form, account(name))))
    assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [200, ...Array(9).fill(410)])
    const { db } = server.database
    const administrators = await db
      .selectFrom('user_role')
      .select('user_id')
      .where('role', '=', 'administrator')
      .execute()
    assert.equal(administrators.length, 1)
    assert.equal(await rowsOf(server, 'user'), 1)
    assert.equal(
      answers.some(({ headers }) => String(headers['set-cookie'] ?? '').includes('session')),
      false,
    )
  })

  test('A151 sent again later, the link makes nobody (design.md §11)', async () => {
    await link('al_twice')
    const browser = server.browser()
    const form = await browser.get('/first-administrator?token=al_twice')
    assert.equal((await browser.submit(form, account('one_time'))).statusCode, 200)
    const users = await rowsOf(server, 'user')
    assert.equal((await browser.submit(form, account('two_times'))).statusCode, 410)
    assert.equal((await browser.get('/first-administrator?token=al_twice')).statusCode, 410)
    assert.equal(await rowsOf(server, 'user'), users)
  })

  test('A151 a link that was never used is dead after its time (design.md §11)', async () => {
    await link('al_late')
    server.clock.advance(3601)
    assert.equal((await server.browser().get('/first-administrator?token=al_late')).statusCode, 410)
  })
})
