import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { startServer, type TestServer } from '../../support/server.ts'
import { arrive, closeClean, isSignInPage } from '../front-channel.ts'

const LOGINS = 300
const HASH_BYTES = 19_456 * 1024
const PERMITS = 2
/** What three hundred requests take besides: their sockets, pages and rows. */
const SLACK_BYTES = 160 * 1024 * 1024

suite('three hundred sign-ins at once', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({
      PASSWORD_HASH_PERMITS: String(PERMITS),
      LIMIT_AUTH_PER_MINUTE: '100000',
      CEILING_ADDRESS_PER_MINUTE: '1000000',
    })
  })
  after(() => closeClean(server))

  test('A155 are hashed a few at a time, told when there is no room, and keep nobody else waiting (ASVS 15.2.2)', async () => {
    const client = await server.register({})
    const confidential = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
    })
    const browser = server.browser()
    const page = await arrive(browser, client)
    assert.ok(isSignInPage(page))
    const rssBefore = process.memoryUsage().rss
    let most = rssBefore
    let isOver = false
    const flood = Promise.all(
      Array.from({ length: LOGINS }, async (_, index) => {
        const answer = await browser.submit(page, { username: `nobody_${index}`, password: 'Wrong-Password-1!' })
        most = Math.max(most, process.memoryUsage().rss)
        return answer
      }),
    ).finally(() => {
      isOver = true
    })
    const basic = Buffer.from(`${confidential.clientId}:${confidential.clientSecret}`).toString('base64')
    const [jwks, token] = await Promise.all([
      server.app.inject('/jwks'),
      server.post('/token', { grant_type: 'client_credentials' }, { authorization: `Basic ${basic}` }),
    ])
    assert.deepEqual([jwks.statusCode, token.statusCode], [200, 200])
    assert.equal(isOver, false, 'keys and tokens do not stand in the queue of passwords')
    const answers = await flood
    const of = (status: number) => answers.filter(({ statusCode }) => statusCode === status)
    assert.equal(of(400).length + of(503).length, LOGINS)
    assert.ok(of(503).length > 0, 'nobody was told that there is no room')
    for (const answer of of(503)) assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
    assert.ok(most - rssBefore <= PERMITS * HASH_BYTES + SLACK_BYTES, `${(most - rssBefore) / 1048576} MiB more`)
  })
})
