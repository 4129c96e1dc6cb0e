import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { type Digest, digestOf } from '../../src/base/digest.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import { Secret } from '../../src/base/secret.ts'
import { clientMetadata } from '../../src/protocol/client-metadata.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createStore, type Store } from '../../src/store/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { SignIn } from '../../src/store/sessions.ts'
import { type Break, type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts'
import { startPostgres } from '../support/postgres.ts'

const BREAKS: readonly Break[] = ['before', 'after']
const CLIENT = 'lost-answers'
const REDIRECT_URI = 'https://app.example/callback'

suite('a store function whose connection breaks does its work once, and says what came of it (design: unknown outcomes)', () => {
  let proxy: DatabaseProxy
  let database: Database
  let store: Store
  let discard: () => Promise<void>
  before(async () => {
    const { url, drop } = await (await startPostgres()).createDatabase()
    proxy = await startDatabaseProxy(url)
    database = openDatabase({ connection: { kind: 'url', url: new Secret(proxy.url) } })
    await migrate(database)
    store = createStore(database, { sessionIdleSeconds: 3600 })
    const policy = clientMetadata.parse({ client_id: CLIENT, redirect_uris: [REDIRECT_URI] })
    await store.clients.put(policy, event('client.put'))
    discard = async () => {
      await database.close()
      await proxy.close()
      await drop()
    }
  })
  after(() => discard())

  const id = () => newId(systemRandom, new Date())
  const bytes = () => randomBytes(16)
  const digest = (): Digest => digestOf(randomBytes(32).toString('hex'))
  const event = (type: string) => ({ id: id(), type, outcome: 'success', actor: 'operator' }) as const

  /** Calls the function while its connection breaks at the statement, and checks that the break came. */
  async function broken<T>(statement: RegExp, where: Break, call: () => Promise<T>): Promise<T> {
    let hasBroken = false
    const sprung = proxy.breakAt(statement, where).then(() => {
      hasBroken = true
    })
    const result = await call()
    assert.ok(hasBroken, 'the statement was never sent')
    await sprung
    return result
  }

  const lostEach = (name: string, run: (where: Break) => Promise<void>) =>
    test(name, async () => {
      for (const where of BREAKS) await run(where)
    })

  const newUser = () => {
    const username = `user_${randomBytes(6).toString('hex')}`
    const email = `${username}@mail.example`
    return { id: id(), username, email, emailVerified: false, claims: {}, password: undefined, roles: [] }
  }

  async function signedIn(): Promise<SignIn> {
    const user = newUser()
    await store.users.create(user, event('user.created'))
    const signIn = newSignIn(user.id)
    assert.equal(await store.sessions.signIn(signIn, undefined, event('session.started')), signIn.sessionId)
    return signIn
  }

  const newSignIn = (userId: string): SignIn => ({
    sessionId: id(),
    userId,
    userEpoch: 0,
    strictDigest: digest(),
    laxDigest: digest(),
    authTime: new Date(),
    acr: 'urn:postern:pwd',
    amr: ['pwd'],
    address: '127.0.0.0/24',
    userAgent: 'a test',
    maxSeconds: 3600,
    interactionId: undefined,
    device: undefined,
    isKnownDevice: false,
  })

  const newGrant = ({ userId, sessionId }: SignIn) => ({
    familyId: id(),
    clientId: CLIENT,
    userId,
    userEpoch: 0,
    sessionId,
    redirectUri: REDIRECT_URI,
    codeChallenge: null,
    scope: ['openid'],
    resources: [],
    nonce: null,
    claims: { userinfo: [], idToken: [], acrValues: [] },
    authTime: new Date(),
    acr: 'urn:postern:pwd',
    amr: ['pwd'],
  })

  const newBirth = () => ({
    attempt: bytes(),
    jti: bytes(),
    kid: 'a-key',
    lifetimeSeconds: 3600,
    idleSeconds: undefined,
    address: '198.51.100.0/24',
  })

  for (const [how, interactionId] of [
    ['at once', () => undefined],
    ['after pages', () => id()],
  ] as const) {
    lostEach(`a code that is issued ${how} can be redeemed`, async (where) => {
      const grant = newGrant(await signedIn())
      const code = digest()
      const issue = () => store.authorizationCodes.issue(code, interactionId(), grant, 60, event('code.issued'))
      assert.equal(await broken(/insert into authorization_code/, where, issue), true)
      assert.equal((await store.authorizationCodes.find(code))?.familyId, grant.familyId)
    })
  }

  lostEach('a code is spent by the call that spent it', async (where) => {
    const grant = newGrant(await signedIn())
    const code = digest()
    const birth = newBirth()
    await store.authorizationCodes.issue(code, undefined, grant, 60, event('code.issued'))
    const spend = () => store.authorizationCodes.spend(code, birth, event('code.redeemed'))
    const family = await broken(/insert into refresh_family/, where, spend)
    assert.deepEqual(family?.jti, birth.jti)
    assert.equal(await store.authorizationCodes.spend(code, newBirth(), event('code.redeemed')), undefined)
  })

  /** A family with the refresh token that it began with. */
  async function founded() {
    const grant = newGrant(await signedIn())
    const code = digest()
    const birth = newBirth()
    await store.authorizationCodes.issue(code, undefined, grant, 60, event('code.issued'))
    await store.authorizationCodes.spend(code, birth, event('code.redeemed'))
    return { familyId: grant.familyId, jti: birth.jti }
  }

  const newSuccessor = () => ({ jti: bytes(), kid: 'a-key', attempt: bytes(), address: '198.51.100.0/24' })

  const rotate = (familyId: string, jti: Buffer, successor: ReturnType<typeof newSuccessor>, retrySeconds = 0) =>
    store.refreshFamilies.rotate(
      { familyId, clientId: CLIENT, jti, issuedAtSeconds: 0 },
      successor,
      { retrySeconds, idleSeconds: undefined, rotates: true, isRestricted: false, isJudged: true },
      event('refresh_token.reused'),
    )

  lostEach('a refresh token is rotated by the call that rotated it', async (where) => {
    const { familyId, jti } = await founded()
    const successor = newSuccessor()
    const rotation = await broken(/update refresh_family/, where, () => rotate(familyId, jti, successor))
    assert.equal(rotation.outcome, 'rotated')
    assert.ok((await store.refreshFamilies.isCurrent(familyId, successor.jti)) !== undefined)
  })

  test('a rotation whose answer was lost is no replay when its token has moved on meanwhile', async () => {
    const { familyId, jti } = await founded()
    const [successor, next] = [newSuccessor(), newSuccessor()]
    await rotate(familyId, jti, successor, 30)
    await rotate(familyId, jti, newSuccessor(), 30) // the client asked again elsewhere, got the same token,
    await rotate(familyId, successor.jti, next, 30) // and went on with it
    const again = await rotate(familyId, jti, successor, 30) // only now the first call is done again
    assert.equal(again.outcome, 'rotated')
    assert.ok((await store.refreshFamilies.isCurrent(familyId, next.jti)) !== undefined)
  })

  lostEach('a sign-in begins a session that its cookies open', async (where) => {
    const user = newUser()
    await store.users.create(user, event('user.created'))
    const signIn = newSignIn(user.id)
    const begin = () => store.sessions.signIn(signIn, undefined, event('session.started'))
    assert.equal(await broken(/insert into session/, where, begin), signIn.sessionId)
    assert.equal((await store.sessions.findByStrict(signIn.strictDigest)).session?.id, signIn.sessionId)
  })

  lostEach('a sign-in renews the session that the browser had', async (where) => {
    const first = await signedIn()
    const again = newSignIn(first.userId)
    const renew = () => store.sessions.signIn(again, first.strictDigest, event('session.started'))
    assert.equal(await broken(/insert into session/, where, renew), first.sessionId)
    assert.equal((await store.sessions.findByStrict(again.strictDigest)).session?.id, first.sessionId)
    assert.equal((await store.sessions.findByStrict(first.strictDigest)).session, undefined)
  })

  lostEach('an account is made with its link by the call that made it', async (where) => {
    const link = digest()
    await store.actionTokens.add(link, { purpose: 'invitation', data: {} }, 60)
    const user = newUser()
    const create = () => store.users.create(user, event('user.created'), link)
    assert.equal(await broken(/insert into "user"/, where, create), 'created')
    assert.equal(await store.users.create(newUser(), event('user.created'), link), 'link-used')
  })

  lostEach('an attempt is charged once', async (where) => {
    const keys = [digest(), digest()]
    const limit = { calls: 2, periodSeconds: 60 }
    const attempt = bytes()
    assert.equal(await broken(/insert into throttle/, where, () => store.throttle.take(keys, limit, attempt)), 0)
    assert.equal(await store.throttle.take(keys, limit, bytes()), 0)
    assert.ok((await store.throttle.take(keys, limit, bytes())) > 0)
  })

  lostEach('a second client secret is added and told', async (where) => {
    const clientId = `client-${randomBytes(6).toString('hex')}`
    const policy = clientMetadata.parse({ client_id: clientId, redirect_uris: [REDIRECT_URI] })
    await store.clients.put(policy, event('client.put'))
    await store.clients.addSecret(clientId, { id: id(), digest: digest() }, event('client.secret_added'))
    const secret = { id: id(), digest: digest() }
    const add = () => store.clients.addSecret(clientId, secret, event('client.secret_added'))
    // It is a transaction, which takes a lock first: it is rolled back, or done when its end is.
    const statement = where === 'before' ? /insert into client_secret/ : /^commit$/
    assert.equal(await broken(statement, where, add), true)
    const third = { id: id(), digest: digest() }
    assert.equal(await store.clients.addSecret(clientId, third, event('client.secret_added')), false)
  })

  lostEach('a change is audited once', async (where) => {
    const signIn = await signedIn()
    const change = event('session.ended')
    await broken(/update session/, where, () => store.sessions.end(signIn.sessionId, change))
    const audited = await database.db.selectFrom('audit_event').select('type').where('id', '=', change.id).execute()
    assert.deepEqual(audited, [{ type: 'session.ended' }])
    assert.equal((await store.sessions.findByStrict(signIn.strictDigest)).session, undefined)
  })
})
