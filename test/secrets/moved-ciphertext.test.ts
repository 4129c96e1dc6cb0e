import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { issueRecoveryCodes, unsavedRecoveryCodes } from '../../src/accounts/recovery-codes.ts'
import { beginEnrolment, openEnrolment } from '../../src/accounts/totp.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { obtainTokens, refresh, startServer, type TestClient, type TestServer } from '../support/server.ts'

suite('a sealed value that somebody with the database has moved (A175)', () => {
  let server: TestServer
  let spa: TestClient
  before(async () => {
    server = await startServer()
    spa = await server.register({})
  })
  after(() => server.close())

  const run = (statement: ReturnType<typeof sql>) => server.database.run((db) => statement.execute(db))

  /** A user who is signed in and has begun to enrol an authenticator. */
  async function enrolling() {
    const user = await server.makeUser()
    await obtainTokens(server, spa, user)
    const [session] = await server.deps.store.sessions.listOfUser(user.id)
    assert.ok(session)
    await beginEnrolment(server.deps, user.id, session.id, 'phone')
    const open = () => openEnrolment(server.deps, { id: user.id, label: 'x' }, session.id, 'Postern')
    return { user, sessionId: session.id, open }
  }

  test('to another row opens for nobody, so that no one enrols or signs in with the secret of another', async () => {
    const [ada, eve] = [await enrolling(), await enrolling()]
    assert.ok((await ada.open())?.secret)
    await run(sql`update totp a set secret = b.secret from totp b where a.user_id <> b.user_id`)
    for (const { open } of [ada, eve]) await assert.rejects(open())
  })

  test('to another column opens for nobody', async () => {
    const ada = await enrolling()
    const event = administrationEvent(server.deps, 'recovery_codes.issued', 'system', {})
    await issueRecoveryCodes(server.deps, ada.user.id, ada.sessionId, event)
    assert.equal((await unsavedRecoveryCodes(server.deps, ada.user.id, ada.sessionId))?.length, 10)
    await run(sql`
      update recovery_reveal r set codes = t.secret from totp t where t.user_id = r.user_id and r.user_id = ${ada.user.id}`)
    assert.equal(await unsavedRecoveryCodes(server.deps, ada.user.id, ada.sessionId), undefined)
  })

  test('to another signing key signs nothing: requests fail, the log says why, and no token is made', async () => {
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, spa, user)
    await run(sql`update signing_key a set private_key = b.private_key from signing_key b where a.kid <> b.kid`)
    server.clock.advance(10) // until the ring is read again
    const logged = server.log.length
    const answer = await refresh(server, spa, tokens.refresh_token)
    assert.equal(answer.statusCode, 500)
    assert.ok(!answer.body.includes('token":'), 'no token is in the answer')
    assert.match(server.log.slice(logged).join(), /"level":"error".*a signing key does not open under the master key/)
  })
})
