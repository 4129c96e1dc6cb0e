import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  codeForm,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

suite('families of refresh tokens', () => {
  let server: TestServer
  let spa: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    spa = await server.register({})
    user = await server.makeUser()
  })
  after(() => server.close())

  const begin = async (client = spa) => (await obtainTokens(server, client, user)).tokens
  const next = async (token: string, client = spa, more: Record<string, string> = {}) => {
    const answer = await refresh(server, client, token, more)
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json<Tokens>()
  }
  const fidOf = ({ access_token }: Pick<Tokens, 'access_token'>) => String(claimsIn(access_token).fid)
  const rowOf = async (tokens: Pick<Tokens, 'access_token'>) => {
    const row = await server.database.db
      .selectFrom('refresh_family')
      .selectAll()
      .where('id', '=', fidOf(tokens))
      .executeTakeFirst()
    return row!
  }
  const jtiOf = ({ refresh_token }: Tokens) => Buffer.from(String(claimsIn(refresh_token).jti), 'base64url')
  const sweepAll = async () => {
    while ((await server.deps.store.sweep.sweep()) > 0);
  }

  test('one code exchange founds one family, which its tokens name (design.md §4.1)', async () => {
    const tokens = await begin()
    const row = await rowOf(tokens)
    assert.equal(claimsIn(tokens.refresh_token).fid, row.id)
    assert.deepEqual(
      [row.client_id, row.user_id, row.jti, row.previous_jti],
      [spa.clientId, user.id, jtiOf(tokens), null],
    )
    assert.equal(Math.floor(row.rotated_at.getTime() / 1000), claimsIn(tokens.refresh_token).iat)
  })

  test('the family exists also where no refresh token is issued (design.md §4.1)', async () => {
    const once = await server.register({ grant_types: ['authorization_code'] })
    const { code, verifier } = await obtainCode(server, once, user)
    const tokens = (await server.post('/token', codeForm(once, code, verifier))).json<Tokens>()
    assert.equal(tokens.refresh_token, undefined)
    assert.equal((await rowOf(tokens)).jti, null)
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
  })

  test('no row is inactive (design.md §4.1)', async () => {
    const tokens = await begin()
    await server.database.db.deleteFrom('refresh_family').where('id', '=', fidOf(tokens)).execute()
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
  })

  test('a family is kept until its last access token has expired, and not for ever (design.md §4.1, §2.13)', async () => {
    const tokens = await begin()
    server.clock.advance(Number(claimsIn(tokens.refresh_token).exp) - server.clock.now().getTime() / 1000 - 2)
    const last = await next(tokens.refresh_token)
    server.clock.advance(10)
    await sweepAll()
    assert.equal(refusal(await refresh(server, spa, last.refresh_token)), '400 invalid_grant')
    assert.equal(await userinfoStatus(server, last.access_token), 200)
    server.clock.advance(2 * 86_400)
    await sweepAll()
    assert.equal(await rowOf(last), undefined)
  })

  test('rotation moves the row and keeps no used token (design.md §4.2, §2.3)', async () => {
    const first = await begin()
    server.clock.advance(2)
    const second = await next(first.refresh_token)
    const row = await rowOf(second)
    assert.deepEqual([row.jti, row.previous_jti, row.retries], [jtiOf(second), jtiOf(first), 0])
    assert.equal(Math.floor(row.rotated_at.getTime() / 1000), claimsIn(second.refresh_token).iat)
    assert.equal(fidOf(second), fidOf(first))
    await next((await next(second.refresh_token)).refresh_token)
    const { count } = await server.database.db
      .selectFrom('refresh_family')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('id', '=', fidOf(first))
      .executeTakeFirstOrThrow()
    assert.equal(count, 1)
    assert.doesNotMatch(JSON.stringify(await rowOf(first)), /eyJ/)
  })

  test('a retry gives the same successor byte for byte, a new access token, and leaves the row (design.md §4.2)', async () => {
    const first = await begin()
    const second = await next(first.refresh_token)
    const { retries: _, ...before } = await rowOf(second)
    server.clock.advance(29)
    const again = await next(first.refresh_token)
    const { retries, ...after } = await rowOf(second)
    assert.equal(again.refresh_token, second.refresh_token)
    assert.notEqual(again.access_token, second.access_token)
    assert.deepEqual(after, before)
    assert.equal(retries, 1)
  })

  test('a retry may ask for another part of the scope (design.md §4.2)', async () => {
    const first = await begin()
    const narrow = await next(first.refresh_token, spa, { scope: 'openid' })
    const other = await next(first.refresh_token, spa, { scope: 'openid email' })
    assert.deepEqual([narrow.scope, other.scope], ['openid', 'openid email'])
    assert.equal(other.refresh_token, narrow.refresh_token)
  })

  test('the window is a client’s own where it has one (design.md §4.2)', async () => {
    const patient = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      refresh_retry_seconds: 1800,
    })
    const first = await begin(patient)
    const second = await next(first.refresh_token, patient)
    server.clock.advance(1799)
    assert.equal((await next(first.refresh_token, patient)).refresh_token, second.refresh_token)
    server.clock.advance(1)
    assert.equal(refusal(await refresh(server, patient, first.refresh_token)), '400 invalid_grant')
  })

  test('a retry outlives the rotation of the signing key (design.md §4.2)', async () => {
    const first = await begin()
    const second = await next(first.refresh_token)
    await server.database.db
      .updateTable('signing_key')
      .set({ created_at: sql`created_at - interval '1 hour'` })
      .execute()
    const { rotateKeys } = await import('../../src/keys/rotate.ts')
    assert.equal((await rotateKeys(server.deps, 'operator')).outcome, 'rotated')
    server.clock.advance(6)
    const again = await next(first.refresh_token)
    assert.equal(again.refresh_token, second.refresh_token)
    const kids = [again.refresh_token, again.access_token].map(
      (token) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid,
    )
    assert.notEqual(kids[0], kids[1]) // the access token is signed by the new key
  })

  test('time that was set back is no time: the retry stands, and rotation never goes backwards (design.md §4.2)', async () => {
    const first = await begin()
    const second = await next(first.refresh_token)
    const { rotated_at } = await rowOf(second)
    server.clock.advance(-20)
    assert.equal((await next(first.refresh_token)).refresh_token, second.refresh_token)
    const third = await next(second.refresh_token)
    assert.equal((await rowOf(third)).rotated_at.getTime(), rotated_at.getTime())
    server.clock.advance(20)
    await next(third.refresh_token)
  })

  test('five retries in a row are an audit event, once (design.md §4.2)', async () => {
    const first = await begin()
    const second = await next(first.refresh_token)
    const events = async () => (await server.audited()).filter((type) => type === 'refresh_token.retried').length
    for (let retry = 1; retry <= 4; retry += 1) await next(first.refresh_token)
    assert.equal(await events(), 0)
    await next(first.refresh_token)
    await next(first.refresh_token)
    assert.equal(await events(), 1)
    assert.equal((await rowOf(await next(second.refresh_token))).retries, 0)
  })

  test('reuse revokes by its reason, and the first reason wins (design.md §4.2)', async () => {
    const late = await begin()
    await next(late.refresh_token)
    server.clock.advance(30)
    await refresh(server, spa, late.refresh_token)
    assert.equal((await rowOf(late)).revoked_reason, 'late-retry')

    const old = await begin()
    await next((await next(old.refresh_token)).refresh_token)
    await refresh(server, spa, old.refresh_token)
    const { revoked_at } = await rowOf(old)
    await refresh(server, spa, old.refresh_token)
    await server.post('/revoke', { token: old.refresh_token, client_id: spa.clientId })
    const row = await rowOf(old)
    assert.deepEqual([row.revoked_reason, row.revoked_at], ['reuse', revoked_at])
    const events = await server.database.db
      .selectFrom('audit_event')
      .select(['type', 'reason'])
      .where('family_id', '=', row.id)
      .execute()
    assert.deepEqual(
      events.filter(({ type }) => type !== 'code.issued' && type !== 'code.redeemed'),
      [{ type: 'refresh_token.reused', reason: 'reuse' }],
    )
  })

  test('a successful refresh writes no audit row (design.md §7)', async () => {
    const tokens = await begin()
    const before = (await server.audited()).length
    await next((await next(tokens.refresh_token)).refresh_token)
    assert.equal((await server.audited()).length, before)
  })

  test('a token younger than its row is refused with an alarm, and the family of the older one lives on (design.md §4.2)', async () => {
    const first = await begin()
    const saved = await rowOf(first)
    server.clock.advance(2)
    const lost = await next(first.refresh_token)
    const { jti, previous_jti, rotated_at, kid, token_expires_at } = saved // the database comes back from a copy
    await server.database.db
      .updateTable('refresh_family')
      .set({ jti, previous_jti, rotated_at, kid, token_expires_at })
      .where('id', '=', saved.id)
      .execute()
    const alarms = () => server.log.filter((line) => line.includes('"level":"error"') && line.includes(saved.id)).length
    assert.equal(refusal(await refresh(server, spa, lost.refresh_token)), '400 invalid_grant')
    assert.equal(alarms(), 1)
    assert.equal((await rowOf(first)).revoked_at, null)
    await next(first.refresh_token)
  })

  test('a token of no row at all is refused with an alarm (design.md §4.2)', async () => {
    const tokens = await begin()
    await server.database.db.deleteFrom('refresh_family').where('id', '=', fidOf(tokens)).execute()
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
    assert.ok(server.log.some((line) => line.includes('"level":"error"') && line.includes(fidOf(tokens))))
  })

  test('a refresh never ends a running access token (design.md §4.9)', async () => {
    const first = await begin()
    await next((await next(first.refresh_token)).refresh_token)
    assert.equal(await userinfoStatus(server, first.access_token), 200)
  })

  test('where a confidential client’s rotation is off, its one token stays (design.md §4.9)', async () => {
    const steady = await server.register({ token_endpoint_auth_method: 'client_secret_basic', refresh_rotation: false })
    const first = await begin(steady)
    const row = await rowOf(first)
    server.clock.advance(3600)
    const second = await next(first.refresh_token, steady)
    assert.equal(second.refresh_token, first.refresh_token)
    assert.deepEqual(await rowOf(first), row)
    assert.equal((await next(first.refresh_token, steady)).refresh_token, first.refresh_token)
  })

  test('roles and claims are read live at each mint (protocol.md, scopes and claims)', async () => {
    const { administrationEvent } = await import('../../src/telemetry/audit.ts')
    const event = administrationEvent(server.deps, 'user.roles', 'operator', {})
    const tokens = await begin()
    assert.deepEqual(claimsIn(tokens.access_token).roles, [])
    await server.deps.store.roles.put(
      { name: 'editor', description: '' },
      administrationEvent(server.deps, 'role.put', 'operator', {}),
    )
    await server.deps.store.userRoles.set(user.id, ['editor'], 'operator', event)
    assert.deepEqual(claimsIn((await next(tokens.refresh_token)).access_token).roles, ['editor'])
  })

  test('an ID token comes with each refresh, the same but for its times and without its nonce (OIDC Core §12.2)', async () => {
    const { tokens } = await obtainTokens(server, spa, user, { nonce: 'n' })
    server.clock.advance(100)
    const second = await next(tokens.refresh_token)
    const [{ nonce, iat, exp, at_hash, ...before }, { iat: iat2, exp: _, at_hash: at_hash2, ...after }] = [
      claimsIn(tokens.id_token),
      claimsIn(second.id_token),
    ]
    assert.equal(nonce, 'n')
    assert.deepEqual(after, before)
    assert.ok(iat2! >= iat! + 100 && exp! - iat! === 900)
    assert.notEqual(at_hash, at_hash2)
  })

  test('nothing that rotation changes is indexed, and its pages have room (design.md §4.10)', async () => {
    const { rows } = await sql<{
      indexdef: string
    }>`select indexdef from pg_indexes where tablename = 'refresh_family'`.execute(server.database.db)
    const columns = rows.map(({ indexdef }) => /\((.*)\)/.exec(indexdef)![1]).sort()
    assert.deepEqual(columns, ['client_id', 'expires_at', 'id', 'session_id', 'user_id'])
    const { rows: options } = await sql<{
      reloptions: string[]
    }>`select reloptions from pg_class where relname = 'refresh_family'`.execute(server.database.db)
    assert.deepEqual(options[0]!.reloptions, ['fillfactor=80'])
  })
})
