import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type AdminCall, apiAs, registerAdminClient, signInAs } from '../support/administrator.ts'
import {
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../support/server.ts'

interface Listed {
  readonly items: readonly { readonly id: string; readonly user_id: string; readonly state?: string }[]
  readonly next_cursor?: string
}

suite('the admin API: sessions and families (design.md §8)', () => {
  let server: TestServer
  let client: TestClient
  let call: AdminCall
  before(async () => {
    server = await startServer()
    client = await server.register({})
    call = (await apiAs(server, await registerAdminClient(server), ['administrator'])).call
  })
  after(() => server.close())

  async function list(path: string) {
    const answer = await call('GET', path)
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json<Listed>()
  }

  test('sessions are listed newest first, page by page, and one that is ended is over with its grants', async () => {
    const { user, browser } = await signInAs(server, [])
    const { tokens } = await obtainTokens(server, client, user, {}, browser)
    const second = await signInAs(server, [])
    const page = await list('/sessions?limit=1')
    assert.deepEqual(
      page.items.map((one) => one.user_id),
      [second.user.id],
    )
    const next = await list(`/sessions?limit=1&cursor=${encodeURIComponent(page.next_cursor ?? '')}`)
    assert.deepEqual(
      next.items.map((one) => one.user_id),
      [user.id],
    )
    const [session] = (await list(`/sessions?user_id=${user.id}`)).items
    assert.deepEqual(
      (await list(`/users/${user.id}/sessions`)).items.map(({ id }) => id),
      [session?.id],
    )
    assert.equal((await call('DELETE', `/users/${user.id}/sessions/${session?.id}`)).statusCode, 204)
    assert.equal((await call('DELETE', `/sessions/${session?.id}`)).statusCode, 404)
    assert.deepEqual((await list(`/users/${user.id}/sessions`)).items, [])
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'session.ended' }, 1)
    assert.deepEqual([event?.user_id, event?.detail], [user.id, { session: session?.id }])
  })

  test('families are listed by user, client and state without a token of theirs, and one that is revoked is refused', async () => {
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, client, user, { scope: 'openid offline_access', prompt: 'consent' })
    const answer = await call('GET', `/families?user_id=${user.id}&client_id=${client.clientId}&state=live`)
    const [family] = answer.json<Listed>().items
    assert.doesNotMatch(answer.body, /jti|kid|previous/)
    assert.equal((await call('DELETE', `/families/${family?.id}`)).statusCode, 204)
    assert.deepEqual((await list(`/families?user_id=${user.id}&state=live`)).items, [])
    assert.deepEqual(
      (await list(`/families?user_id=${user.id}`)).items.map(({ state }) => state),
      ['ended'],
    )
    assert.equal((await refresh(server, client, tokens.refresh_token)).statusCode, 400)
    const [event] = await server.deps.store.auditTrail.latest({ type: 'family.revoked' }, 1)
    assert.deepEqual([event?.user_id, event?.client_id, event?.family_id], [user.id, client.clientId, family?.id])
    assert.deepEqual(event?.detail, { before: { revoked: false }, after: { revoked: true } })
  })
})
