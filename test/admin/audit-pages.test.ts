import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { formsOf } from '../support/browser-session.ts'
import { startServer, type TestServer } from '../support/server.ts'

suite('the console: keys, audit log and deliveries', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())
  const administrator = async () => (await signInAsAdministrator(server)).browser
  const press = (browser: Awaited<ReturnType<typeof administrator>>, body: string, end: string, fields = {}) => {
    const form = formsOf(body).find(({ action }) => action.endsWith(end))
    assert.ok(form, body)
    return browser.post(form.action, { ...form.fields, ...fields })
  }

  test('the keys stand on a timeline with a table beside it, and move on when they may', async () => {
    const browser = await administrator()
    const page = await browser.get('/admin/keys')
    assert.equal(page.statusCode, 200, page.body)
    assert.match(page.body, /<svg[^>]*role="img" aria-label="Key [^"]*published from/)
    assert.match(page.body, /postern key rotate/)
    const early = await press(browser, page.body, '/rotate')
    assert.equal(early.statusCode, 409)
    assert.match(early.body, /wait \d+ s/)
    server.clock.advance(605)
    const later = await administrator()
    const rotated = await press(later, (await later.get('/admin/keys')).body, '/rotate')
    assert.equal(rotated.headers.location, '/admin/keys?done=rotated', rotated.body)
    const after = await later.get('/admin/keys')
    const [, drop = ''] = /href="([^"]+\/drop)"/.exec(after.body) ?? []
    const dropped = await press(later, (await later.get(drop)).body, '/drop')
    assert.equal(dropped.headers.location, '/admin/keys?done=removed')
    assert.equal((await later.get('/admin/keys.csv')).body.trimEnd().split('\r\n').length, 3)
  })

  test('in an emergency a word has to be typed', async () => {
    const browser = await administrator()
    const ask = await browser.get('/admin/keys/emergency')
    assert.equal((await press(browser, ask.body, '/emergency', { confirm: 'no' })).statusCode, 400)
    const done = await press(browser, ask.body, '/emergency', { confirm: 'emergency' })
    assert.equal(done.headers.location, '/admin/keys?done=rotated')
    assert.ok((await server.audited()).includes('key.emergency'))
  })

  test('events are found by filters in the address, and each has a page', async () => {
    const browser = await administrator()
    await server.deps.store.roles.put(
      { name: 'clerk', description: '' },
      administrationEvent(server.deps, 'role.put', 'operator', {
        detail: { role: 'clerk', before: { description: '<i>' }, after: { description: '' } },
      }),
    )
    const page = await browser.get('/admin/audit?type=role.put&actor=operator')
    assert.equal(page.statusCode, 200, page.body)
    assert.match(page.body, /postern audit tail --type role\.put/)
    assert.doesNotMatch(page.body, /user\.signed_in<\/a>/)
    const [, path = ''] = /href="(\/admin\/audit\/[0-9a-f-]{36})"/.exec(page.body) ?? []
    const event = await browser.get(path)
    assert.match(event.body, /<code>description<\/code>/)
    assert.match(event.body, /&lt;i&gt;/)
    assert.match(
      (await browser.get('/admin/audit?from=2020-01-01T00:00&to=2020-01-02T00:00')).body,
      /No event is like that/,
    )
    for (const wrong of ['from=yesterday', 'user_id=x', 'cursor=x']) {
      assert.equal((await browser.get(`/admin/audit?${wrong}`)).statusCode, 400, wrong)
    }
    const csv = await browser.get('/admin/audit.csv?type=role.put')
    assert.match(csv.body, /^id,at,type,[^\r]*\r\n([^\r]*,role\.put,[^\r]*\r\n)+$/)
    assert.match(csv.body, /^[^\r]*,detail,personal\r\n/)
    assert.ok((await server.audited()).includes('audit.exported'))
  })

  test('the log is verified at the press of a button', async () => {
    const browser = await administrator()
    await sealAudit.run(server.deps)
    const page = await browser.get('/admin/audit')
    const report = await press(browser, page.body, '/verification')
    assert.equal(report.statusCode, 200)
    assert.match(report.body, /nothing was changed, removed, moved or put in/)
    assert.equal((await press(browser, page.body, '/verification')).statusCode, 409)
  })

  test('deliveries are told by their state, and never what they say', async () => {
    const event = administrationEvent(server.deps, 'role.put', 'operator', {})
    await server.deps.store.roles.put({ name: 'post', description: '', permissions: ['deliveries:read'] }, event)
    const id = '01900000-0000-7000-8000-000000000001'
    const payload = Buffer.from('what it says')
    await server.deps.store.outbox.add([{ id, topic: 'notice', payload, lifetimeSeconds: 600 }])
    await server.deps.store.outbox.giveUp(id, 'refused by the server')
    const { browser } = await signInAs(server, ['post'])
    const page = await browser.get('/admin/deliveries?state=failed')
    assert.match(page.body, /failed: refused by the server/)
    assert.doesNotMatch(page.body, /what it says/)
    assert.match((await browser.get('/admin/deliveries?state=waiting')).body, /Nothing is like that/)
    assert.match((await browser.get('/admin/deliveries.csv')).body, /,mail,notice,failed,/)
  })
})
