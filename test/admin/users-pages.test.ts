import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { LOOPBACK, mailsTo, topicsFor } from '../mail/mails.ts'
import { beginSession, signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { type BrowserSession, formsOf } from '../support/browser-session.ts'
import { obtainTokens, PASSWORD, startServer, type TestServer, userinfoStatus } from '../support/server.ts'

suite('the console: users, sessions and grants, without script (pages.md)', () => {
  let server: TestServer
  let browser: BrowserSession
  before(async () => {
    server = await startServer(LOOPBACK)
    browser = (await signInAsAdministrator(server)).browser
  })
  after(() => server.close())

  async function open(path: string, as = browser) {
    const page = await as.follow(await as.get(path))
    assert.equal(page.statusCode, 200, `${path}: ${page.body.slice(0, 500)}`)
    return page
  }
  /** Presses the button of the form that posts to an address. */
  async function press(page: Awaited<ReturnType<typeof open>>, action: string, fields: Record<string, string> = {}) {
    const form = formsOf(page.body).find((one) => one.action === action)
    assert.ok(form, `no form to ${action}`)
    return await browser.post(action, { ...form.fields, ...fields })
  }
  const after303 = async (answer: Awaited<ReturnType<typeof press>>) => {
    assert.equal(answer.statusCode, 303, answer.body.slice(0, 1000))
    return await browser.follow(answer)
  }

  test('a user is made, found by the filters in the address, edited, and told of at the command line', async () => {
    const form = await open('/admin/users/new')
    const weak = await browser.submit(form, { username: 'lovelace', email: 'ada@mail.example', password: 'short' })
    assert.equal(weak.statusCode, 400)
    assert.match(weak.body, /<title>Error: New user/)
    assert.match(weak.body, /role="alert"/)
    assert.doesNotMatch(weak.body, /value="short"/)
    const typed = { email: 'ada@mail.example', password: PASSWORD, 'claims.name': 'Ada' }
    const made = await after303(await browser.submit(form, { username: 'lovelace', ...typed }))
    assert.match(made.body, /It was created\./)
    assert.match(made.body, /postern user show lovelace/)
    const found = await open('/admin/users?query=LOVE&state=enabled')
    assert.match(found.body, /href="\/admin\/users\/[0-9a-f-]+"><bdi>lovelace/)
    assert.match(found.body, /value="LOVE"/)
    assert.match((await open('/admin/users?query=nobody')).body, /No user is like that/)
    assert.equal((await browser.get('/admin/users?state=odd')).statusCode, 400)

    const [, id = ''] = /href="\/admin\/users\/([0-9a-f-]{36})"/.exec(found.body) ?? []
    const edit = await open(`/admin/users/${id}/edit`)
    await after303(await browser.submit(edit, { username: 'countess', email_verified: 'yes', 'claims.name': '' }))
    const user = await server.deps.store.users.find({ id })
    assert.deepEqual([user?.username, user?.emailVerified, user?.claims], ['countess', true, {}])
    const stale = await browser.submit(edit, { username: 'other' })
    assert.equal(stale.statusCode, 412)
    assert.match(stale.body, /somebody else has changed this/i)
    const moved = await open(`/admin/users/${id}/edit`)
    await after303(
      await browser.submit(moved, { username: 'countess', email: 'new@mail.example', email_verified: 'yes' }),
    )
    assert.equal((await server.deps.store.users.find({ id }))?.emailVerified, false)
    assert.deepEqual(await topicsFor(server.deps, 'new@mail.example'), ['email-changed'])
  })

  test('somebody is invited by mail', async () => {
    const page = await open('/admin/users/invite')
    assert.equal((await browser.submit(page, { email: 'no address' })).statusCode, 400)
    await after303(await browser.submit(page, { email: 'guest@mail.example' }))
    assert.match((await mailsTo(server.deps, 'guest@mail.example'))[0]?.text ?? '', /\/signup\?invitation=/)
  })

  test('what cannot be taken back is asked first, and deleting wants the name', async () => {
    const user = await server.makeUser()
    await beginSession(server, user.id, server.browser())
    const path = `/admin/users/${user.id}`
    for (const verb of ['disable', 'enable', 'sign-out', 'reset-factors', 'send-reset', 'unlock']) {
      const asked = await open(`${path}/${verb}`)
      assert.match(asked.body, new RegExp(`postern user ${verb} ${user.username}`))
      const done = await after303(await press(asked, `${path}/${verb}`))
      assert.match(done.body, /role="status"/)
    }
    const told = (await server.deps.store.auditTrail.latest({ userId: user.id }, 20)).map(({ type }) => type)
    assert.deepEqual(told.slice(-5), [
      'user.disabled',
      'user.enabled',
      'user.signed_out_everywhere',
      'user.factors_reset',
      'user.reset_sent',
    ])
    const asked = await open(`${path}/delete`)
    const wrong = await press(asked, `${path}/delete`, { confirm: 'somebody' })
    assert.equal(wrong.statusCode, 400)
    await after303(await press(asked, `${path}/delete`, { confirm: user.username }))
    assert.equal((await browser.get(path)).statusCode, 404)
    assert.equal((await browser.get('/admin/users/not-an-id')).statusCode, 404)
  })

  test('a role is granted until an instant, with the reason, and taken away', async () => {
    const user = await server.makeUser()
    await server.makeUser(['on-call'])
    const path = `/admin/users/${user.id}`
    const form = await open(`${path}/roles/new`)
    const late = await browser.submit(form, { role: 'on-call', expires_at: '2001-01-01T00:00' })
    assert.equal(late.statusCode, 400)
    const until = server.clock.now().getUTCFullYear() + 1
    const typed = { role: 'on-call', expires_at: `${until}-01-01T08:00`, reason: 'Night shift' }
    const page = await after303(await browser.submit(form, typed))
    assert.match(page.body, /Night shift/)
    assert.match(page.body, new RegExp(`${until}-01-01 08:00`))
    await after303(await press(page, `${path}/roles/revoke`, { role: 'on-call' }))
    assert.deepEqual(await server.deps.store.userRoles.list(user.id), [])
  })

  test('sessions and grants are listed, narrowed and ended', async () => {
    const client = await server.register({})
    const { user, browser: theirs } = await signInAs(server, [])
    const { tokens } = await obtainTokens(server, client, user, {}, theirs)
    const grants = await open(`/admin/sessions/grants?user_id=${user.id}&state=live`)
    assert.match(grants.body, /Acme/)
    await after303(await press(grants, '/admin/sessions/grants/end'))
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    const page = await open(`/admin/users/${user.id}`)
    const back = await after303(await press(page, '/admin/sessions/end'))
    assert.match(back.body, /Not signed in anywhere/)
    assert.match(back.body, /session\.ended/)
    assert.match((await open(`/admin/sessions?user_id=${user.id}`)).body, /No session is like that/)
  })

  test('lists are read page by page, and exported with what a spreadsheet would run made text (A151)', async () => {
    const { deps } = server
    const { id } = await server.makeUser()
    await deps.store.userProfiles.update(
      id,
      { email: '+cmd@mail.example', emailVerified: false, claims: {} },
      { id: '019a0000-0000-7000-8000-000000000001', type: 'user.updated', outcome: 'success', actor: 'system' },
    )
    const csv = await open('/admin/users.csv')
    assert.match(String(csv.headers['content-type']), /^text\/csv/)
    assert.match(String(csv.headers['content-disposition']), /attachment; filename="users\.csv"/)
    const lines = csv.body.trim().split('\r\n')
    assert.equal(lines[0], 'id,username,email,email_verified,roles,has_factor,state,created_at')
    assert.ok(lines.some((line) => line.includes(",'+cmd@mail.example,")))
    for (let count = 0; count < 51; count += 1) await server.makeUser()
    const first = await open('/admin/users?state=enabled')
    const [, next = ''] = /id="next-page"[^>]* href="([^"]+)"/.exec(first.body) ?? []
    const second = await open(next.replaceAll('&amp;', '&'))
    assert.match(second.body, /id="first-page"[^>]* href="\/admin\/users\?state=enabled"/)
    for (const path of ['/admin/sessions.csv', '/admin/sessions/grants.csv']) {
      assert.match((await open(path)).body, /^id,user_id,username,/)
    }
  })

  test('a limited administrator sees no button that is not theirs, and gets no further by the address (A141)', async () => {
    await server.deps.store.roles.put(
      { name: 'viewer', description: '', permissions: ['users:read'] },
      { id: '019a0000-0000-7000-8000-000000000002', type: 'role.put', outcome: 'success', actor: 'system' },
    )
    const viewer = await signInAs(server, [])
    await server.deps.store.userRoles.set(viewer.user.id, ['viewer'], 'operator', {
      id: '019a0000-0000-7000-8000-000000000003',
      type: 'user.roles_changed',
      outcome: 'success',
      actor: 'system',
    })
    const user = await server.makeUser()
    const page = await open(`/admin/users/${user.id}`, viewer.browser)
    assert.doesNotMatch(page.body, /id="(?:grant-role|user-[a-z-]+)"/)
    assert.doesNotMatch((await open('/admin/users', viewer.browser)).body, /id="new-user"/)
    const refused = [
      '/new',
      '/invite',
      '.csv?state=odd',
      `/${user.id}/edit`,
      `/${user.id}/delete`,
      `/${user.id}/roles/new`,
    ]
    for (const path of refused) {
      const { statusCode } = await viewer.browser.get(`/admin/users${path}`)
      assert.ok([400, 403].includes(statusCode), `${path}: ${statusCode}`)
    }
    assert.equal((await viewer.browser.get('/admin/sessions')).statusCode, 403)
  })
})
