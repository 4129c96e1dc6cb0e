import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { addSeconds } from '../../src/base/numeric-date.ts'
import type { ClientMetadata } from '../../src/protocol/client-metadata.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import {
  answerIn,
  authorizeUrl,
  codeForm,
  credentialsOf,
  ENGINE_NAMES,
  obtainCode,
  pkce,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

const INSIDE = '198.51.100.20'
const OUTSIDE = '203.0.113.20'
const NETWORK = '198.51.100.0/24'

for (const engine of ENGINE_NAMES) {
  suite(`the access policy on ${engine}`, () => {
    let server: TestServer
    let app: TestClient
    before(async () => {
      server = await startServer({}, engine)
      app = await server.register({ first_party: true })
    })
    after(() => server.close())

    const register = (metadata: Partial<ClientMetadata>) => server.register({ first_party: true, ...metadata })

    /** The answer to an authorization request of somebody who is signed in. */
    async function authorize(browser: BrowserSession, client: TestClient, headers: Record<string, string> = {}) {
      const response = await browser.get(authorizeUrl(client, pkce().challenge), { fromElsewhere: true, headers })
      return answerIn((await browser.follow(response)).headers.location)
    }
    async function token(form: Record<string, string>, client: TestClient, remoteAddress: string) {
      const response = await server.app.inject({
        method: 'POST',
        url: '/token',
        remoteAddress,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...credentialsOf(client) },
        payload: new URLSearchParams(form).toString(),
      })
      return { status: response.statusCode, body: response.json<Partial<Tokens> & { error?: string }>() }
    }
    const redeem = (client: TestClient, { code, verifier }: { code: string; verifier: string }, address: string) =>
      token(codeForm(client, code, verifier), client, address)
    const refresh = (client: TestClient, refreshToken: string | undefined, address: string) =>
      token(
        { grant_type: 'refresh_token', refresh_token: refreshToken ?? '', client_id: client.clientId },
        client,
        address,
      )
    /** Why the policy denied something to a user, oldest first. */
    async function denials(userId: string): Promise<readonly string[]> {
      const rows = await server.database.db
        .selectFrom('audit_event')
        .select('reason')
        .where('type', '=', 'policy.denied')
        .where('user_id', '=', userId)
        .orderBy('at')
        .execute()
      return rows.map(({ reason }) => reason ?? '')
    }
    async function signedIn(address = INSIDE) {
      const user = await server.makeUser()
      const browser = server.browser(address)
      await obtainCode(server, app, user, {}, browser)
      const [device] = await server.deps.store.knownDevices.list(user.id)
      assert.ok(device)
      return { user, browser, device }
    }
    const state = (id: string, posture: string, seconds: number) =>
      server.deps.store.knownDevices.setPosture(
        id,
        posture,
        addSeconds(server.clock.now(), seconds),
        administrationEvent(server.deps, 'device.posture_set', 'operator', {}),
      )

    test('a client that asks for a compliant device gets nobody on any other, and each denial is recorded (A119)', async () => {
      const strict = await register({ require_compliant_device: true })
      const { user, browser, device } = await signedIn()
      assert.equal((await authorize(browser, strict)).error, 'access_denied') // nothing is stated of it
      await state(device.id, 'noncompliant', 3600)
      assert.equal((await authorize(browser, strict)).error, 'access_denied')
      await state(device.id, 'compliant', -1)
      assert.equal((await authorize(browser, strict)).error, 'access_denied')
      await state(device.id, 'compliant', 3600)
      assert.ok((await authorize(browser, strict)).code)
      await server.deps.store.knownDevices.remove(
        device.id,
        administrationEvent(server.deps, 'device.removed', 'operator', {}),
      )
      assert.equal((await authorize(browser, strict)).error, 'access_denied')
      assert.deepEqual(await denials(user.id), [
        'device not compliant',
        'device not compliant',
        'posture not fresh',
        'device not known',
      ])
    })

    test('a device that only a header names is none, and another user’s device is none of this one’s (A119)', async () => {
      const strict = await register({ require_compliant_device: true })
      const compliant = await signedIn()
      await state(compliant.device.id, 'compliant', 3600)
      const { user, browser } = await signedIn()
      for (const name of ['x-device-id', 'x-device-posture', 'x-client-device'])
        assert.equal((await authorize(browser, strict, { [name]: compliant.device.id })).error, 'access_denied')
      assert.equal((await denials(user.id)).length, 3)
      // The same browser, and so the same secret, under another account.
      const other = await server.makeUser()
      await obtainCode(server, app, other, { prompt: 'login' }, compliant.browser)
      assert.equal((await authorize(compliant.browser, strict)).error, 'access_denied')
      assert.deepEqual(await denials(other.id), ['device not compliant'])
    })

    test('when its posture is no longer fresh a device gets no more tokens, and its grant waits for the next statement', async () => {
      const strict = await register({ require_compliant_device: true })
      const { user, browser, device } = await signedIn()
      await state(device.id, 'compliant', 300)
      const obtained = await obtainCode(server, strict, user, {}, browser)
      await state(device.id, 'compliant', -1)
      assert.equal((await redeem(strict, obtained, INSIDE)).body.error, 'invalid_grant')
      await state(device.id, 'compliant', 300)
      const first = await redeem(strict, obtained, INSIDE)
      assert.equal(first.status, 200)
      await state(device.id, 'compliant', -1)
      for (let call = 0; call < 3; call++)
        assert.equal((await refresh(strict, first.body.refresh_token, INSIDE)).body.error, 'invalid_grant')
      await state(device.id, 'compliant', 300)
      const second = await refresh(strict, first.body.refresh_token, INSIDE)
      assert.equal(second.status, 200)
      assert.equal((await refresh(strict, second.body.refresh_token, INSIDE)).status, 200)
      assert.deepEqual(await denials(user.id), Array(4).fill('posture not fresh'))
    })

    for (const { who, client, roles } of [
      { who: 'a client', client: { allowed_networks: [NETWORK] }, roles: [] },
      { who: 'a role of the user', client: {}, roles: ['insider'] },
    ]) {
      test(`the networks of ${who} hold at sign-in, at code exchange and at refresh, and end nothing (A120)`, async () => {
        await server.deps.store.roles.put(
          { name: 'insider', description: '', allowedNetworks: [NETWORK] },
          administrationEvent(server.deps, 'role.put', 'operator', {}),
        )
        const restricted = await register(client)
        const user = await server.makeUser()
        await server.deps.store.userRoles.set(
          user.id,
          roles,
          'operator',
          administrationEvent(server.deps, 'user.roles_changed', 'operator', {}),
        )
        await assert.rejects(obtainCode(server, restricted, user, {}, server.browser(OUTSIDE)), /error=access_denied/)
        await assert.rejects(
          obtainCode(server, restricted, user, {}, server.browser('2001:db8::1')),
          /error=access_denied/,
        )
        const obtained = await obtainCode(server, restricted, user, {}, server.browser(`::ffff:${INSIDE}`))
        const denied = await redeem(restricted, obtained, OUTSIDE)
        assert.deepEqual([denied.status, denied.body.error], [400, 'invalid_grant'])
        const first = await redeem(restricted, obtained, INSIDE)
        assert.equal(first.status, 200)
        for (const address of [OUTSIDE, '198.51.101.20', '::1'])
          assert.equal((await refresh(restricted, first.body.refresh_token, address)).body.error, 'invalid_grant')
        const second = await refresh(restricted, first.body.refresh_token, `::ffff:${INSIDE}`)
        assert.equal(second.status, 200)
        const retried = await refresh(restricted, first.body.refresh_token, INSIDE)
        assert.equal(retried.body.refresh_token, second.body.refresh_token)
        assert.equal((await refresh(restricted, first.body.refresh_token, OUTSIDE)).body.error, 'invalid_grant')
        const third = await refresh(restricted, second.body.refresh_token, INSIDE)
        assert.equal(third.status, 200)
        assert.deepEqual(await denials(user.id), Array(7).fill('network not allowed'))

        // A token that was used before is evidence from anywhere: the family is over. RFC 9700 §4.14.2
        assert.equal((await refresh(restricted, first.body.refresh_token, OUTSIDE)).body.error, 'invalid_grant')
        assert.equal((await refresh(restricted, third.body.refresh_token, INSIDE)).body.error, 'invalid_grant')
        assert.equal((await denials(user.id)).length, 7)
      })
    }

    test('fifty refreshes at once from outside and inside: those outside get nothing, and the family lives on', async () => {
      const restricted = await register({ allowed_networks: [NETWORK] })
      const user = await server.makeUser()
      const obtained = await obtainCode(server, restricted, user, {}, server.browser(INSIDE))
      const first = await redeem(restricted, obtained, INSIDE)
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const address = index % 2 === 0 ? INSIDE : OUTSIDE
          return { address, ...(await refresh(restricted, first.body.refresh_token, address)) }
        }),
      )
      for (const { address, status } of answers) assert.equal(status, address === INSIDE ? 200 : 400)
      const successors = new Set(answers.flatMap(({ body }) => body.refresh_token ?? []))
      assert.equal(successors.size, 1)
      assert.equal((await refresh(restricted, [...successors][0], INSIDE)).status, 200)
    })

    test('a client’s own token is had in its networks alone (A120)', async () => {
      const machine = await server.register({
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_basic',
        scope: '',
        allowed_networks: [NETWORK],
      })
      const form = { grant_type: 'client_credentials' }
      assert.equal((await token(form, machine, INSIDE)).status, 200)
      const denied = await token(form, machine, OUTSIDE)
      assert.deepEqual([denied.status, denied.body.error], [403, 'access_denied'])
      const rows = await server.database.db
        .selectFrom('audit_event')
        .select(['reason', 'actor'])
        .where('type', '=', 'policy.denied')
        .where('client_id', '=', machine.clientId)
        .execute()
      assert.deepEqual(rows, [{ reason: 'network not allowed', actor: `client:${machine.clientId}` }])
    })

    test('the networks of a role hold at the account pages too (A120)', async () => {
      const { user } = await signedIn()
      await server.deps.store.userRoles.set(
        user.id,
        ['insider'],
        'operator',
        administrationEvent(server.deps, 'user.roles_changed', 'operator', {}),
      )
      const browser = server.browser(OUTSIDE)
      let page = await browser.follow(await browser.get('/account'))
      page = await browser.follow(await browser.submit(page, { username: user.username, password: user.password }))
      assert.equal(page.statusCode, 403)
      assert.deepEqual(await denials(user.id), ['network not allowed'])
    })
  })
}
