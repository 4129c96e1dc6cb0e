// `node test/resource-server/benchmark.ts`: what a repeated token costs, in microseconds. A script and no test: a machine that
// is busy with other things says nothing about the code.
import { createGuard } from '../../src/resource-server/guard.ts'
import { createVerifier } from '../../src/resource-server/index.ts'
import { AUDIENCE, FakeClock, fakeIssuer, ISSUER, newPair, sign } from './issuer.ts'

const CALLS = 50_000
const ROUNDS = 9

const pair = await newPair('k1')
const clock = new FakeClock()
const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: fakeIssuer([pair]).fetch, clock })
const admit = createGuard(verifier, {
  requiredScopes: ['read'],
  requiredRoles: ['staff'],
  requiredClaims: { department: 'sales' },
  allowedNetworks: ['203.0.113.0/24'],
  clock,
})
const sessionClaims = {
  sid: crypto.randomUUID(),
  fid: crypto.randomUUID(),
  acr: 'urn:postern:mfa',
  amr: ['pwd', 'otp'],
}
const claims = { sub: crypto.randomUUID(), roles: ['staff'], department: 'sales', ...sessionClaims }
const token = await sign(pair, clock, claims)
const authorization = `Bearer ${token}`
const request = {
  method: 'GET',
  url: '/notes',
  authorization,
  deviceId: undefined,
  forwardedFor: undefined,
  peer: '203.0.113.7',
}

/** The median of some rounds, in microseconds a call. */
async function cost(call: () => Promise<unknown>): Promise<string> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let index = 0; index < CALLS; index++) await call()
    rounds.push(((performance.now() - start) * 1000) / CALLS)
  }
  return (rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN).toFixed(2)
}

process.stdout.write(`a token of ${token.length} bytes, repeated, in microseconds:\n`)
process.stdout.write(`  verifier alone        ${await cost(() => verifier.verify(token))}\n`)
process.stdout.write(`  guard with five rules ${await cost(() => admit(request))}\n`)
