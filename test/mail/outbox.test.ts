import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { settingFindings } from '../../src/administration/doctor/settings.ts'
import { deliverOutbox } from '../../src/jobs/deliver-outbox.ts'
import { authorizeUrl, pkce, startServer, type TestServer } from '../support/server.ts'
import { LOOPBACK, mailsTo } from './mails.ts'

const mailFindings = ({ config }: TestServer): readonly string[] =>
  [...settingFindings(config)].map(({ code }) => code).filter((code) => code.startsWith('mail.'))

async function signInPage(server: TestServer) {
  const spa = await server.register({})
  const browser = server.browser()
  return await browser.follow(await browser.get(authorizeUrl(spa, pkce().challenge)))
}

suite('the outbox of a developer', () => {
  let server: TestServer
  before(async () => {
    server = await startServer(LOOPBACK)
  })
  after(() => server.close())

  test('without a mail server a loopback issuer shows its mails, and their links work', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    assert.match((await browser.get('/outbox')).body, /id="no-mails"/)
    const sent = await browser.submit(await browser.get('/forgot-password'), { login: user.email })
    assert.match(sent.body, /href="\/outbox"/)
    const outbox = await browser.get('/outbox')
    assert.match(outbox.body, new RegExp(user.email))
    const [, href = ''] = /href="(\/outbox\/[0-9a-f-]+)"/.exec(outbox.body) ?? []
    const mail = await browser.get(href)
    assert.equal(mail.statusCode, 200)
    const [, link = ''] = /href="http:\/\/localhost:3000(\/reset-password\?token=[^"]+)"/.exec(mail.body) ?? []
    assert.equal((await browser.get(link)).statusCode, 200)
    assert.deepEqual(mailFindings(server), ['mail.outbox'])
  })

  test('looking at it sends and spends nothing, and what is not there is not found', async () => {
    const browser = server.browser()
    for (const id of ['x', '018f0000-0000-7000-8000-000000000000']) {
      assert.equal((await browser.get(`/outbox/${id}`)).statusCode, 404)
    }
    await deliverOutbox.run(server.deps)
    assert.match((await browser.get('/outbox')).body, /id="mails"/)
  })

  test('what nobody would get any more is shown no more, and erased', async () => {
    server.clock.advance(86_401)
    assert.match((await server.browser().get('/outbox')).body, /id="no-mails"/)
    await deliverOutbox.run(server.deps)
    const rows = await server.database.db.selectFrom('outbox').select('payload').execute()
    assert.ok(rows.length > 0 && rows.every(({ payload }) => payload === null))
  })

  test('it is reached under the name of the issuer alone', async () => {
    const answer = await server.app.inject({ url: '/outbox', headers: { host: 'rebound.example:3000' } })
    assert.equal(answer.statusCode, 421)
  })
})

suite('a deployment without a mail server', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  test('it shows no outbox, offers no new password, writes no mail, and doctor says so', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    for (const path of ['/outbox', '/forgot-password', '/reset-password?token=x']) {
      assert.equal((await browser.get(path)).statusCode, 404, path)
    }
    const page = await signInPage(server)
    assert.match(page.body, /id="sign-in-form"/)
    assert.doesNotMatch(page.body, /forgot-password/)
    assert.deepEqual(await mailsTo(server.deps, user.email), [])
    assert.deepEqual(mailFindings(server), ['mail.none'])
  })
})

suite('a deployment with a mail server', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({ ...LOOPBACK, SMTP_URL: 'smtp://localhost:1' })
  })
  after(() => server.close())

  test('it shows no outbox, and offers a new password', async () => {
    assert.equal((await server.browser().get('/outbox')).statusCode, 404)
    assert.match((await signInPage(server)).body, /href="\/forgot-password\?id=/)
    assert.deepEqual(mailFindings(server), ['mail.smtp'])
  })
})
