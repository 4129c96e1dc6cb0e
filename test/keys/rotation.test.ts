import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, suite, test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { loadConfig } from '../../src/config/config.ts'
import { openDeps } from '../../src/deps.ts'
import { rotateSigningKeys } from '../../src/jobs/rotate-keys.ts'
import { dropRetiredKey, replaceKeyAtOnce, rotateKeys } from '../../src/keys/rotate.ts'
import { WrongMasterKey } from '../../src/keys/sealing.ts'
import { keyRing } from '../../src/keys/signing-keys.ts'
import { anotherNode, refusal } from '../support/back-channel.ts'
import {
  claimsIn,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../support/server.ts'

const REMEMBERED = 6 // seconds after which a node has read its keys again

suite('signing keys', () => {
  let server: TestServer
  let spa: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    spa = await server.register({})
    user = await server.makeUser()
  })
  after(() => server.close())

  const jwks = async (node = server) => (await node.app.inject('/jwks')).json<{ keys: Record<string, string>[] }>().keys
  const kidsIn = async (node = server) => (await jwks(node)).map(({ kid }) => kid)
  const kidOf = (token: string) => decodeProtectedHeader(token).kid
  const keys = () => server.database.db.selectFrom('signing_key').selectAll().orderBy('created_at').execute()
  const keyIn = async (state: string) => (await keys()).find((key) => key.state === state)!
  const publish = () => server.clock.advance(610)
  const rotate = async (node = server) => {
    publish()
    const rotation = await rotateKeys(node.deps, 'operator')
    assert.equal(rotation.outcome, 'rotated')
    server.clock.advance(REMEMBERED)
  }
  beforeEach(() => publish())

  test('one key signs and the next is published beside it, in public members only (RFC 7517 §5, design.md §3)', async () => {
    assert.deepEqual((await keys()).map(({ state }) => state).sort(), ['current', 'next'])
    const published = await jwks()
    assert.equal(published.length, 2)
    for (const key of published) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
      assert.deepEqual([key.kty, key.alg, key.use, key.e], ['RSA', 'RS256', 'sig', 'AQAB'])
      assert.equal(Buffer.from(key.n!, 'base64url').length, 256)
    }
    assert.equal(kidOf((await obtainTokens(server, spa, user)).tokens.access_token), (await keyIn('current')).kid)
  })

  test('the key set is everybody’s, for ten minutes, and is told by its tag (RFC 7517 §5, protocol.md)', async () => {
    const answers = await Promise.all(['/jwks', '/.well-known/jwks.json'].map((url) => server.app.inject(url)))
    assert.equal(answers[0]!.body, answers[1]!.body)
    for (const { headers } of answers) {
      assert.equal(headers['cache-control'], 'public, max-age=600')
      assert.equal(headers['access-control-allow-origin'], '*')
      assert.match(String(headers['content-type']), /^application\/json/)
    }
    const etag = String(answers[0]!.headers.etag)
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await server.app.inject({ url: '/jwks', headers: { 'if-none-match': tag } })
      assert.deepEqual(
        [again.statusCode, again.body, again.headers.etag, again.headers['cache-control']],
        [304, '', etag, 'public, max-age=600'],
      )
    }
    assert.equal((await server.app.inject({ url: '/jwks', headers: { 'if-none-match': '"x"' } })).statusCode, 200)
    await rotate()
    assert.equal((await server.app.inject({ url: '/jwks', headers: { 'if-none-match': etag } })).statusCode, 200)
  })

  test('a key signs only after every validator can have read it (design.md §3)', async () => {
    await rotate() // the key after is made now
    const { kid } = await keyIn('next')
    assert.ok((await kidsIn()).includes(kid))
    server.clock.advance(590)
    const early = await rotateKeys(server.deps, 'operator')
    assert.equal(early.outcome, 'too-young')
    if (early.outcome !== 'too-young') return
    assert.ok(early.waitSeconds >= 1 && early.waitSeconds <= 20)
    assert.equal((await keyIn('next')).kid, kid)
    server.clock.advance(early.waitSeconds)
    assert.deepEqual(await rotateKeys(server.deps, 'operator'), { outcome: 'rotated', kid })
  })

  test('after a rotation the new key signs, and what the old one signed is good to its end (design.md §3)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const old = await keyIn('current')
    await rotate()
    assert.equal(await userinfoStatus(server, tokens.access_token), 200)
    const second = (await refresh(server, spa, tokens.refresh_token)).json<Tokens>()
    assert.equal(kidOf(second.access_token), (await keyIn('current')).kid)
    assert.notEqual(kidOf(second.access_token), old.kid)
    assert.ok((await kidsIn()).includes(old.kid))
    assert.ok((await server.audited()).includes('key.rotated'))
  })

  test('a retired key’s private half is forgotten after half an hour, its public one after the last token (design.md §3)', async () => {
    const old = await keyIn('current')
    const { tokens } = await obtainTokens(server, spa, user)
    await rotate()
    const privateHalf = async () => (await keys()).find(({ kid }) => kid === old.kid)?.private_key
    await rotateSigningKeys.run(server.deps)
    assert.ok(await privateHalf())
    server.clock.advance(1800)
    await rotateSigningKeys.run(server.deps)
    assert.equal(await privateHalf(), null)
    server.clock.advance(604_800 - 1800 - 20 - REMEMBERED - 610)
    await rotateSigningKeys.run(server.deps)
    assert.equal((await refresh(server, spa, tokens.refresh_token)).statusCode, 200) // nearly seven days on
    server.clock.advance(2 * 86_400)
    await rotateSigningKeys.run(server.deps)
    server.clock.advance(REMEMBERED)
    assert.equal(await privateHalf(), undefined)
    assert.ok(!(await kidsIn()).includes(old.kid))
  })

  test('a retry whose key is forgotten is signed by the current one (design.md §4.2)', async () => {
    const patient = await server.register({
      token_endpoint_auth_method: 'client_secret_basic',
      refresh_retry_seconds: 1800,
    })
    const { tokens } = await obtainTokens(server, patient, user)
    const second = (await refresh(server, patient, tokens.refresh_token)).json<Tokens>()
    await rotate()
    await server.database.db
      .updateTable('signing_key')
      .set({ private_key: null })
      .where('state', '=', 'retired')
      .execute()
    server.clock.advance(REMEMBERED)
    const again = (await refresh(server, patient, tokens.refresh_token)).json<Tokens>()
    assert.deepEqual(claimsIn(again.refresh_token), claimsIn(second.refresh_token))
    assert.equal((await refresh(server, patient, again.refresh_token)).statusCode, 200)
  })

  test('a key rotates by itself when it is old enough, and not before (design.md §3)', async () => {
    await rotate()
    const { kid } = await keyIn('current')
    server.clock.advance(89 * 86_400)
    await rotateSigningKeys.run(server.deps)
    assert.equal((await keyIn('current')).kid, kid)
    server.clock.advance(86_400)
    await rotateSigningKeys.run(server.deps)
    assert.notEqual((await keyIn('current')).kid, kid)
  })

  test('two nodes that rotate at once rotate once (A185)', async () => {
    await rotate()
    publish()
    const other = await anotherNode(server)
    try {
      const { kid } = await keyIn('next')
      const outcomes = await Promise.all(
        [server, other, server, other].map((node) => rotateKeys(node.deps, 'operator')),
      )
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'rotated').length, 1)
      assert.equal((await keyIn('current')).kid, kid)
      assert.deepEqual(
        (await keys())
          .filter(({ state }) => state !== 'retired')
          .map(({ state }) => state)
          .sort(),
        ['current', 'next'],
      )
      server.clock.advance(REMEMBERED)
      assert.deepEqual(await kidsIn(other), await kidsIn())
      const { tokens } = await obtainTokens(server, spa, user)
      assert.equal(await userinfoStatus(other, tokens.access_token), 200)
      await Promise.all([server, other].map((node) => replaceKeyAtOnce(node.deps, 'operator')))
      assert.equal((await keys()).filter(({ state }) => state === 'current').length, 1)
    } finally {
      await other.close()
    }
  })

  test('a node that has not heard of a rotation yet signs what every node takes (A185)', async () => {
    await rotate()
    const other = await anotherNode(server)
    try {
      await other.app.inject('/jwks')
      publish()
      await other.app.inject('/jwks')
      await rotateKeys(server.deps, 'operator')
      const late = (await obtainTokens(other, spa, user)).tokens
      server.clock.advance(REMEMBERED)
      for (const node of [server, other]) assert.equal(await userinfoStatus(node, late.access_token), 200)
      const early = (await refresh(server, spa, late.refresh_token)).json<Tokens>()
      for (const node of [server, other]) assert.equal(await userinfoStatus(node, early.access_token), 200)
    } finally {
      await other.close()
    }
  })

  test('in an emergency what the key signed is refused at once, and no family ends for it (design.md §3)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const { gone, kid } = await replaceKeyAtOnce(server.deps, 'operator')
    assert.equal(gone, kidOf(tokens.access_token))
    server.clock.advance(REMEMBERED)
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
    assert.ok(!(await kidsIn()).includes(gone) && (await kidsIn()).includes(kid))
    const family = await server.database.db
      .selectFrom('refresh_family')
      .select('revoked_at')
      .where('id', '=', String(claimsIn(tokens.access_token).fid))
      .executeTakeFirstOrThrow()
    assert.equal(family.revoked_at, null)
    assert.equal(await userinfoStatus(server, (await obtainTokens(server, spa, user)).tokens.access_token), 200)
    assert.ok((await server.audited()).includes('key.emergency'))
  })

  test('a node finds a key that it does not know within a second, so an emergency elsewhere refuses nobody (design.md §3)', async () => {
    const clock = { at: new Date(), now: () => clock.at }
    const ring = keyRing({ clock, store: server.deps.store }, server.deps.custody)
    await ring.jwks()
    const { kid } = await replaceKeyAtOnce(server.deps, 'operator')
    assert.ok(await ring.publicKey(kid))
    const { kid: second } = await replaceKeyAtOnce(server.deps, 'operator')
    assert.equal(await ring.publicKey(second), undefined, 'it has just looked')
    clock.at = new Date(clock.at.getTime() + 1000)
    assert.ok(await ring.publicKey(second))
    server.clock.advance(REMEMBERED)
  })

  test('a retired key that leaked is dropped at once, and the current one signs on (design.md §3)', async () => {
    const { tokens } = await obtainTokens(server, spa, user)
    const kid = String(kidOf(tokens.access_token))
    assert.equal(await dropRetiredKey(server.deps, kid, 'operator'), false, 'it is the current one')
    server.clock.advance(700)
    await rotateKeys(server.deps, 'operator')
    assert.equal(await dropRetiredKey(server.deps, kid, 'operator'), true)
    server.clock.advance(REMEMBERED)
    assert.ok(!(await kidsIn()).includes(kid))
    assert.equal(refusal(await refresh(server, spa, tokens.refresh_token)), '400 invalid_grant')
    await obtainTokens(server, spa, user)
  })

  test('a ciphertext moved to another row does not open (design.md §2.6, A175)', async () => {
    const [current, next] = [await keyIn('current'), await keyIn('next')]
    const put = (kid: string, private_key: Buffer | null) =>
      server.database.db.updateTable('signing_key').set({ private_key }).where('kid', '=', kid).execute()
    await put(current.kid, next.private_key)
    try {
      server.clock.advance(REMEMBERED)
      const machine = await server.register({
        grant_types: ['client_credentials'],
        scope: '',
        token_endpoint_auth_method: 'client_secret_basic',
      })
      const answer = await server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
      assert.equal(refusal(answer), '500 server_error') // nothing is signed by another key than the row says
      assert.ok(server.log.some((line) => line.includes('does not open under the master key')))
    } finally {
      await put(current.kid, current.private_key)
      server.clock.advance(REMEMBERED)
    }
  })

  test('a wrong master key is refused at start, and nothing is changed (design.md §3)', async () => {
    const before = await keys()
    const config = loadConfig(
      {
        ISSUER: server.config.issuer,
        DATABASE_URL: server.config.databaseUrl!.reveal(),
        MASTER_KEY: randomBytes(32).toString('base64url'),
      },
      () => assert.fail('no file is read'),
    )
    await assert.rejects(openDeps({ config, log: server.deps.log, purpose: 'serve' }), WrongMasterKey)
    assert.deepEqual(await keys(), before)
  })

  test('no private half is in the database in the clear (design.md §2.6)', async () => {
    for (const { private_key, public_jwk } of await keys()) {
      if (private_key === null) continue
      assert.ok(!private_key.includes(Buffer.from((public_jwk as { n: string }).n, 'base64url'))) // PKCS#8 has the modulus
      assert.equal(private_key.readUInt8(0), 1)
    }
  })
})
