// Every change that administrators can make is in the audit, by whom and how it was; and no secret is there, or anywhere else.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { digestOf } from '../../../src/base/digest.ts'
import { newId } from '../../../src/base/random.ts'
import { OPERATIONS } from '../../../src/http/admin-api/operations.ts'
import { newestLink } from '../../mail/mails.ts'
import { apiAs, beginSession, callWith, registerAdminClient, signInAs } from '../../support/administrator.ts'
import { obtainTokens, startServer, type TestClient, type TestServer } from '../../support/server.ts'

const SECRET_PASSWORD = 'Unlikely-Phrase-77-Here!'
const MACHINE = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: '' }
const ANY = { 'if-match': '*' }
const RESOURCE = `/resources/${encodeURIComponent('https://r.example/api')}`
/** What only looks, or hands out nothing that stays. */
const UNRECORDED = ['verifyAudit']

/** What a browser and a proxy say of themselves, to be read by people and by spreadsheets. */
const FORGED = {
  'user-agent': '=HYPERLINK("https://evil.example")\t<script>alert(1)</script> \u0085 "; drop table audit_event; --',
  'x-forwarded-for': '=1+1, <img src=x>, 203.0.113.9',
  'x-request-id': '=cmd|calc',
  forwarded: 'for="_evil<script>"',
  'accept-language': '=1+1',
}

suite('the journal of the administration', () => {
  let server: TestServer
  let client: TestClient
  let admin: Awaited<ReturnType<typeof apiAs>>
  /** Everything that nobody may find anywhere. */
  const secrets = new Map<string, string>()
  const said: string[] = []
  before(async () => {
    server = await startServer({ SMTP_URL: 'smtp://localhost:1' })
    client = await registerAdminClient(server)
    admin = await apiAs(server, client, ['administrator'])
    server.clock.advance(700) // so that the next key may sign
    admin = await apiAs(server, client, ['administrator'])
    secrets.set('access token', admin.token)
  })
  after(() => server.close())

  async function call(...[method, path, body, headers]: Parameters<typeof admin.call>) {
    const answer = await admin.call(method, path, body, { ...FORGED, ...headers })
    assert.ok(answer.statusCode < 300, `${method} ${path}: ${answer.statusCode} ${answer.body}`)
    return answer
  }

  /** An administrator whose token is signed by the key that signs now, as soon as the node knows it. */
  async function signedByTheNewKey(): Promise<void> {
    server.clock.advance(60)
    admin = await apiAs(server, client, ['administrator'])
  }

  /** Somebody with everything that a user can have. */
  async function person() {
    const { user, browser } = await signInAs(server, [])
    const { sessionId } = await beginSession(server, user.id, browser)
    const { tokens } = await obtainTokens(server, await server.register({}), user, {}, browser)
    for (const [name, value] of Object.entries(tokens)) {
      if (String(value).length > 20 && name !== 'scope') secrets.set(`${name} of ${user.username}`, String(value))
    }
    for (const [name, { value }] of browser.cookies) secrets.set(`${name} of ${user.username}`, value)
    const device = newId(server.deps.random, server.clock.now())
    await server.deps.store.knownDevices.remember(user.id, sessionId, {
      id: device,
      digest: digestOf(device),
      name: 'Phone',
    })
    const [family] = (await admin.call('GET', `/families?user_id=${user.id}`)).json().items
    return { ...user, path: `/users/${user.id}`, sessionId, device, family: String(family.id) }
  }

  test('every operation that changes something is in the audit, with who did it and what it was before (A141)', async () => {
    const one = await person()
    const [second, third, fourth, fifth] = [await person(), await person(), await person(), await person()]
    const { path } = one
    let secretId = ''
    let kid = ''
    const steps: Record<string, () => Promise<unknown>> = {
      createUser: () => call('POST', '/users', { username: 'keeper', password: SECRET_PASSWORD }),
      inviteUser: () => call('POST', '/invitations', { email: 'guest@mail.example' }),
      updateUser: () => call('PATCH', path, { claims: { name: 'Eve' } }, ANY),
      setDevicePosture: () => call('PUT', `${path}/devices/${one.device}/posture`, { posture: 'noncompliant' }),
      removeDevice: () => call('DELETE', `${path}/devices/${one.device}`),
      sendPasswordReset: async () => {
        await call('POST', `${path}/send-reset`)
        const link = await newestLink(server.deps, one.email, 'reset-password')
        secrets.set('reset link', new URL(link, server.config.issuer).searchParams.get('token') ?? '')
      },
      unlockUser: async () => {
        await server.database.db
          .insertInto('guessing')
          .values({
            user_id: one.id,
            password_changed_at: server.clock.now(),
            failures: 100,
            closed_at: server.clock.now(),
          })
          .execute()
        await call('POST', `${path}/unlock`)
      },
      createRole: () => call('POST', '/roles', { name: 'clerk', permissions: ['users:read'] }),
      updateRole: () => call('PATCH', '/roles/clerk', { require_mfa: true }, ANY),
      grantRole: () => call('PUT', `${path}/roles/clerk`, { reason: 'why not' }),
      revokeRole: () => call('DELETE', `${path}/roles/clerk`),
      deleteRole: () => call('DELETE', '/roles/clerk'),
      revokeFamily: () => call('DELETE', `/families/${one.family}`),
      endSessionOfUser: () => call('DELETE', `${path}/sessions/${one.sessionId}`),
      endSession: () => call('DELETE', `/sessions/${second.sessionId}`),
      signOutUser: () => call('POST', `${third.path}/sign-out`),
      resetFactors: () => call('POST', `${fourth.path}/reset-factors`),
      disableUser: () => call('POST', `${fifth.path}/disable`),
      enableUser: () => call('POST', `${fifth.path}/enable`),
      deleteUser: () => call('DELETE', fifth.path),
      createResource: () => call('POST', '/resources', { identifier: 'https://r.example/api', scopes: { r: '' } }),
      updateResource: () => call('PATCH', RESOURCE, { scopes_by_role: true }, ANY),
      deleteResource: () => call('DELETE', RESOURCE),
      createClient: async () => {
        const made = await call('POST', '/clients', { client_id: 'machine', ...MACHINE }, { 'idempotency-key': 'k' })
        secrets.set('client secret', made.json().client_secret)
      },
      addClientSecret: async () => {
        const made = (await call('POST', '/clients/machine/secrets', undefined, { 'idempotency-key': 'k' })).json()
        secrets.set('second client secret', made.client_secret)
        secretId = made.id
      },
      removeClientSecret: () => call('DELETE', `/clients/machine/secrets/${secretId}`),
      updateClient: () => call('PATCH', '/clients/machine', { client_name: 'M' }, ANY),
      disableClient: () => call('POST', '/clients/machine/disable'),
      enableClient: () => call('POST', '/clients/machine/enable'),
      endGrantsOfClient: () => call('POST', '/clients/machine/end-grants'),
      deleteClient: () => call('DELETE', '/clients/machine'),
      rotateKeys: async () => {
        const { items } = (await admin.call('GET', '/keys')).json()
        kid = items.find(({ state }: { state: string }) => state === 'current').kid
        await call('POST', '/keys/rotate')
      },
      dropKey: () => call('DELETE', `/keys/${kid}`),
    }
    const changing = OPERATIONS.filter(({ method, id }) => method !== 'GET' && !UNRECORDED.includes(id)).map(
      ({ id }) => id,
    )
    assert.deepEqual([...Object.keys(steps), 'replaceKeyAtOnce'].sort(), [...changing].sort())
    for (const [id, step] of Object.entries(steps)) {
      if (id === 'dropKey') await signedByTheNewKey()
      const before = (await server.audited()).length
      await step()
      const actor = `user:${admin.user.id}`
      const events = await server.deps.store.auditTrail.latest({ actor }, 1)
      assert.ok((await server.audited()).length > before, `${id} leaves no event`)
      const event = events.at(-1)
      assert.ok(event?.request_id && event.session_id && event.address, `${id}: ${JSON.stringify(event)}`)
      if (/^(?:update|grant|revokeR|setDevice|disableU|enableU)/.test(id)) {
        const { before: was, after: is } = event.detail as { before?: unknown; after?: unknown }
        assert.ok(was !== undefined || is !== undefined, `${id}: ${JSON.stringify(event.detail)}`)
      }
    }
    const emergency = await admin.call('POST', '/keys/emergency')
    assert.equal(emergency.statusCode, 200, emergency.body)
    assert.ok((await server.audited()).includes('key.emergency'))
  })

  test('what was secret stands nowhere: in no table, log line, list, page or export (A149)', async () => {
    await signedByTheNewKey()
    secrets.set('password', SECRET_PASSWORD)
    for (const { path, method } of OPERATIONS) {
      if (method === 'GET' && !path.includes(':')) said.push((await call('GET', path)).body)
    }
    for (const name of ['users', 'clients', 'resources', 'audit', 'keys', 'deliveries', 'sessions']) {
      said.push((await admin.browser.get(`/admin/${name}`)).body, (await admin.browser.get(`/admin/${name}.csv`)).body)
    }
    const { db } = server.database
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'`.execute(
      db,
    )
    for (const { name } of rows) {
      said.push(JSON.stringify((await sql`select t::text as row from ${sql.table(name)} t`.execute(db)).rows))
    }
    said.push(...server.log)
    assert.ok(secrets.size > 10 && said.join('').length > 50_000)
    for (const [what, secret] of secrets) {
      const forms = [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      ]
      const found = said.filter((text) => forms.some((form) => text.includes(form)))
      assert.deepEqual(
        found.map((text) => text.slice(0, 300)),
        [],
        what,
      )
    }
  })

  test('what a browser or a proxy says of itself is text to people, to spreadsheets and to programs (A151)', async () => {
    const stranger = callWith(server, admin.token)
    for (let index = 0; index < 3; index++) await stranger('POST', '/users', { username: '' }, FORGED)
    await stranger('PATCH', `/users/${admin.user.id}`, { claims: { name: '=1+1<script>' } }, { ...FORGED, ...ANY })
    const lines = (await admin.call('GET', '/audit/export')).body.trimEnd().split('\n')
    for (const line of lines) assert.ok(JSON.parse(line).id, line)
    const csv = (await admin.browser.get('/admin/audit.csv')).body
    for (const cell of csv.split(/\r\n|,/)) assert.doesNotMatch(cell, /^"?[=+@\t\r]/)
    assert.doesNotMatch(csv, /203\.0\.113|img src/)
    for (const page of ['/admin/audit', '/admin']) {
      assert.doesNotMatch((await admin.browser.get(page)).body, /<script>alert|<img src=x/)
    }
    for (const line of server.log) assert.ok(!line.trimEnd().includes('\n') && JSON.parse(line))
  })

  test('whom the administration turns away is recorded, at the API as at the console (A141)', async () => {
    await admin.call('POST', '/roles', { name: 'reader', permissions: ['roles:read'] })
    const { call, browser, user } = await apiAs(server, client, ['reader'])
    const denials = async () =>
      (await server.deps.store.auditTrail.latest({ type: 'administration.denied', userId: user.id }, 50)).length
    for (const [what, attempt] of Object.entries({
      api: () => call('GET', '/users'),
      page: () => browser.get('/admin/users'),
      export: () => browser.get('/admin/audit.csv'),
      form: () => browser.post('/admin/roles', { name: 'x' }),
    })) {
      const before = await denials()
      const { statusCode } = await attempt()
      assert.deepEqual([what, statusCode, (await denials()) - before], [what, 403, 1])
    }
  })
})
