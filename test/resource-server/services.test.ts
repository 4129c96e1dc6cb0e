import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createVerifier, type Decision, type GuardOptions } from '../../src/resource-server/index.ts'
import { AUDIENCE, FakeClock, fakeIssuer, ISSUER, newPair, sign } from './issuer.ts'
import { SERVICES, type Service } from './services.ts'

const pair = await newPair('k1')
const clock = new FakeClock()
const LAPTOP = { id: 'laptop', sid: 's-alice' }
const told: Decision[] = []

/** Only from a colleague's bound device, inside the company's network behind one proxy, with the scope, after a recent sign-in. */
const OPTIONS: GuardOptions = {
  realm: 'notes',
  requiredScopes: ['read'],
  requiredClaims: { department: ['sales', 'support'] },
  requiredRoles: ['staff'],
  allowedNetworks: ['203.0.113.0/24', '2001:db8::/32'],
  trustedProxies: 1,
  verifyDevice: async (id, { claims }) => id === LAPTOP.id && claims.sid === LAPTOP.sid,
  maxAge: 3600,
  onDecision: (decision) => void told.push(decision),
  clock,
}
const GOOD = { scope: 'read', department: 'sales', roles: ['staff'], sid: LAPTOP.sid, auth_time: clock.seconds() }
const INSIDE = { 'x-forwarded-for': '203.0.113.7', 'x-device-id': LAPTOP.id }

for (const [name, start] of Object.entries(SERVICES)) {
  suite(`a service in ${name}`, () => {
    const issuer = fakeIssuer([pair])
    let service: Service
    before(async () => {
      const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: issuer.fetch, clock })
      service = await start(verifier, OPTIONS)
    })
    after(() => service.close())

    const call = async (
      claims: Record<string, unknown> | undefined,
      headers: Record<string, string> = INSIDE,
      init: RequestInit & { path?: string } = {},
    ) => {
      const authorization = claims && `Bearer ${await sign(pair, clock, claims)}`
      const response = await fetch(`${service.origin}${init.path ?? '/notes'}`, {
        ...init,
        headers: { ...(authorization ? { authorization } : {}), ...headers },
      })
      const body: unknown = await response.json()
      return { response, body, status: response.status, challenge: response.headers.get('www-authenticate') }
    }

    test('lets in who keeps every rule (controls.md rows 1 to 5)', async () => {
      for (const forwarded of ['203.0.113.7', '::ffff:203.0.113.7', '2001:db8::5', '198.51.100.1, 203.0.113.7']) {
        const { status, body } = await call(GOOD, { ...INSIDE, 'x-forwarded-for': forwarded })
        assert.deepEqual([status, body], [200, { owner: 'alice' }], forwarded)
      }
    })

    test('refuses who breaks one, each with its status and error (A119, A120, controls.md rows 1 to 5)', async () => {
      const without = (header: keyof typeof INSIDE) =>
        Object.fromEntries(Object.entries(INSIDE).filter(([key]) => key !== header))
      const table: readonly [string, Record<string, unknown>, Record<string, string>, number, string][] = [
        ['device', { ...GOOD, sid: 's-mallory' }, INSIDE, 403, 'access_denied'],
        ['device', GOOD, { ...INSIDE, 'x-device-id': 'phone' }, 403, 'access_denied'],
        ['device', GOOD, without('x-device-id'), 403, 'access_denied'],
        ['network', GOOD, { ...INSIDE, 'x-forwarded-for': '203.0.113.7, 198.51.100.1' }, 403, 'access_denied'],
        ['network', GOOD, { ...INSIDE, 'x-forwarded-for': '::ffff:198.51.100.1' }, 403, 'access_denied'],
        ['network', GOOD, { ...INSIDE, 'x-forwarded-for': 'unknown' }, 403, 'access_denied'],
        ['network', GOOD, without('x-forwarded-for'), 403, 'access_denied'],
        ['scope', { ...GOOD, scope: 'reader' }, INSIDE, 403, 'insufficient_scope'],
        ['claim', { ...GOOD, department: 'hr' }, INSIDE, 403, 'insufficient_scope'],
        ['role', { ...GOOD, roles: [] }, INSIDE, 403, 'insufficient_scope'],
        ['sign_in', { ...GOOD, auth_time: clock.seconds() - 3601 }, INSIDE, 401, 'insufficient_user_authentication'],
        ['invalid_token', { ...GOOD, aud: 'https://other.example' }, INSIDE, 401, 'invalid_token'],
      ]
      for (const [reason, claims, headers, status, error] of table) {
        const answer = await call(claims, headers)
        assert.equal(answer.status, status, reason)
        assert.equal((answer.body as { error: string }).error, error)
        assert.equal(answer.challenge?.includes(`error="${error}"`), error === 'access_denied' ? undefined : true)
        assert.equal(answer.response.headers.get('cache-control'), 'no-store')
        assert.deepEqual([told.at(-1)?.outcome, told.at(-1)?.reason], ['deny', reason])
      }
    })

    test('tells who brings no token nothing but where to bring it (RFC 6750 §3.1, A079)', async () => {
      const { status, challenge } = await call(undefined)
      assert.deepEqual([status, challenge], [401, 'Bearer realm="notes", scope="read"'])
    })

    test('takes no token out of the URL (RFC 9700 §4.3.2, A079)', async () => {
      const token = await sign(pair, clock, GOOD)
      for (const query of [`access_token=${token}`, 'a=1&access_token', `acc%65ss_token=${token}`]) {
        const { status, body } = await call(GOOD, INSIDE, { path: `/notes?${query}` })
        assert.deepEqual([status, (body as { error: string }).error], [400, 'invalid_request'])
      }
      assert.equal(told.at(-1)?.path, '/notes')
    })

    test('takes no token out of a form (RFC 9700 §4.3.2, A079)', async () => {
      const init = { method: 'POST', body: `access_token=${await sign(pair, clock, GOOD)}` }
      const headers = { ...INSIDE, 'content-type': 'application/x-www-form-urlencoded' }
      assert.equal((await call(undefined, headers, init)).status, name === 'fetch' ? 401 : 400)
    })
  })
}

test('a fault of the verifier reaches no handler, in any of them (controls.md row 2)', async () => {
  for (const [name, start] of Object.entries(SERVICES)) {
    const service = await start({ verify: () => Promise.reject(new Error('bug')) }, {})
    const headers = { authorization: 'Bearer x' }
    assert.equal((await fetch(`${service.origin}/notes`, { headers })).status, 500, name)
    await service.close()
  }
})
