// A console with something in every list: names as long as they may be, text that runs the other way, and what has ended.
import assert from 'node:assert/strict'
import { newId, systemRandom } from '../../src/base/random.ts'
import { PUBLISHED_SECONDS, rotateKeys } from '../../src/keys/rotate.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { beginSession, signInAsAdministrator } from '../support/administrator.ts'
import { obtainTokens, PASSWORD, type TestServer } from '../support/server.ts'

const WORD = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'
const USERNAME = 'an_account_with_the_longest_name_0123456789_0123456789_0123456789'.slice(0, 30)
const CLIENT_ID = `a-client-with-the-longest-identifier-${'0123456789'.repeat(6)}`
const RESOURCE = `https://orders.example/${'a-long-path/'.repeat(12)}v1`
const ROLE = `a-role-with-a-long-name-${'0123456789'.repeat(3)}`
const ENOUGH_FOR_TWO_PAGES = 60

/** Fills a server, and signs an administrator in. @returns where each route with a parameter finds something */
export async function furnish(server: TestServer) {
  const { deps } = server
  const event = () => administrationEvent(deps, 'test', 'operator', {})
  server.clock.advance(PUBLISHED_SECONDS)
  assert.equal((await rotateKeys(deps, 'operator')).outcome, 'rotated')
  await server.registerResource({
    identifier: RESOURCE,
    name: WORD,
    scopes: { 'orders:read': `See ${WORD}`, 'orders:write': '' },
    introspectionClients: [],
    scopesByRole: true,
  })
  await deps.store.roles.put(
    {
      name: ROLE,
      description: `${WORD} \u05d0\u05d1\u05d2`,
      permissions: ['users:read', 'audit:read'],
      requireMfa: true,
      allowedNetworks: ['0.0.0.0/0', '2001:db8:1234:5678:9abc::/80'],
      scopes: { [RESOURCE]: ['orders:read'] },
    },
    event(),
  )
  const client = await server.register({
    client_id: CLIENT_ID,
    client_name: `${WORD} \u05d0\u05d1\u05d2\u05d3`.slice(0, 100),
    token_endpoint_auth_method: 'client_secret_basic',
    require_pkce: false,
    redirect_uris: ['https://app.example/callback', `https://app.example/${'deep/'.repeat(40)}callback`],
    backchannel_logout_uri: 'https://app.example/logout',
    contacts: [`${'a-long-mail-box'.repeat(4)}@mail.example`],
  })
  await server.register({ client_id: 'stopped', client_name: '<b>Stopped</b>' })
  await deps.store.clients.setDisabled('stopped', true, event())

  const id = newId(systemRandom, server.clock.now())
  const password = await deps.passwords.hash(PASSWORD)
  assert.ok(password !== 'busy')
  const email = `${'a-long-mail-box'.repeat(4)}@${'a-long-host-name.'.repeat(3)}example`
  const claims = { name: WORD, family_name: '\u05d0\u05d1\u05d2' }
  await deps.store.users.create(
    { id, username: USERNAME, email, emailVerified: false, claims, password, roles: [ROLE] },
    event(),
  )
  for (let n = 0; n < ENOUGH_FOR_TWO_PAGES; n += 1) {
    const other = newId(systemRandom, server.clock.now())
    const user = {
      id: other,
      username: `one_of_many_${n}`,
      email: undefined,
      emailVerified: false,
      claims: {},
      password,
      roles: [],
    }
    await deps.store.users.create(user, event())
  }
  const browser = server.browser()
  const { sessionId } = await beginSession(server, id, browser)
  await obtainTokens(server, client, { username: USERNAME, password: PASSWORD }, {}, browser)
  const ended = server.browser()
  await beginSession(server, id, ended)
  await obtainTokens(server, client, { username: USERNAME, password: PASSWORD }, {}, ended)
  await ended.submit(await ended.get('/account'), {}) // signs out, of which the client is told

  const administrator = await signInAsAdministrator(server)
  const [latest] = await deps.store.auditTrail.latest({}, 1)
  const [secret] = await deps.store.administration.listSecrets(CLIENT_ID)
  const { keys } = await deps.store.signingKeys.list()
  const [delivery] = await deps.store.outbox.listDeliveries({ limit: 1 })
  /** By what stands before a parameter. */
  const named: Readonly<Record<string, string | undefined>> = {
    users: id,
    roles: ROLE,
    clients: CLIENT_ID,
    secrets: secret?.id,
    resources: RESOURCE,
    sessions: sessionId,
    audit: latest?.id,
    keys: keys.find(({ state }) => state === 'retired')?.kid,
    deliveries: delivery?.id,
  }
  return {
    administrator: administrator.browser,
    /** A route with its parameters filled in. */
    pathOf: (route: string): string =>
      route.replaceAll(/([\w-]+)\/:\w+/g, (_, before: string) => {
        const value = named[before]
        assert.ok(value !== undefined, `${route}: nothing is known to stand after ${before}/`)
        return `${before}/${encodeURIComponent(value)}`
      }),
  }
}
