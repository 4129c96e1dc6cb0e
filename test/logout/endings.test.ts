import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { accountEvent, administrationEvent, signedOut } from '../../src/telemetry/audit.ts'
import { LOOPBACK, NEW_PASSWORD, newestLink } from '../mail/mails.ts'
import { type BrowserSession, formsOf } from '../support/browser-session.ts'
import {
  claimsIn,
  ENGINE_NAMES,
  obtainCode,
  obtainTokens,
  startServer,
  type TestClient,
  type TestServer,
} from '../support/server.ts'
import { deliver, logoutsOf, type Receiver, startReceiver } from './receiver.ts'

const FROM = { requestId: 'r', address: '198.51.100.0/24', userAgent: 'x' } as const

for (const engine of ENGINE_NAMES) {
  suite(`who is told that a session has ended, on ${engine}`, () => {
    let server: TestServer
    let receiver: Receiver
    let clients: { readonly a: TestClient; readonly b: TestClient; readonly silent: TestClient }
    before(async () => {
      receiver = await startReceiver()
      server = await startServer(LOOPBACK, engine)
      const register = (name: string) => server.register({ backchannel_logout_uri: receiver.uriOf(name) })
      await register('never')
      clients = { a: await register('a'), b: await register('b'), silent: await server.register({}) }
    })
    after(async () => {
      await server.close()
      await receiver.close()
    })

    type User = Awaited<ReturnType<TestServer['makeUser']>>
    const sessionIn = (tokens: { readonly id_token: string }) => String(claimsIn(tokens.id_token).sid)

    /** A user in two browsers: in the first at `a`, twice, at `b` and at one that takes no tokens; in the second at `a`. */
    async function signedIn() {
      const user = await server.makeUser()
      const first = await obtainTokens(server, clients.a, user)
      for (const client of [clients.a, clients.b, clients.silent]) {
        await obtainTokens(server, client, user, {}, first.browser)
      }
      const second = await obtainTokens(server, clients.a, user)
      return {
        user,
        browser: first.browser,
        idToken: first.tokens.id_token,
        one: sessionIn(first.tokens),
        two: sessionIn(second.tokens),
      }
    }
    type SignedIn = Awaited<ReturnType<typeof signedIn>>

    const operated = ({ id: userId }: User) => administrationEvent(server.deps, 'user.changed', 'operator', { userId })
    const newPassword = async () => {
      const hashed = await server.deps.passwords.hash(NEW_PASSWORD)
      assert.ok(hashed !== 'busy')
      return hashed
    }
    async function post(browser: BrowserSession, path: string, form: Record<string, string>, page = path) {
      const { csrf = '' } = formsOf((await browser.get(page)).body).find(({ action }) => action === path)?.fields ?? {}
      const answer = await browser.post(path, { ...form, csrf })
      assert.ok(answer.statusCode < 400, answer.body)
    }

    type Ending = (at: SignedIn) => Promise<unknown>
    const ofOne: Record<string, Ending> = {
      'sign-out as the app asks for it': ({ browser, idToken }) =>
        browser.get(`/logout?id_token_hint=${idToken}`, { fromElsewhere: true }),
      'sign-out by the page that asks': async ({ browser }) =>
        await browser.submit(await browser.get('/logout', { fromElsewhere: true }), { decision: 'allow' }),
      'sign-out on the account pages': ({ browser }) => post(browser, '/account/sign-out', {}, '/account'),
      'a device that its owner signs out': async ({ user, one }) => {
        const other = (await obtainTokens(server, clients.silent, user)).browser
        await post(other, '/account/sessions', { do: 'end', id: one })
      },
      'a session that an operator ends': ({ user, one }) =>
        server.deps.store.sessions.end(one, signedOut(server.deps, FROM, user.id, one)),
    }
    const ofAll: Record<string, Ending> = {
      'sign-out everywhere by its owner': ({ browser }) => post(browser, '/account/sessions', { do: 'end-all' }),
      'sign-out everywhere by an operator': ({ user }) =>
        server.deps.store.users.signOutEverywhere(user.id, operated(user)),
      'a password that an operator sets': async ({ user }) =>
        await server.deps.store.users.changePassword(user.id, await newPassword(), operated(user)),
      'a password that was reset by mail': async ({ user }) => {
        const browser = server.browser()
        await browser.submit(await browser.get('/forgot-password'), { login: user.email })
        const link = await newestLink(server.deps, user.email, 'reset-password')
        await browser.submit(await browser.get(link), { password: NEW_PASSWORD })
      },
      'a user who is disabled': ({ user }) => server.deps.store.users.setDisabled(user.id, true, operated(user)),
      'a user who is deleted': ({ user }) => server.deps.store.users.remove(user.id, operated(user)),
      'an account that its owner deletes': ({ user, browser }) =>
        post(browser, '/account/delete', { username: user.username, password: user.password }),
    }

    for (const [name, end] of Object.entries(ofOne)) {
      test(`${name}: each app of that session, once (OIDC Back-Channel Logout 1.0 §2.5)`, async () => {
        const at = await signedIn()
        await end(at)
        await end(at).catch(() => undefined) // a second time it has ended already
        await deliver(server)
        assert.deepEqual(receiver.told(), [`a ${at.one}`, `b ${at.one}`])
        await deliver(server)
        assert.deepEqual(receiver.told(), [])
      })
    }
    for (const [name, end] of Object.entries(ofAll)) {
      test(`${name}: each app of each session, once (OIDC Back-Channel Logout 1.0 §2.5)`, async () => {
        const at = await signedIn()
        await end(at)
        await end(at).catch(() => undefined)
        await deliver(server)
        assert.deepEqual(receiver.told(), [`a ${at.one}`, `a ${at.two}`, `b ${at.one}`].sort())
      })
    }

    test('a password that its owner changes: the apps of every other session (design.md §4.4)', async () => {
      const at = await signedIn()
      const keep = { id: at.one, strictDigest: digestOf('strict'), laxDigest: digestOf('lax') }
      const place = { userId: at.user.id, sessionId: at.one, from: FROM }
      const change = async () =>
        await server.deps.store.account.changePassword(
          at.user.id,
          await newPassword(),
          keep,
          accountEvent(server.deps, 'password.changed', place),
          [],
        )
      await change()
      await change()
      await deliver(server)
      assert.deepEqual(receiver.told(), [`a ${at.two}`])
      await server.deps.store.users.signOutEverywhere(at.user.id, operated(at.user))
      await deliver(server)
      assert.deepEqual(receiver.told(), [`a ${at.one}`, `b ${at.one}`], 'the one that was kept, once it ends too')
    })

    test('endings that meet tell of each session once (design.md §4.4)', async () => {
      const at = await signedIn()
      const { sessions, account, users } = server.deps.store
      const endings = Array.from({ length: 5 }, () => [
        sessions.end(at.one, signedOut(server.deps, FROM, at.user.id, at.one)),
        account.endSession(at.user.id, at.two, signedOut(server.deps, FROM, at.user.id, at.two)),
        users.signOutEverywhere(at.user.id, operated(at.user)),
        users.setDisabled(at.user.id, true, operated(at.user)),
      ])
      await Promise.all(endings.flat())
      await users.remove(at.user.id, operated(at.user))
      await deliver(server)
      assert.deepEqual(receiver.told(), [`a ${at.one}`, `a ${at.two}`, `b ${at.one}`].sort())
    })

    test('an app that has its code and not yet its tokens is told, since it may be about to have them (§2.5)', async () => {
      const user = await server.makeUser()
      const { browser } = await obtainCode(server, clients.b, user)
      await post(browser, '/account/sign-out', {}, '/account')
      await deliver(server)
      assert.deepEqual(
        receiver.told().map((line) => line.split(' ')[0]),
        ['b'],
      )
    })

    test('a session that was idle for long is told of when it ends, for its grants lived on (design.md §4.7)', async () => {
      const at = await signedIn()
      server.clock.advance(4000)
      await server.deps.store.users.signOutEverywhere(at.user.id, operated(at.user))
      await deliver(server)
      assert.equal(receiver.told().length, 3)
    })

    test('a user who is enabled, another user, an app that is disabled: nobody is told (§2.5)', async () => {
      const at = await signedIn()
      const another = await signedIn()
      const off = await server.register({ backchannel_logout_uri: receiver.uriOf('off') })
      await obtainTokens(server, off, at.user, {}, at.browser)
      const event = administrationEvent(server.deps, 'client.disabled', 'operator', { clientId: off.clientId })
      await server.deps.store.clients.setDisabled(off.clientId, true, event)
      await server.deps.store.users.setDisabled(at.user.id, true, operated(at.user))
      await deliver(server)
      assert.equal(
        receiver.told().some((line) => line.startsWith('off') || line.endsWith(another.one)),
        false,
      )
      await server.deps.store.users.setDisabled(at.user.id, false, operated(at.user))
      await deliver(server)
      assert.deepEqual(receiver.told(), [])
      assert.equal((await logoutsOf(server, at.user.id)).length, 3)
      assert.deepEqual(await logoutsOf(server, another.user.id), [])
    })
  })
}
