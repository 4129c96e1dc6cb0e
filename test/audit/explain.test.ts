import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { keepRefusals } from '../../src/jobs/keep-refusals.ts'
import { authorizeUrl, codeForm, obtainCode, pkce, startServer, type TestServer } from '../support/server.ts'

const DAY = 86_400

suite('what postern explain knows of a refusal', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  /** It is noted when the answer has gone out. */
  async function explained(requestId: string) {
    for (let tries = 0; tries < 1000; tries++) {
      await keepRefusals.run(server.deps)
      const found = await server.deps.store.refusals.find(requestId)
      if (found) return found
      await new Promise((resolve) => setImmediate(resolve))
    }
    return undefined
  }

  test('the rule that refused, in our own words alone (pages.md)', async () => {
    const spa = await server.register({})
    const user = await server.makeUser()
    const { code } = await obtainCode(server, spa, user)
    const answer = await server.post('/token', codeForm(spa, code, 'x'.repeat(43)))
    const { request_id, error } = answer.json()
    const found = await explained(request_id)
    assert.equal(error, 'invalid_grant')
    assert.deepEqual(
      { ...found, at: undefined },
      {
        requestId: request_id,
        at: undefined,
        route: 'POST /token',
        code: 'invalid_grant',
        description: 'the code is not valid',
        cause: 'wrong code_verifier',
      },
    )
    const events = await server.deps.store.auditTrail.latest({ requestId: request_id }, 10)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['code.burnt'],
    )
  })

  test('nothing that a caller sent is kept (A162)', async () => {
    const planted = 'planted-by-the-caller'
    const answers = await Promise.all([
      server.post('/token', { grant_type: planted, client_id: planted }),
      server.post(`/token?${planted}`, planted, { 'content-type': `text/${planted}` }),
      server.app.inject({ url: `/authorize?client_id=${planted}&redirect_uri=https://${planted}.example/` }),
      server.app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${planted}` } }),
    ])
    assert.ok(answers.every(({ statusCode }) => statusCode >= 400))
    await explained(answers[0].json().request_id)
    const rows = await server.database.db.selectFrom('refusal').selectAll().execute()
    assert.ok(rows.length > 1)
    assert.ok(!JSON.stringify(rows).includes(planted))
  })

  test('a refusal that is redirected is kept too (RFC 6749 §4.1.2.1)', async () => {
    const spa = await server.register({})
    const url = authorizeUrl(spa, pkce().challenge, { prompt: 'none' })
    const answer = await server.browser('203.0.113.7').get(url, { fromElsewhere: true })
    assert.match(String(answer.headers.location), /error=login_required/)
    const line = server.log.map((each) => JSON.parse(each)).findLast((each) => each.code === 'login_required')
    assert.equal((await explained(line.reqId))?.code, 'login_required')
  })

  test('a flood writes little, and after a week nothing is left (design.md §2.13)', async () => {
    const count = async () => {
      await keepRefusals.run(server.deps)
      return (await server.database.db.selectFrom('refusal').select('request_id').execute()).length
    }
    server.clock.advance(120)
    const before = await count()
    for (let host = 0; host < 20; host++) {
      for (let n = 0; n < 20; n++) {
        await server.app.inject({
          method: 'POST',
          url: '/token',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          payload: 'grant_type=x',
          remoteAddress: `192.0.${host}.1`,
        })
      }
    }
    const written = (await count()) - before
    assert.ok(written >= 60 && written < 100, `${written} of 400`) // one more a second
    server.clock.advance(8 * DAY)
    await server.deps.store.sweep.sweep()
    assert.equal(await count(), 0)
  })
})
