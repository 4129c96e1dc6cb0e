import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { newId } from '../../../src/base/random.ts'
import { type AdminCall, apiAs, beginSession, registerAdminClient, signInAs } from '../../support/administrator.ts'
import { PASSWORD, startServer, type TestClient, type TestServer } from '../../support/server.ts'

const HELPER = [
  'users:read',
  'users:write',
  'users:delete',
  'factors:reset',
  'sessions:read',
  'sessions:end',
  'roles:grant',
]
const ANY_VERSION = { 'if-match': '*' }
const POSTS = ['disable', 'enable', 'sign-out', 'unlock', 'reset-factors', 'send-reset']

suite('attacks on users by who may administer a little', () => {
  let server: TestServer
  let client: TestClient
  let admin: Awaited<ReturnType<typeof apiAs>>
  let helper: Awaited<ReturnType<typeof apiAs>>
  before(async () => {
    server = await startServer()
    client = await registerAdminClient(server)
    admin = await apiAs(server, client, ['administrator'])
    await admin.call('POST', '/roles', { name: 'helper', permissions: HELPER })
    helper = await apiAs(server, client, ['helper'])
  })
  after(() => server.close())

  const denials = async () => (await server.audited()).filter((type) => type === 'administration.denied').length
  const sessionOf = async (call: AdminCall, userId: string): Promise<string> =>
    (await call('GET', `/users/${userId}/sessions`)).json().items[0].id

  /** A device that an account knows. */
  async function deviceOf(userId: string): Promise<string> {
    const id = newId(server.deps.random, server.clock.now())
    const session = await sessionOf(admin.call, userId)
    await server.deps.store.knownDevices.remember(userId, session, { id, digest: digestOf(id), name: 'Test' })
    return id
  }

  /** Everything that can be done to a user. */
  async function attempts(call: AdminCall, userId: string) {
    const session = await sessionOf(call, userId)
    return {
      edit: () => call('PATCH', `/users/${userId}`, { email: 'mine@mail.example' }, ANY_VERSION),
      delete: () => call('DELETE', `/users/${userId}`),
      'end a session': () => call('DELETE', `/sessions/${session}`),
      'end their session': () => call('DELETE', `/users/${userId}/sessions/${session}`),
      ...Object.fromEntries(POSTS.map((verb) => [verb, () => call('POST', `/users/${userId}/${verb}`)])),
    }
  }

  test('A141: nobody who is limited acts on an administrator, on an equal or on themselves, and each try is recorded', async () => {
    const equal = await signInAs(server, ['helper'])
    for (const target of [admin.user, helper.user, equal.user]) {
      for (const [what, attempt] of Object.entries(await attempts(helper.call, target.id))) {
        const before = await denials()
        const answer = await attempt()
        assert.deepEqual([what, answer.statusCode, (await denials()) - before], [what, 403, 1], answer.body)
      }
    }
    const [grant] = (await helper.call('GET', `/families?user_id=${admin.user.id}`)).json().items
    assert.equal((await helper.call('DELETE', `/families/${grant.id}`)).statusCode, 403)
    const user = await server.makeUser()
    const edited = await helper.call('PATCH', `/users/${user.id}`, { claims: { name: 'Ada' } }, ANY_VERSION)
    assert.equal(edited.statusCode, 200, edited.body)
  })

  test('A143: a session of another user than the one in the path is not there, nor is what nobody has', async () => {
    const [one, other] = [await signInAs(server, []), await signInAs(server, [])]
    const session = await sessionOf(helper.call, other.user.id)
    assert.equal((await helper.call('DELETE', `/users/${one.user.id}/sessions/${session}`)).statusCode, 404)
    assert.equal(await sessionOf(helper.call, other.user.id), session)
    const nobody = newId(server.deps.random, server.clock.now())
    for (const [method, path] of [
      ['GET', `/users/${nobody}`],
      ['GET', `/users/${nobody}/sessions`],
      ['DELETE', `/users/${nobody}`],
      ['DELETE', `/users/${one.user.id}/sessions/${nobody}`],
      ['DELETE', `/sessions/${nobody}`],
      ['DELETE', `/families/${nobody}`],
      ...POSTS.map((verb) => ['POST', `/users/${nobody}/${verb}`] as const),
    ] as const) {
      const answer = await helper.call(method, path)
      assert.deepEqual([path, answer.statusCode], [path, 404], answer.body)
    }
  })

  test('A143: a device of another user than the one in the path is not there', async () => {
    const [one, other] = [await signInAs(server, []), await signInAs(server, [])]
    const device = await deviceOf(other.user.id)
    for (const [method, path, body] of [
      ['PUT', `devices/${device}/posture`, { posture: 'noncompliant' }],
      ['DELETE', `devices/${device}`, undefined],
    ] as const) {
      assert.equal((await helper.call(method, `/users/${one.user.id}/${path}`, body)).statusCode, 404)
      assert.equal((await helper.call(method, `/users/${admin.user.id}/${path}`, body)).statusCode, 403)
      assert.ok([200, 204].includes((await helper.call(method, `/users/${other.user.id}/${path}`, body)).statusCode))
    }
    assert.deepEqual(await server.deps.store.knownDevices.list(other.user.id), [])
  })

  test('A145: fields that are not for the caller to set are refused, and nothing of the rest is done', async () => {
    const user = await server.makeUser()
    const extra = { roles: ['administrator'], is_admin: true, mfa: false, id: user.id, tenant: 'x', password_hash: 'x' }
    for (const [field, value] of Object.entries({ ...extra, epoch: 0, state: 'enabled', permissions: ['*'] })) {
      const made = await admin.call('POST', '/users', { username: 'mallory', [field]: value })
      const changed = await admin.call(
        'PATCH',
        `/users/${user.id}`,
        { username: 'mallory', [field]: value },
        ANY_VERSION,
      )
      for (const answer of [made, changed]) {
        assert.deepEqual([answer.statusCode, answer.json().errors], [400, [{ field, message: 'is not known here' }]])
      }
    }
    const password = await admin.call('PATCH', `/users/${user.id}`, { password: PASSWORD }, ANY_VERSION)
    assert.equal(password.statusCode, 400)
    const claims = await admin.call('PATCH', `/users/${user.id}`, { claims: { sub: 'x', roles: ['x'] } }, ANY_VERSION)
    assert.equal(claims.statusCode, 400)
    assert.equal(await server.deps.store.users.find({ username: 'mallory' }), undefined)
  })

  test('A147: a new address is not verified unless that is said, and no address is verified that is not there', async () => {
    const user = await server.makeUser()
    const patch = async (body: object) => await admin.call('PATCH', `/users/${user.id}`, body, ANY_VERSION)
    assert.equal((await patch({ email: user.email.toUpperCase() })).json().email_verified, true)
    assert.equal((await patch({ email: `new.${user.email}` })).json().email_verified, false)
    assert.equal((await patch({ email: user.email })).json().email_verified, false)
    assert.equal((await patch({ email: user.email, email_verified: true })).json().email_verified, true)
    assert.equal((await patch({ email: null, email_verified: true })).statusCode, 400)
    assert.equal((await patch({ email: null })).json().email_verified, false)
    for (const wrong of ['true', 1, [true], {}]) assert.equal((await patch({ email_verified: wrong })).statusCode, 400)
    const unverified = await admin.call('POST', '/users', { username: 'no_address', email_verified: true })
    assert.equal(unverified.statusCode, 400)
  })

  test('A148: who loses a role, or is disabled, may do nothing more, with the token that they have', async () => {
    const demoted = await apiAs(server, client, ['helper'])
    assert.equal((await demoted.call('GET', '/users')).statusCode, 200)
    await admin.call('DELETE', `/users/${demoted.user.id}/roles/helper`)
    assert.equal((await demoted.call('GET', '/users')).statusCode, 403)
    const disabled = await apiAs(server, client, ['helper'])
    assert.equal((await disabled.call('GET', '/users')).statusCode, 200)
    assert.equal((await admin.call('POST', `/users/${disabled.user.id}/disable`)).statusCode, 204)
    assert.equal((await disabled.call('GET', '/users')).statusCode, 401)
  })

  test('A149: no password, factor or token is in any answer or event', async () => {
    const secret = 'Unlikely-Phrase-77-Here!'
    const made = await admin.call('POST', '/users', { username: 'keeper', password: secret })
    const { id } = made.json()
    await beginSession(server, id, server.browser())
    const answers = await Promise.all(
      [`/users/${id}`, '/users?query=keeper', `/users/${id}/sessions`, `/families?user_id=${id}`].map((path) =>
        admin.call('GET', path),
      ),
    )
    const events = await server.deps.store.auditTrail.latest({ userId: id }, 50)
    const shown = JSON.stringify([made.body, ...answers.map(({ body }) => body), events, server.log])
    assert.doesNotMatch(shown, /Unlikely-Phrase|argon2|digest|ss_|sl_/)
  })

  test('A150: what is typed into a search is text, and a cursor is ours or refused', async () => {
    const corpus = ["' or 1=1 --", '%', '_', '\\', '%_\\', '";drop table "user"', '$.a', '{"a":1}', 'a\u0301', '😀']
    for (const query of corpus) {
      const answer = await admin.call('GET', `/users?query=${encodeURIComponent(query)}`)
      assert.deepEqual([query, answer.statusCode, answer.json().items], [query, 200, []])
    }
    assert.equal((await admin.call('GET', '/users?query=%00')).statusCode, 400)
    const forged = ['x', 'AAAA', Buffer.from('zzzz').toString('base64url'), "' or 1=1", '{"after":"a"}']
    for (const cursor of forged) {
      for (const list of ['/users', '/sessions', '/families']) {
        const answer = await admin.call('GET', `${list}?cursor=${encodeURIComponent(cursor)}`)
        assert.deepEqual([list, cursor, answer.statusCode], [list, cursor, 400])
      }
    }
    for (const query of ['sort=username', 'order_by=1', 'limit=0', 'limit=201', 'limit=x', 'state=all']) {
      assert.equal((await admin.call('GET', `/users?${query}`)).statusCode, 400, query)
    }
    const body = await admin.call('POST', '/users', { username: 'half', claims: { name: '\ud800' } })
    assert.equal(body.statusCode, 400)
  })

  test('A143 a form is not filled in for who may not read the user', async () => {
    await admin.call('POST', '/roles', { name: 'writer', permissions: ['users:write', 'roles:grant'] })
    const { browser } = await signInAs(server, ['writer'])
    const { id, email } = await server.makeUser()
    for (const page of ['edit', 'roles/new']) {
      const answer = await browser.get(`/admin/users/${id}/${page}`)
      assert.equal(answer.statusCode, 403, page)
      assert.ok(!answer.body.includes(email), page)
    }
  })
})
