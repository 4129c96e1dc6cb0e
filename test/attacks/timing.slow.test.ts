// What exists cannot be told by the clock. It takes a quiet machine and a few minutes: run it by its name.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { toldApartByTime } from '../support/timing.ts'
import { arrive, closeClean, isSignInPage } from './front-channel.ts'

/** Of each kind. So few failures has each account that strangers are still heard there. design.md §6 */
const OF_EACH = 6
const WRONG = 'Wrong-Password-1!'
const someName = (prefix: string) => `${prefix}${randomBytes(5).toString('hex')}`

suite('the time that a refusal takes', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({
      LIMIT_AUTH_PER_MINUTE: '100000',
      LIMIT_CLIENT_AUTH_PER_MINUTE: '100000',
      CEILING_CLIENT_AUTH_PER_MINUTE: '1000000',
      CEILING_ADDRESS_PER_MINUTE: '1000000',
      LOG_LEVEL: 'info',
    })
  })
  after(() => closeClean(server))

  test('A085 does not tell known, unknown and disabled users apart (ASVS 6.3.8)', async (t) => {
    const client = await server.register({})
    const names = { known: [] as string[], unknown: [] as string[], disabled: [] as string[] }
    for (let index = 0; index < OF_EACH; index += 1) {
      const [known, disabled] = [await server.makeUser(), await server.makeUser()]
      const { db } = server.database
      await db.updateTable('user').set({ disabled_at: new Date() }).where('id', '=', disabled.id).execute()
      names.known.push(known.username)
      names.disabled.push(disabled.username)
      names.unknown.push(someName('user_'))
    }
    const browser = server.browser()
    const page = await arrive(browser, client)
    assert.ok(isSignInPage(page))
    const apart = await toldApartByTime(
      ['known', 'unknown', 'disabled'],
      300,
      async (kind, round) => {
        const username = names[kind][round % OF_EACH] ?? ''
        const answer = await browser.submit(page, { username, password: WRONG })
        assert.equal(answer.statusCode, 400, answer.body)
      },
      (measured) => t.diagnostic(measured),
    )
    assert.deepEqual(apart, [])
  })

  test('A061 does not tell known, unknown and disabled clients apart (RFC 6749 §5.2)', async (t) => {
    const ids = { known: [] as string[], unknown: [] as string[], disabled: [] as string[] }
    for (let index = 0; index < OF_EACH; index += 1) {
      const machine = { grant_types: ['client_credentials' as const], scope: '' }
      const method = { token_endpoint_auth_method: 'client_secret_basic' as const }
      ids.known.push((await server.register({ ...machine, ...method })).clientId)
      ids.disabled.push((await server.register({ ...machine, ...method, disabled: true })).clientId)
      ids.unknown.push(someName('client-'))
    }
    const secret = `cs_${randomBytes(32).toString('base64url')}`
    const apart = await toldApartByTime(
      ['known', 'unknown', 'disabled'],
      1500,
      async (kind, round) => {
        const authorization = `Basic ${Buffer.from(`${ids[kind][round % OF_EACH]}:${secret}`).toString('base64')}`
        const answer = await server.post('/token', { grant_type: 'client_credentials' }, { authorization })
        assert.equal(answer.statusCode, 401, answer.body)
      },
      (measured) => t.diagnostic(measured),
    )
    assert.deepEqual(apart, [])
  })
})
