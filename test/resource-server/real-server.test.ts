import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import {
  createIntrospector,
  createVerifier,
  type GuardOptions,
  verifyAccessToken,
} from '../../src/resource-server/index.ts'
import { obtainTokens, startServer, type TestClient, type TestServer } from '../support/server.ts'
import { SERVICES, type Service } from './services.ts'

const NOTES = 'https://notes.example'
const LAPTOP = 'laptop'
const INSIDE = { 'x-device-id': LAPTOP, 'x-forwarded-for': '203.0.113.7' }

/** The whole server on a socket, and two services behind it: one that reads its keys, one that asks it about each token. */
suite('services behind the real server', () => {
  let server: TestServer
  let spa: TestClient
  let offline: Service
  let online: Service
  /** The inventory: which session the one compliant device was bound to. */
  let boundSession: unknown

  before(async () => {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    server = await startServer({ ISSUER: issuer, DEMO: 'off' })
    await server.app.listen({ host: '127.0.0.1', port })
    const api = await server.register({
      client_id: 'notes-api',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      scope: 'openid',
    })
    await server.registerResource({
      identifier: NOTES,
      name: 'Notes',
      scopes: { 'notes:read': 'Read notes' },
      introspectionClients: [api.clientId],
    })
    spa = await server.register({ scope: 'openid offline_access notes:read', resources: [NOTES] })

    const { clock } = server
    const options: GuardOptions = {
      requiredClaims: ['notes:read'],
      requiredRoles: ['writer'],
      allowedNetworks: ['203.0.113.0/24'],
      trustedProxies: 1,
      verifyDevice: (id, { claims }) => id === LAPTOP && claims.sid === boundSession,
      maxAge: 3600,
      clock,
    }
    const { clientId, clientSecret } = api
    const asking = createIntrospector({ issuer, audience: NOTES, clientId, clientSecret, clock })
    const { Express: startExpress, Fastify: startFastify } = SERVICES
    assert.ok(startExpress && startFastify)
    offline = await startExpress(createVerifier({ issuer, audience: NOTES, clock }), options)
    online = await startFastify(asking, options)
  })
  after(async () => {
    await offline.close()
    await online.close()
    await server.close()
  })

  const statusAt = async ({ origin }: Service, token: string, headers: Record<string, string> = INSIDE) =>
    (await fetch(`${origin}/notes`, { headers: { authorization: `Bearer ${token}`, ...headers } })).status

  const signIn = async (roles: readonly string[], scope = 'openid offline_access notes:read') => {
    const user = await server.makeUser(roles)
    return (await obtainTokens(server, spa, user, { scope, resource: NOTES })).tokens
  }
  const bind = (token: string): void => {
    boundSession = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid
    assert.equal(typeof boundSession, 'string')
  }

  test('a token is verified without a verifier to keep, and its keys are fetched once for all of them (RFC 9068 §4)', async () => {
    const { issuer } = server.config
    const user = await server.makeUser()
    const { tokens } = await obtainTokens(server, spa, user, { scope: 'openid notes:read' })
    const asked = () => server.log.filter((line) => line.includes('"/jwks"')).length
    const before = asked()
    for (const _ of [1, 2, 3]) {
      const { subject, scopes } = await verifyAccessToken(tokens.access_token, { issuer, audience: NOTES })
      assert.deepEqual([subject, scopes], [user.id, ['openid', 'notes:read']])
    }
    assert.equal(asked() - before, 1)
    await assert.rejects(verifyAccessToken(tokens.access_token, { issuer, audience: issuer }), /another audience/)
  })

  test('a token from a sign-in passes with its device, in its network, and nowhere else (A119, A120)', async () => {
    const { access_token } = await signIn(['writer'])
    bind(access_token)
    const other = await signIn(['writer'])
    for (const service of [offline, online]) {
      assert.equal(await statusAt(service, access_token), 200)
      assert.equal(await statusAt(service, access_token, { ...INSIDE, 'x-device-id': 'phone' }), 403)
      assert.equal(await statusAt(service, other.access_token), 403) // a forged id of another's compliant device
      assert.equal(await statusAt(service, access_token, { ...INSIDE, 'x-forwarded-for': '198.51.100.1' }), 403)
      assert.equal(await statusAt(service, `${access_token.slice(0, -8)}AAAAAAAA`), 401)
    }
  })

  test('a user without the role, or a token without the scope, is refused with 403 (controls.md row 5)', async () => {
    const reader = await signIn(['reader'])
    bind(reader.access_token)
    assert.deepEqual(
      [await statusAt(offline, reader.access_token), await statusAt(online, reader.access_token)],
      [403, 403],
    )
  })

  test('other kinds of tokens get nobody in, by keys or by asking (A074)', async () => {
    const { id_token, refresh_token } = await signIn(['writer'])
    for (const service of [offline, online])
      for (const token of [id_token, refresh_token]) assert.equal(await statusAt(service, token), 401)
  })

  test('who asks feels a revocation within five seconds, who reads keys when the token ends (RFC 7662 §4)', async () => {
    const { access_token, refresh_token } = await signIn(['writer'])
    bind(access_token)
    assert.deepEqual([await statusAt(online, access_token), await statusAt(offline, access_token)], [200, 200])
    await server.post('/revoke', { token: refresh_token, client_id: spa.clientId })
    server.clock.advance(5)
    assert.deepEqual([await statusAt(online, access_token), await statusAt(offline, access_token)], [401, 200])
    server.clock.advance(910)
    assert.equal(await statusAt(offline, access_token), 401)
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
