import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createGuard, type Decision, type GuardedRequest, type GuardOptions } from '../../src/resource-server/guard.ts'
import { createVerifier, OAuthError, type Verifier } from '../../src/resource-server/index.ts'
import { AUDIENCE, FakeClock, fakeIssuer, ISSUER, newPair, sign } from './issuer.ts'

const pair = await newPair('k1')

/** The guard of one route, with everything that it told. */
function guard(options: GuardOptions = {}, verify?: Verifier['verify']) {
  const clock = new FakeClock()
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: fakeIssuer([pair]).fetch, clock })
  const told: Decision[] = []
  const admit = createGuard(verify ? { verify } : verifier, {
    clock,
    onDecision: (decision) => void told.push(decision),
    ...options,
  })
  const ask = async (claims: Record<string, unknown> | undefined, more: Partial<GuardedRequest> = {}) => {
    const admission = await admit({
      method: 'GET',
      url: '/notes?page=1',
      authorization: claims && `Bearer ${await sign(pair, clock, claims)}`,
      deviceId: undefined,
      forwardedFor: undefined,
      peer: '203.0.113.7',
      ...more,
    })
    const { reason } = told.at(-1) ?? {}
    if (!('refusal' in admission)) return { status: 200, error: undefined, challenge: undefined, reason }
    const { status, headers, body } = admission.refusal
    return { status, error: body.error, challenge: headers['www-authenticate'], reason }
  }
  return { ask, told, clock }
}

/** An inventory as a service keeps it: whose session a device is bound to, and until when its posture counts. */
function inventory(clock: { now(): Date }) {
  const until = clock.now().getTime() + 600_000
  const devices = new Map([
    ['laptop', { sid: 's-alice', until }],
    ['phone', { sid: 's-bob', until }],
    ['old', { sid: 's-alice', until: clock.now().getTime() - 1 }],
  ])
  const verifyDevice: GuardOptions['verifyDevice'] = (id, { claims }) => {
    const device = devices.get(id)
    return device !== undefined && device.sid === claims.sid && clock.now().getTime() < device.until
  }
  return verifyDevice
}

test("a forged id of another's compliant device, an unknown device and a stale posture are 403, and recorded (A119)", async () => {
  const { ask, told } = guard({ verifyDevice: inventory(new FakeClock()) })
  const alice = { sid: 's-alice' }
  assert.equal((await ask(alice, { deviceId: 'laptop' })).status, 200)
  const table = [
    [alice, 'phone'],
    [alice, 'unknown'],
    [alice, 'old'],
    [alice, ''],
    [alice, 'laptop, laptop'],
    [alice, 'x'.repeat(300)],
    [alice, undefined],
    [{}, 'laptop'],
  ] as const
  for (const [claims, deviceId] of table) {
    const { status, error, challenge, reason } = await ask(claims, { deviceId })
    assert.deepEqual([status, error, challenge, reason], [403, 'access_denied', undefined, 'device'], deviceId)
  }
  assert.deepEqual([told.length, told.filter(({ outcome }) => outcome === 'deny').length], [9, 8])
})

test('of a token that names its device no other one is asked about (A119)', async () => {
  const asked: string[] = []
  const { ask } = guard({ verifyDevice: (id) => asked.push(id) > 0 })
  assert.equal((await ask({ device_id: 'laptop' })).status, 200)
  assert.equal((await ask({ device_id: 'laptop' }, { deviceId: 'laptop' })).status, 200)
  for (const [claim, deviceId] of [
    ['laptop', 'phone'],
    [7, '7'],
    [null, 'laptop'],
    ['', ''],
  ])
    assert.equal((await ask({ device_id: claim }, { deviceId: String(deviceId) })).reason, 'device')
  assert.deepEqual(asked, ['laptop', 'laptop'])
})

test('no answer about a device but true lets in (A119)', async () => {
  for (const answer of [1, 'true', {}, [], undefined, null, false]) {
    const { ask } = guard({ verifyDevice: (async () => answer) as unknown as () => Promise<boolean> })
    assert.equal((await ask({}, { deviceId: 'laptop' })).reason, 'device', String(answer))
  }
})

test('the network is no way around the token (A120)', async () => {
  const { ask } = guard({ allowedNetworks: ['203.0.113.0/24'] })
  assert.deepEqual([(await ask({})).status, (await ask(undefined)).status], [200, 401])
  assert.equal((await ask({}, { authorization: 'Bearer a.b.c' })).status, 401)
  const refused = await ask({}, { peer: '198.51.100.1' })
  assert.deepEqual([refused.status, refused.error, refused.challenge], [403, 'access_denied', undefined])
})

test('an address that the caller wrote is not believed (A120)', async () => {
  const options = { allowedNetworks: ['203.0.113.0/24'] }
  const forwardedFor = '203.0.113.7, 198.51.100.1'
  assert.equal((await guard(options).ask({}, { peer: '198.51.100.1', forwardedFor })).reason, 'network')
  const behindOne = guard({ ...options, trustedProxies: 1 })
  assert.equal((await behindOne.ask({}, { peer: '10.0.0.1', forwardedFor })).reason, 'network')
  assert.equal((await behindOne.ask({}, { peer: '10.0.0.1', forwardedFor: '1.1.1.1, ::ffff:203.0.113.9' })).status, 200)
  assert.equal((await behindOne.ask({})).reason, 'network')
  for (const trustedProxies of [-1, 1.5, Number.NaN]) assert.throws(() => guard({ trustedProxies }), TypeError)
})

test('a fault in a check is a refusal, and recorded with its cause (controls.md row 2)', async () => {
  const fault = new Error('inventory away')
  const broken: readonly GuardOptions[] = [
    { verifyDevice: () => Promise.reject(fault) },
    {
      verifyDevice: () => {
        throw fault
      },
    },
    {
      allowedNetworks: () => {
        throw fault
      },
    },
  ]
  for (const options of broken) {
    const { ask, told } = guard(options)
    assert.deepEqual(await ask({}, { deviceId: 'x' }), {
      status: 403,
      error: 'access_denied',
      challenge: undefined,
      reason: 'fault',
    })
    assert.equal(told.at(-1)?.cause, fault)
  }
})

test('a fault of the verifier is recorded as a refusal and thrown on (controls.md row 2)', async () => {
  const fault = new Error('database away')
  const { ask, told } = guard({}, () => Promise.reject(fault))
  await assert.rejects(ask({}), fault)
  assert.deepEqual([told.at(-1)?.outcome, told.at(-1)?.reason], ['deny', 'fault'])
})

test('while the issuer cannot be asked the answer is 503 (controls.md row 2)', async () => {
  const { ask } = guard({}, () => Promise.reject(new OAuthError('temporarily_unavailable', 'x')))
  assert.deepEqual(await ask({}), {
    status: 503,
    error: 'temporarily_unavailable',
    challenge: undefined,
    reason: 'temporarily_unavailable',
  })
})

test('nobody gets in unrecorded, and a refusal that cannot be recorded stays one (controls.md row 6)', async () => {
  const onDecision = () => Promise.reject(new Error('log away'))
  const { ask } = guard({ onDecision })
  assert.deepEqual([(await ask({})).status, (await ask(undefined)).status], [403, 401])
})

test('each decision is told with its reason, and no token in it (controls.md row 6, A163)', async () => {
  const { ask, told, clock } = guard({ requiredScopes: ['read'], policyVersion: '7' })
  await ask({ jti: 'token-1' }, { deviceId: 'laptop' })
  await ask({ jti: 'token-1', scope: 'write' })
  await ask(undefined)
  await ask({}, { authorization: 'Bearer a.b.c' })
  await ask({}, { authorization: 'Bearer a b' })
  assert.deepEqual(
    told.map(({ outcome, reason }) => `${outcome} ${reason}`),
    ['allow allowed', 'deny scope', 'deny no_token', 'deny invalid_token', 'deny invalid_request'],
  )
  const jtiDigest = createHash('sha256').update('token-1').digest('base64url')
  assert.deepEqual(told[0], {
    outcome: 'allow',
    reason: 'allowed',
    at: clock.now(),
    method: 'GET',
    path: '/notes',
    address: '203.0.113.7',
    deviceId: 'laptop',
    subject: 'alice',
    clientId: 'spa',
    jtiDigest,
    policyVersion: '7',
    cause: undefined,
  })
  assert.equal(told[2]?.jtiDigest, undefined)
  assert.doesNotMatch(JSON.stringify(told), /token-1|eyJ/)
})

test('a challenge says what would help: the scope, or the sign-in (RFC 6750 §3, RFC 9470 §3)', async () => {
  const options = { requiredScopes: ['read'], requiredClaims: ['data:read'], acr: 'urn:postern:mfa', maxAge: 300 }
  const { ask, clock } = guard({ ...options, resourceMetadata: 'https://api.example/.well-known/x' })
  const fresh = { acr: 'urn:postern:mfa', auth_time: clock.seconds() }
  assert.equal((await ask({ scope: 'read data:read', ...fresh })).status, 200)
  const narrow = await ask({ scope: 'read', ...fresh })
  assert.equal(narrow.status, 403)
  assert.equal(
    narrow.challenge,
    'Bearer error="insufficient_scope", error_description="the access token does not have the claims that this needs", scope="read data:read", resource_metadata="https://api.example/.well-known/x"',
  )
  const old = await ask({ scope: 'read data:read', ...fresh, auth_time: clock.seconds() - 301 })
  assert.equal(old.status, 401)
  assert.equal(
    old.challenge,
    'Bearer error="insufficient_user_authentication", error_description="this needs a more recent or a stronger sign-in", scope="read data:read", acr_values="urn:postern:mfa", max_age="300", resource_metadata="https://api.example/.well-known/x"',
  )
})
