import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { newId } from '../../src/base/random.ts'
import { LOOPBACK, mailsTo, newestLink, topicsFor } from '../mail/mails.ts'
import { type AdminCall, apiAs, beginSession, registerAdminClient } from '../support/administrator.ts'
import { PASSWORD, startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('the admin API: users (design.md §8)', () => {
  let server: TestServer
  let client: TestClient
  let call: AdminCall
  before(async () => {
    server = await startServer(LOOPBACK)
    client = await registerAdminClient(server)
    call = (await apiAs(server, client, ['administrator'])).call
  })
  after(() => server.close())

  const anyVersion = { 'if-match': '*' }
  const latest = async (type: string) => (await server.deps.store.auditTrail.latest({ type }, 1))[0]
  const items = async (path: string) => {
    const answer = await call('GET', path)
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json<{
      items: { id: string; username: string; state: string; roles: string[] }[]
      next_cursor?: string
    }>()
  }

  test('a user is made with a password by the policy, found again, and can sign in', async () => {
    const weak = await call('POST', '/users', { username: 'x', email: 'nobody', password: 'short' })
    assert.deepEqual(
      [weak.statusCode, weak.json().errors.map(({ field }: { field: string }) => field)],
      [400, ['username', 'email', 'password']],
    )
    const fields = { username: 'grace', email: 'grace@mail.example', password: PASSWORD, claims: { name: 'Grace' } }
    const key = { 'idempotency-key': 'grace' }
    const made = await call('POST', '/users', fields, key)
    assert.equal(made.statusCode, 201, made.body)
    const { id, claims, email_verified: isVerified } = made.json()
    assert.deepEqual(
      [made.headers.location, claims, isVerified],
      [`/admin/api/v1/users/${id}`, { name: 'Grace' }, false],
    )
    assert.equal((await call('POST', '/users', fields, key)).json().id, id)
    const taken = await call('POST', '/users', { ...fields, username: 'Grace' })
    assert.deepEqual([taken.statusCode, taken.json().errors], [409, [{ field: 'username', message: 'is taken' }]])
    const read = await call('GET', `/users/${id}`)
    assert.deepEqual([read.headers.etag, read.body], [made.headers.etag, made.body])
    assert.doesNotMatch(read.body, /argon2|phc|Correct-Horse/)
    assert.deepEqual(await topicsFor(server.deps, fields.email), ['verify-email'])
    const event = await latest('user.created')
    assert.deepEqual([event?.user_id, event?.detail.by], [id, 'administrator'])
    const browser = server.browser()
    const signIn = await browser.follow(await browser.get('/account'))
    const page = await browser.follow(await browser.submit(signIn, { username: 'grace', password: PASSWORD }))
    assert.equal(page.statusCode, 200)
  })

  test('a user without a password sets one by the link that is mailed to them', async () => {
    const made = await call('POST', '/users', { username: 'linus', email: 'linus@mail.example' })
    const { id } = made.json()
    assert.equal(made.json().password_changed_at, null)
    assert.equal((await call('POST', `/users/${id}/send-reset`)).statusCode, 204)
    assert.match(await newestLink(server.deps, 'linus@mail.example', 'reset-password'), /\/reset-password\?token=/)
    for (let again = 0; again < 4; again += 1) await call('POST', `/users/${id}/send-reset`)
    assert.equal((await call('POST', `/users/${id}/send-reset`)).statusCode, 409)
    assert.equal((await latest('user.reset_sent'))?.user_id, id)
  })

  test('who is invited gets a link by mail, and the answer does not hold it', async () => {
    const answer = await call('POST', '/invitations', { email: 'guest@mail.example' })
    assert.deepEqual([answer.statusCode, answer.json().mailed, answer.json().url], [201, true, undefined], answer.body)
    const [mail] = await mailsTo(server.deps, 'guest@mail.example')
    assert.match(mail?.text ?? '', /\/signup\?invitation=in_/)
    const known = await server.makeUser()
    assert.equal((await call('POST', '/invitations', { email: known.email.toUpperCase() })).statusCode, 409)
  })

  test('users are found by how their name or address begins, by role and by state, page by page', async () => {
    for (const letter of ['a', 'b', 'c']) {
      await call('POST', '/users', { username: `paged_${letter}`, email: `${letter}.paged@mail.example` })
    }
    const first = await items('/users?query=Paged_&limit=2')
    assert.deepEqual(
      first.items.map(({ username }) => username),
      ['paged_a', 'paged_b'],
    )
    const cursor = encodeURIComponent(first.next_cursor ?? '')
    const second = await items(`/users?query=Paged_&limit=2&cursor=${cursor}`)
    assert.deepEqual([second.items.map(({ username }) => username), second.next_cursor], [['paged_c'], undefined])
    assert.equal((await call('GET', `/users?query=Other&limit=2&cursor=${cursor}`)).statusCode, 400)
    assert.deepEqual(
      (await items('/users?query=b.paged%40')).items.map(({ username }) => username),
      ['paged_b'],
    )
    assert.deepEqual((await items('/users?query=paged%25')).items, [])
    const reader = await server.makeUser(['reader'])
    assert.deepEqual(
      (await items('/users?role=reader')).items.map(({ username }) => username),
      [reader.username],
    )
    await call('POST', `/users/${reader.id}/disable`)
    assert.deepEqual(
      (await items('/users?state=disabled')).items.map(({ username }) => username),
      [reader.username],
    )
  })

  test('a profile is changed from the version that was seen; a new address is not verified, and both are told', async () => {
    const user = await server.makeUser()
    const read = await call('GET', `/users/${user.id}`)
    const version = { 'if-match': String(read.headers.etag) }
    const moved = `moved.${user.email}`
    const changed = await call(
      'PATCH',
      `/users/${user.id}`,
      { email: moved, claims: { nickname: 'A', name: null } },
      version,
    )
    assert.deepEqual(
      [changed.statusCode, changed.json().email, changed.json().email_verified, changed.json().claims],
      [200, moved, false, { nickname: 'A' }],
      changed.body,
    )
    assert.equal((await call('PATCH', `/users/${user.id}`, { claims: {} }, version)).statusCode, 412)
    assert.equal((await call('PATCH', `/users/${user.id}`, { claims: {} })).statusCode, 428)
    for (const address of [user.email, moved]) {
      assert.deepEqual(
        (await mailsTo(server.deps, address)).map(({ topic }) => topic),
        ['email-changed'],
      )
    }
    const event = await latest('user.updated')
    assert.deepEqual(event?.detail, {
      fields: ['email', 'email_verified', 'name', 'nickname'],
      before: { email_verified: true },
      after: { email_verified: false },
    })
    const [told] = await server.deps.store.auditTrail.latest({ type: 'user.updated', userId: user.id }, 1)
    assert.deepEqual(told?.personal, {
      before: { email: user.email, email_verified: true, name: 'Ada Example' },
      after: { email: moved, email_verified: false, nickname: 'A' },
    })
    await server.deps.store.auditChain.eraseSubject(user.id)
    const [erased] = await server.deps.store.auditTrail.latest({ type: 'user.updated', userId: user.id }, 1)
    assert.equal(erased?.personal, null, 'it stood beside the sealed event')
    assert.equal(erased?.address, told?.address, 'which is that of the administrator')
    const other = await server.makeUser()
    const taken = await call('PATCH', `/users/${other.id}`, { email: moved.toUpperCase() }, anyVersion)
    assert.equal(taken.statusCode, 409)
    const gone = await call('PATCH', `/users/${other.id}`, { email: null }, anyVersion)
    assert.deepEqual([gone.json().email, gone.json().email_verified], [null, false])
  })

  test('of two who change the same version, or want the same name, one is told to look again (RFC 9110 §13.1.1)', async () => {
    const [user, other] = [await server.makeUser(), await server.makeUser()]
    const version = { 'if-match': String((await call('GET', `/users/${user.id}`)).headers.etag) }
    const both = await Promise.all(
      ['a', 'b'].map((nickname) => call('PATCH', `/users/${user.id}`, { claims: { nickname } }, version)),
    )
    assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [200, 412])
    const renamed = await Promise.all(
      [user, other].map(({ id }) => call('PATCH', `/users/${id}`, { username: 'wanted_by_two' }, anyVersion)),
    )
    assert.deepEqual(renamed.map(({ statusCode }) => statusCode).sort(), [200, 409])
  })

  test('a user is disabled, enabled, signed out, unlocked, parted from their factors and deleted, each told once', async () => {
    const user = await server.makeUser()
    await beginSession(server, user.id, server.browser())
    const sessions = async () => (await items(`/users/${user.id}/sessions`)).items.length
    assert.equal(await sessions(), 1)
    assert.equal((await call('POST', `/users/${user.id}/reset-factors`)).statusCode, 204)
    assert.deepEqual([await sessions(), (await call('GET', `/users/${user.id}`)).json().factors], [0, 0])
    assert.deepEqual(await topicsFor(server.deps, user.email), ['factor-removed'])
    for (const verb of ['sign-out', 'unlock', 'disable', 'disable']) {
      assert.equal((await call('POST', `/users/${user.id}/${verb}`)).statusCode, 204)
    }
    assert.equal((await call('POST', `/users/${user.id}/send-reset`)).statusCode, 409)
    assert.equal((await call('GET', `/users/${user.id}`)).json().state, 'disabled')
    assert.equal((await call('POST', `/users/${user.id}/enable`)).statusCode, 204)
    assert.equal((await call('DELETE', `/users/${user.id}`)).statusCode, 204)
    assert.equal((await call('GET', `/users/${user.id}`)).statusCode, 404)
    assert.deepEqual(await topicsFor(server.deps, user.email), ['factor-removed', 'account-deleted'])
    const told = (await server.deps.store.auditTrail.latest({ userId: user.id }, 20)).map(({ type }) => type)
    assert.deepEqual(told.slice(-5), [
      'user.factors_reset',
      'user.signed_out_everywhere',
      'user.disabled',
      'user.enabled',
      'user.deleted',
    ])
  })

  test('an inventory states the posture of a device, with an end to compliance', async () => {
    const user = await server.makeUser()
    const { sessionId } = await beginSession(server, user.id, server.browser())
    const id = newId(server.deps.random, server.clock.now())
    await server.deps.store.knownDevices.remember(user.id, sessionId, { id, digest: digestOf(id), name: 'Laptop' })
    const path = `/users/${user.id}/devices`
    assert.equal((await call('PUT', `${path}/${id}/posture`, { posture: 'compliant' })).statusCode, 400)
    const until = new Date(server.clock.now().getTime() + 86_400_000).toISOString()
    const stated = { posture: 'compliant', posture_until: until }
    assert.equal((await call('PUT', `${path}/${id}/posture`, stated)).statusCode, 200)
    const [device] = (await call('GET', path)).json().items
    assert.deepEqual([device.name, device.posture, device.posture_until], ['Laptop', 'compliant', until])
    const [factor] = (await call('GET', `/users/${user.id}/factors`)).json().items
    assert.deepEqual(Object.keys(factor).sort(), ['created_at', 'id', 'kind', 'last_used_at', 'name'])
    assert.deepEqual((await latest('device.posture_set'))?.detail, {
      device: id,
      before: { posture: null, until: null },
      after: { posture: 'compliant', until },
    })
    assert.equal((await call('DELETE', `${path}/${id}`)).statusCode, 204)
    assert.deepEqual((await call('GET', path)).json().items, [])
  })

  test('the last administrator stays, and what is worth the most needs a fresh sign-in', async () => {
    const [only] = (await items('/users?role=administrator')).items
    const id = only?.id
    const last = await call('DELETE', `/users/${id}`)
    assert.deepEqual([last.statusCode, last.json().type], [409, 'urn:postern:problem:last-administrator'])
    assert.equal((await call('POST', `/users/${id}/disable`)).statusCode, 409)
    server.clock.advance(301)
    assert.equal((await call('POST', `/users/${id}/reset-factors`)).statusCode, 401)
    assert.equal((await call('DELETE', `/users/${id}`)).statusCode, 401)
  })
})
