import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { startServer, type TestServer } from '../support/server.ts'

suite('the console: roles', () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
    await server.registerResource({
      identifier: 'https://orders.example/api',
      name: 'Orders',
      scopes: { 'orders:read': '', 'orders:write': '' },
      introspectionClients: [],
      scopesByRole: true,
    })
  })
  after(() => server.close())

  test('a role is made, changed and deleted with forms, and each change is audited', async () => {
    const { browser } = await signInAsAdministrator(server)
    const form = await browser.follow(await browser.get('/admin/roles/new'))
    assert.equal(form.statusCode, 200, form.body)
    const made = await browser.submit(form, {
      name: 'clerk',
      description: 'Looks <i>up</i>',
      permissions: 'users:read',
    })
    assert.equal(made.headers.location, '/admin/roles/clerk?done=created', made.body)
    const page = await browser.follow(made)
    assert.match(page.body, /It was created\./)
    assert.match(page.body, /value="Looks &lt;i&gt;up&lt;\/i&gt;"/)
    const saved = await browser.follow(
      await browser.submit(page, { description: 'Helps', scopes: 'https://orders.example/api orders:read' }),
    )
    assert.match(saved.body, /The changes are saved\./)
    const role = await server.deps.store.roles.find('clerk')
    assert.deepEqual([role?.description, role?.scopes], ['Helps', { 'https://orders.example/api': ['orders:read'] }])
    const stale = await browser.submit(page, { description: 'Late' })
    assert.equal(stale.statusCode, 412)
    assert.match(stale.body, /Somebody else has changed this meanwhile/)
    const again = await browser.follow(await browser.get('/admin/roles/clerk'))
    const gone = await browser.post('/admin/roles/clerk/delete', { csrf: csrfOf(again.body) })
    assert.equal(gone.headers.location, '/admin/roles?done=deleted')
    const audited = await server.audited()
    for (const type of ['role.created', 'role.updated', 'role.deleted']) assert.ok(audited.includes(type), type)
  })

  test('what is wrong is said on the page, and what was typed stays', async () => {
    const { browser } = await signInAsAdministrator(server)
    const form = await browser.follow(await browser.get('/admin/roles/new'))
    const answer = await browser.submit(form, { name: 'no spaces please', description: 'Kept' })
    assert.equal(answer.statusCode, 400)
    assert.match(answer.body, /<title>Error:/)
    assert.match(answer.body, /value="Kept"/)
  })

  test('who may read roles is shown them without a form, and who may not is refused', async () => {
    await server.deps.store.roles.put({ name: 'reader', description: '', permissions: ['roles:read'] }, EVENT)
    await server.deps.store.roles.put({ name: 'other', description: '', permissions: ['keys:read'] }, EVENT)
    const reader = (await signInAs(server, ['reader'])).browser
    const page = await reader.get('/admin/roles/reader')
    assert.equal(page.statusCode, 200)
    assert.doesNotMatch(page.body, /role-form|delete-role/)
    assert.equal((await reader.get('/admin/roles/new')).statusCode, 403)
    const other = (await signInAs(server, ['other'])).browser
    assert.equal((await other.get('/admin/roles')).statusCode, 403)
    assert.equal((await (await signInAs(server, [])).browser.get('/admin/roles')).statusCode, 403)
  })

  test('without a second factor or a fresh sign-in the way leads there first, and back to the page', async () => {
    const weak = await signInAs(server, ['administrator'], { isMfa: false })
    const asked = await weak.browser.follow(await weak.browser.get('/admin/roles?x=1'))
    assert.match(asked.body, /enrol|second-factor/)
    const { browser } = await signInAsAdministrator(server)
    server.clock.advance(301)
    assert.equal((await browser.get('/admin/roles')).statusCode, 200)
    const stale = await browser.follow(await browser.get('/admin/roles/new'))
    assert.match(stale.body, /sign-in-form/)
  })
})

const EVENT = {
  id: '018f0000-0000-7000-8000-000000000000',
  type: 'test',
  outcome: 'success',
  actor: 'operator',
} as const
const csrfOf = (body: string): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
