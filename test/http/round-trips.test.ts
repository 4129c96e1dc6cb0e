import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { statementsDuring } from '../support/back-channel.ts'
import {
  answerIn,
  authorizeUrl,
  codeForm,
  obtainCode,
  obtainTokens,
  pkce,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  userinfoStatus,
} from '../support/server.ts'

suite('what a request spends in the database (design.md §9)', () => {
  let server: TestServer
  let spa: TestClient
  let backend: TestClient
  let machine: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    spa = await server.register({})
    backend = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    machine = await server.register({
      grant_types: ['client_credentials'],
      scope: '',
      token_endpoint_auth_method: 'client_secret_basic',
    })
    user = await server.makeUser(['reader'])
  })
  after(() => server.close())

  const ownToken = () => server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
  const introspect = (token: string) => server.post('/introspect', { token }, { authorization: backend.basic })

  /** Lets a node read what it remembers for five seconds: clients, resources, origins, keys. */
  async function warm() {
    server.clock.advance(6) // so that what was remembered half a minute ago does not end in the middle of a count
    await server.app.inject('/jwks')
    for (const client of [spa, backend]) await server.deps.directory.client(client.clientId)
    await ownToken()
    await server.deps.directory.resources()
  }

  async function spends(most: number, work: () => Promise<unknown>) {
    await warm()
    const sent = await statementsDuring(work)
    assert.ok(sent.length <= most, `${sent.length} statements:\n${sent.join('\n')}`)
  }
  const good = async (answer: Promise<{ statusCode: number; body: string }>) => {
    const { statusCode, body } = await answer
    assert.equal(statusCode, 200, body)
  }

  test('client credentials spend nothing', async () => {
    await ownToken() // notes that the secret was used, once in an hour
    await spends(0, () => good(ownToken()))
  })

  test('a refresh, its retry and a replay spend one statement each', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    await spends(1, () => good(refresh(server, spa, tokens.refresh_token)))
    await spends(1, () => good(refresh(server, spa, tokens.refresh_token)))
    server.clock.advance(60)
    await spends(1, () => refresh(server, spa, tokens.refresh_token))
  })

  test('a code exchange spends two statements at most', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    await spends(2, () => good(server.post('/token', codeForm(spa, code, verifier))))
  })

  test('userinfo and introspection spend one statement', async () => {
    const { tokens } = await obtainTokens(server, backend, user)
    await introspect(tokens.access_token)
    await spends(1, () => userinfoStatus(server, tokens.access_token))
    await spends(1, () => good(introspect(tokens.access_token)))
    await spends(1, () => good(introspect(tokens.refresh_token)))
  })

  test('a token that is not ours, or is over, spends nothing', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    server.clock.advance(901)
    await introspect('x')
    await spends(0, () => userinfoStatus(server, tokens.access_token))
    await spends(0, () => introspect(tokens.access_token))
    await spends(0, () => introspect('a.b.c'))
    await spends(0, () => refresh(server, spa, 'a.b.c'))
  })

  test('keys and metadata spend nothing', async () => {
    await spends(0, () => good(server.app.inject('/jwks')))
    await spends(0, () => good(server.app.inject('/.well-known/openid-configuration')))
  })

  test('an authorization with a live session and a remembered consent spends three statements at most', async () => {
    const { browser } = await obtainCode(server, spa, user)
    await spends(3, async () => {
      const answer = await browser.get(authorizeUrl(spa, pkce().challenge), { fromElsewhere: true })
      assert.ok(answerIn(answer.headers.location).code)
    })
  })

  test('a sign-in by password spends six statements at most, and three more lead to the code', async () => {
    const browser = server.browser()
    const page = await browser.follow(await browser.get(authorizeUrl(spa, pkce().challenge), { fromElsewhere: true }))
    let hub = ''
    await spends(6, async () => {
      const answer = await browser.submit(page, { username: user.username, password: user.password })
      assert.equal(answer.statusCode, 303)
      hub = String(answer.headers.location)
    })
    await spends(3, async () => {
      assert.ok(answerIn((await browser.get(hub)).headers.location).code)
    })
  })
})
