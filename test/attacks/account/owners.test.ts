import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import type { BrowserSession } from '../../support/browser-session.ts'
import { obtainTokens, startServer, type TestClient, type TestServer, userinfoStatus } from '../../support/server.ts'
import { enrol, FACTORS, isOverview, onlyFactor, withPassword } from '../codes/authenticator.ts'
import { arrive, closeClean, type TestUser } from '../front-channel.ts'

const NEVER = '01890000-0000-7000-8000-000000000000'

suite("what is another owner's, and what is nobody's to set", () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer()
    client = await server.register({})
  })
  after(() => closeClean(server))

  const csrfIn = ({ body }: LightMyRequestResponse): string => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
  /** Posts to a page of the account what no form of it holds, with the token of its forms. */
  const post = async (browser: BrowserSession, path: string, fields: Readonly<Record<string, string>>) =>
    await browser.post(path, { csrf: csrfIn(await browser.get(path)), ...fields })
  const auditedOf = async ({ id }: TestUser): Promise<readonly string[]> => {
    const rows = await server.database.db
      .selectFrom('audit_event')
      .select('type')
      .where('user_id', '=', id)
      .orderBy('id')
      .execute()
    return rows.map(({ type }) => type)
  }

  /** A person with a session, an authenticator, a begun one, recovery codes and an app; and a stranger who knows every id. */
  async function victimAndStranger() {
    const [victim, stranger] = [await server.makeUser(), await server.makeUser()]
    const { tokens, browser: theirs } = await obtainTokens(server, client, victim)
    await enrol(server, theirs, 'Mine alone')
    const { browser } = await withPassword(server, stranger)
    const factor = await onlyFactor(server, victim.id)
    const [session] = await server.deps.store.sessions.listOfUser(victim.id)
    assert.ok(session)
    return { victim, stranger, tokens, theirs, browser, factor, session: session.id }
  }

  test("A143 the id of another's session or app ends neither, and says no more than one that never was (OWASP API1)", async () => {
    const { victim, tokens, theirs, browser, session } = await victimAndStranger()
    const before = await auditedOf(victim)
    const answers = []
    for (const id of [session, NEVER, '', 'x', "' or 1=1", `${session}\n`, victim.id]) {
      const { statusCode, headers } = await post(browser, '/account/sessions', { do: 'end', id })
      answers.push([statusCode, headers.location])
    }
    assert.deepEqual(new Set(answers.map(String)), new Set(['303,/account/sessions']))
    await post(browser, '/account/apps', { do: 'revoke', id: client.clientId })
    await post(browser, '/account/apps', { do: 'revoke', id: client.clientId, user_id: victim.id, sub: victim.id })
    await post(browser, '/account/sessions', { do: 'end-all', id: session, user_id: victim.id })
    assert.ok(isOverview(await theirs.get('/account')))
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
    assert.match((await theirs.get('/account/apps')).body, /data-client/)
    assert.deepEqual(await auditedOf(victim), before)
  })

  test("A143 the id of another's authenticator renames and removes nothing, on the page or in JSON (OWASP API1)", async () => {
    const { victim, stranger, theirs, browser, factor } = await victimAndStranger()
    const { csrf_token: token } = (await browser.get('/account/totp')).json()
    for (const id of [factor, NEVER, 'x', `${factor} `, victim.id]) {
      for (const fields of [{ do: 'rename', name: 'Taken over' }, { do: 'remove' }]) {
        const answer = await post(browser, FACTORS, { ...fields, id, user_id: victim.id })
        assert.deepEqual([answer.statusCode, answer.headers.location], [303, FACTORS])
      }
      const confirmed = await browser.post(
        `/account/totp/${encodeURIComponent(id)}/confirm`,
        { code: '000000' },
        { 'x-csrf-token': token },
      )
      assert.equal(confirmed.json().error, 'invalid_request')
    }
    await deleteAs(browser, factor, token)
    assert.match((await theirs.get(FACTORS)).body, /Mine alone/)
    assert.equal(await onlyFactor(server, victim.id), factor)
    assert.equal((await auditedOf(stranger)).includes('factor.removed'), false)
    assert.equal((await auditedOf(stranger)).includes('factor.renamed'), false)
  })

  const deleteAs = (browser: BrowserSession, id: string, token: string) =>
    server.app.inject({
      method: 'DELETE',
      url: `/account/totp/${id}`,
      headers: {
        host: 'gate.example',
        origin: 'https://gate.example',
        'x-csrf-token': token,
        cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; '),
      },
    })

  test("A143 one's own begun authenticator is confirmed by nobody else, and by no other session (OWASP API1)", async () => {
    const owner = await server.makeUser()
    const { browser } = await withPassword(server, owner)
    const other = await withPassword(server, owner)
    const stranger = await withPassword(server, await server.makeUser())
    const { csrf_token: token } = (await browser.get('/account/totp')).json()
    const begun = (await browser.post('/account/totp', { name: 'Console' }, { 'x-csrf-token': token })).json()
    for (const each of [other.browser, stranger.browser]) {
      const { csrf_token: own } = (await each.get('/account/totp')).json()
      const path = `/account/totp/${begun.id}/confirm`
      assert.equal((await each.post(path, { code: '000000' }, { 'x-csrf-token': own })).statusCode, 400)
      assert.equal((await each.get('/account/second-factor/codes.txt')).statusCode, 404)
      const scan = await each.follow(await each.get('/account/second-factor/confirm'))
      assert.equal(scan.body.includes(begun.secret), false)
    }
  })

  test("A143 a person's data, recovery codes and pages are their own, whatever ids an address names (OWASP API1)", async () => {
    const { victim, stranger, browser } = await victimAndStranger()
    for (const path of ['/account', '/account/data.json', '/account/sessions', '/account/profile', '/account/totp']) {
      const query = new URLSearchParams({
        id: victim.id,
        user_id: victim.id,
        sub: victim.id,
        username: victim.username,
      })
      const answer = await browser.get(`${path}?${query}`)
      assert.equal(answer.statusCode, 200, path)
      for (const theirs of [victim.username, victim.email, 'Mine alone'])
        assert.equal(answer.body.includes(theirs), false)
    }
    assert.equal((await browser.get('/account/data.json')).json().user.sub, stranger.id)
    assert.equal((await browser.get(`/account/${victim.id}`)).statusCode, 404)
    assert.equal((await browser.get('/account/second-factor/codes.txt')).statusCode, 404)
  })

  test('A143 an account is deleted by its own name and password, and no other account by any (OWASP API1)', async () => {
    const { victim, stranger, browser } = await victimAndStranger()
    for (const fields of [
      { username: victim.username, password: victim.password },
      { username: victim.username, password: stranger.password },
      { username: stranger.username, password: 'not-the-Password-1!' },
      { username: stranger.username.toUpperCase(), password: stranger.password },
      { username: stranger.username, id: victim.id },
      {},
    ]) {
      assert.equal((await post(browser, '/account/delete', fields)).statusCode, 400)
    }
    for (const { id } of [victim, stranger]) assert.ok(await server.deps.store.users.find({ id }))
  })

  const EXTRA = {
    email: 'attacker@mail.example',
    email_verified: 'true',
    emailVerified: 'true',
    phone_number_verified: 'true',
    roles: 'administrator',
    'roles[]': 'administrator',
    is_admin: 'true',
    mfa: 'false',
    id: NEVER,
    sub: NEVER,
    username: 'administrator',
    password: 'Another-Horse-8-Staple!',
    password_hash: '$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA',
    epoch: '99',
    disabled_at: '',
    claims: '{"email_verified":true}',
    'claims[email_verified]': 'true',
    __proto__: 'x',
    constructor: 'x',
    website: 'https://evil.test',
    zoneinfo: 'Europe/Zurich',
  }

  test('A147 a profile takes four claims and drops what else is sent with them (OWASP API3)', async () => {
    const user = await server.makeUser(['reader'])
    const { browser } = await withPassword(server, user)
    await server.database.db.updateTable('user').set({ email_verified: false }).where('id', '=', user.id).execute()
    const before = await server.deps.store.users.find({ id: user.id })
    for (const path of [
      '/account/profile',
      '/account/sessions',
      '/account/apps',
      FACTORS,
      '/account/second-factor/new',
    ]) {
      assert.equal((await post(browser, path, { ...EXTRA, name: 'Grace' })).statusCode, 303, path)
    }
    const after = await server.deps.store.users.find({ id: user.id })
    assert.deepEqual({ ...after, claims: undefined }, { ...before, claims: undefined })
    assert.deepEqual(after?.claims, { name: 'Grace' })
    assert.ok(isOverview(await withPassword(server, user).then(({ page }) => page)))
  })

  test('A147 a new account has no role, no verified address and no claim that its form did not ask for (OWASP API3)', async () => {
    const browser = server.browser()
    const open = await server.register({})
    const form = await arrive(browser, open, { prompt: 'create' })
    const account = { username: 'plain_person', email: 'plain@mail.example', password: 'Correct-Horse-7-Staple!' }
    const [, action = ''] = /action="(\/signup[^"]*)"/.exec(form.body) ?? []
    const answer = await browser.post(action.replaceAll('&amp;', '&'), { csrf: csrfIn(form), ...EXTRA, ...account })
    assert.equal(answer.statusCode, 303, answer.body)
    const made = await server.deps.store.users.find({ login: account.username })
    assert.deepEqual([made?.emailVerified, made?.claims, made?.email], [false, {}, account.email])
    assert.notEqual(made?.id, NEVER)
    const data = (await browser.get('/account/data.json')).json()
    assert.deepEqual(data.roles, [])
  })

  test('A147 control characters and too much text leave a profile as one short line a claim (ASVS 2.2.1)', async () => {
    const user = await server.makeUser()
    const { browser } = await withPassword(server, user)
    await post(browser, '/account/profile', {
      name: `  a\r\nset-cookie: x=y\u202e\u200b${'b'.repeat(5000)}`,
      nickname: `x${'\ud83d\ude00'.repeat(150)}`, // the cut falls inside a character
    })
    const { claims } = (await server.deps.store.users.find({ id: user.id })) ?? {}
    assert.match(String(claims?.name), /^aset-cookie: x=yb+$/)
    assert.ok(String(claims?.name).length <= 200 && String(claims?.nickname).length <= 200)
    assert.ok(String(claims?.nickname).isWellFormed())
  })
})
