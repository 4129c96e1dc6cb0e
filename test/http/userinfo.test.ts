import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { newId, systemRandom } from '../../src/base/random.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import {
  claimsIn,
  obtainTokens,
  PASSWORD,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

const CLAIMS = {
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  website: 'https://ada.example',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  phone_number: '+44 20 7946 0000',
  phone_number_verified: true,
  address: { street_address: '12 St James’s Square', country: 'GB' },
}

suite('userinfo', () => {
  let server: TestServer
  let client: TestClient
  let ada: { id: string; username: string; password: string }
  before(async () => {
    server = await startServer()
    client = await server.register({ scope: 'openid profile email address phone offline_access', first_party: true })
    const password = await server.deps.passwords.hash(PASSWORD)
    assert.notEqual(password, 'busy')
    ada = { id: newId(systemRandom, new Date()), username: 'ada_lovelace', password: PASSWORD }
    const event = administrationEvent(server.deps, 'user.created', 'operator', {})
    if (password !== 'busy')
      await server.deps.store.users.create(
        {
          id: ada.id,
          username: ada.username,
          email: 'ada@mail.example',
          emailVerified: true,
          claims: CLAIMS,
          password,
          roles: [],
        },
        event,
      )
  })
  after(() => server.close())

  const asked = async (more: Readonly<Record<string, string>>) => {
    const { tokens } = await obtainTokens(server, client, ada, more)
    const answer = await server.app.inject({
      url: '/userinfo',
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    assert.equal(answer.statusCode, 200, answer.body)
    const { sub, ...claims } = answer.json<Record<string, unknown>>()
    assert.equal(sub, ada.id)
    return { claims, tokens, answer }
  }

  test('openid alone gives the subject alone (OIDC Core §5.3.2)', async () => {
    const { claims, tokens, answer } = await asked({ scope: 'openid' })
    assert.deepEqual(claims, {})
    assert.equal(claimsIn(tokens.id_token).sub, ada.id)
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.equal(answer.headers['cache-control'], 'no-store')
  })

  test('each scope gives its claims with their types (OIDC Core §5.4)', async () => {
    const { claims: profile } = await asked({ scope: 'openid profile' })
    const { phone_number, phone_number_verified, address, ...own } = CLAIMS
    const { updated_at, preferred_username, ...rest } = profile
    assert.deepEqual(rest, own)
    assert.equal(preferred_username, ada.username)
    assert.ok(Number.isInteger(updated_at))
    assert.deepEqual((await asked({ scope: 'openid email' })).claims, {
      email: 'ada@mail.example',
      email_verified: true,
    })
    assert.deepEqual((await asked({ scope: 'phone openid' })).claims, { phone_number, phone_number_verified })
    assert.deepEqual((await asked({ scope: 'openid address' })).claims, { address })
  })

  test('claims asked for by name go where they were asked for (OIDC Core §5.5)', async () => {
    const { claims, tokens } = await asked({
      scope: 'openid',
      claims: '{"userinfo":{"name":{"essential":true}},"id_token":{"given_name":null}}',
    })
    assert.deepEqual(claims, { name: CLAIMS.name })
    assert.deepEqual([claimsIn(tokens.id_token).given_name, claimsIn(tokens.id_token).name], ['Ada', undefined])
  })

  test('claims of a scope are not in the ID token (OIDC Core §5.4)', async () => {
    const { tokens } = await asked({ scope: 'openid profile email' })
    for (const claim of ['name', 'email', 'preferred_username'])
      assert.equal(claimsIn(tokens.id_token)[claim], undefined)
  })

  test('what was changed meanwhile is told as it is now (OIDC Core §5.3)', async () => {
    const { tokens } = await asked({ scope: 'openid email' })
    const profile = { email: 'ada@elsewhere.example', emailVerified: false, claims: CLAIMS }
    await server.deps.store.userProfiles.update(
      ada.id,
      profile,
      administrationEvent(server.deps, 'user.updated', 'operator', {}),
    )
    const answer = await server.app.inject({
      url: '/userinfo',
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    assert.deepEqual(answer.json(), { sub: ada.id, email: 'ada@elsewhere.example', email_verified: false })
  })

  test('a client’s own token has no user to tell of (OIDC Core §5.3.3)', async () => {
    const machine = await server.register({
      grant_types: ['client_credentials'],
      scope: 'openid',
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const own = (
      await server.post('/token', { grant_type: 'client_credentials' }, { authorization: machine.basic })
    ).json<Tokens>()
    assert.equal(own.id_token, undefined)
    const answer = await server.app.inject({
      url: '/userinfo',
      headers: { authorization: `Bearer ${own.access_token}` },
    })
    assert.equal(answer.statusCode, 403)
    assert.match(String(answer.headers['www-authenticate']), /error="insufficient_scope"/)
  })
})
