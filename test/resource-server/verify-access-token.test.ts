import assert from 'node:assert/strict'
import { createHmac, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { anyAudience } from '../../src/protocol/access-token.ts'
import { createVerifier, OAuthError, type VerifierOptions } from '../../src/resource-server/index.ts'
import { AUDIENCE, FakeClock, fakeIssuer, ISSUER, listeningIssuer, newPair, type Pair, sign } from './issuer.ts'

const pair = await newPair('k1')
const other = await newPair('k2')

function set(keys: readonly Pair[] = [pair], options: Partial<VerifierOptions> = {}) {
  const clock = new FakeClock()
  const issuer = fakeIssuer(keys)
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: issuer.fetch, clock, ...options })
  return { clock, issuer, verifier, token: (claims = {}, header = {}) => sign(pair, clock, claims, header) }
}

const refuses = (promise: Promise<unknown>, code = 'invalid_token', message?: string) =>
  assert.rejects(promise, (error) => error instanceof OAuthError && error.code === code, message)

test('a good access token is verified, and given frozen (RFC 9068 §4)', async () => {
  const { verifier, token } = set()
  const accessToken = await verifier.verify(await token({ roles: ['admin'], fid: 'f1' }))
  assert.deepEqual(
    [accessToken.subject, accessToken.clientId, accessToken.scopes, accessToken.roles, accessToken.claims.fid],
    ['alice', 'spa', ['openid', 'read'], ['admin'], 'f1'],
  )
  assert.ok(
    [accessToken, accessToken.scopes, accessToken.roles, accessToken.claims, accessToken.claims.aud].every(
      Object.isFrozen,
    ),
  )
})

const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

test('alg none is refused in every spelling, with and without signature (RFC 8725 §3.1, A068)', async () => {
  const { verifier, token } = set()
  const [header = '', payload = '', signature = ''] = (await token()).split('.')
  for (const alg of ['none', 'None', 'nOnE', 'NONE', '', null, undefined]) {
    const forged = b64({ alg, typ: 'at+jwt', kid: 'k1' })
    for (const end of ['', signature])
      await refuses(verifier.verify(`${forged}.${payload}.${end}`), 'invalid_token', String(alg))
  }
  await refuses(verifier.verify(`${header}.${payload}.`))
})

test('HS256 keyed with our public key is refused (RFC 8725 §2.1, A069)', async () => {
  const { verifier, token } = set()
  const payload = (await token()).split('.')[1]
  const pem = await exportSPKI(pair.publicKey)
  const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64')
  for (const alg of ['HS256', 'RS256']) {
    for (const key of [pem, pem.trimEnd(), `${pem}\n`, der, JSON.stringify(pair.jwk), pair.jwk.n ?? '']) {
      const signed = `${b64({ alg, typ: 'at+jwt', kid: 'k1' })}.${payload}`
      await refuses(verifier.verify(`${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`))
    }
  }
})

test('a token of another key, or changed by one character, is refused (RFC 7515 §5.2)', async () => {
  const { verifier, token, clock } = set()
  await refuses(verifier.verify(await sign(other, clock, {}, { kid: 'k1' })))
  const good = await token()
  for (const at of [2, good.indexOf('.') + 5, good.length - 20]) {
    const changed = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`
    await refuses(verifier.verify(changed), 'invalid_token', `character ${at}`)
  }
})

test('another algorithm of the same key is refused (RFC 8725 §3.1)', async () => {
  const { verifier, clock } = set()
  const rsa = await generateKeyPair('PS256', { extractable: true })
  const es = await generateKeyPair('ES256', { extractable: true })
  const keySet = fakeIssuer([
    pair,
    { ...pair, kid: 'ps', jwk: { ...(await exportJWK(rsa.publicKey)), kid: 'ps', use: 'sig', alg: 'PS256' } },
  ])
  const lenient = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: keySet.fetch, clock })
  const claims = {
    iss: ISSUER,
    sub: 'alice',
    aud: AUDIENCE,
    client_id: 'c',
    iat: clock.seconds(),
    exp: clock.seconds() + 9,
    jti: 'j',
    type: 'access',
  }
  const ps = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'PS256', typ: 'at+jwt', kid: 'ps' })
    .sign(rsa.privateKey)
  const ec = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
    .sign(es.privateKey)
  for (const token of [ps, ec]) for (const one of [verifier, lenient]) await refuses(one.verify(token))
})

test('the key id is looked up and nothing else done with it (A071)', async () => {
  const { verifier, token, issuer, clock } = set()
  await verifier.verify(await token())
  for (const kid of [
    '../../etc/passwd',
    "' or 1=1 --",
    'https://evil.example/jwks',
    '__proto__',
    'K1',
    'k'.repeat(10_000),
    7,
    null,
    undefined,
    ['k1'],
  ]) {
    await refuses(verifier.verify(await token({}, { kid })), 'invalid_token', String(kid).slice(0, 40))
  }
  assert.ok(issuer.calls <= 2, `${issuer.calls} calls`)
  assert.equal(clock.seconds() % 1, 0)
})

test('keys that a token brings along are not used (A072)', async () => {
  const { verifier, clock, issuer } = set()
  const brought = {
    jwk: other.jwk,
    jku: 'https://evil.example/jwks',
    x5u: 'https://evil.example/x',
    x5c: ['MIIB'],
    x5t: 'abc',
  }
  for (const [name, value] of Object.entries(brought)) {
    await refuses(verifier.verify(await sign(other, clock, {}, { [name]: value })), 'invalid_token', name)
    await refuses(verifier.verify(await sign(other, clock, {}, { [name]: value, kid: 'k1' })), 'invalid_token', name)
  }
  assert.ok(issuer.calls <= 2)
})

test('ID, refresh and logout tokens are no access tokens, whatever they claim (RFC 8725 §3.11, A074)', async () => {
  const { verifier, token } = set()
  for (const typ of ['JWT', 'rt+jwt', 'logout+jwt', 'AT+JWT', 'application/at+jwt', '', undefined]) {
    await refuses(verifier.verify(await token({}, { typ })), 'invalid_token', String(typ))
  }
  for (const type of ['refresh', 'id', '', undefined, ['access']]) await refuses(verifier.verify(await token({ type })))
})

const now = new FakeClock().seconds()
const badClaims: Record<string, Record<string, unknown>> = {
  'A075 exp past': { exp: now - 11 },
  'A075 exp missing': { exp: undefined },
  'A075 exp a string': { exp: String(now + 900) },
  'A075 exp 1e308': { exp: 1e308 },
  'A075 nbf in the future': { nbf: now + 60 },
  'A075 iat in 120 s': { iat: now + 120 },
  'A076 aud of another': { aud: 'https://other.example' },
  'A076 aud missing': { aud: undefined },
  'A076 aud empty': { aud: [] },
  'A076 iss an array': { iss: [ISSUER] },
  'A076 iss with a slash more': { iss: `${ISSUER}/` },
  'A076 sub a number': { sub: 1 },
  'RFC 9449 §7.2 bound to a key': { cnf: { jkt: 'abc' } },
}
for (const [name, claims] of Object.entries(badClaims)) {
  test(`a signed token is refused: ${name}`, async () => {
    const { verifier, token } = set()
    await refuses(verifier.verify(await token(claims)))
  })
}

test('a token meant for us among others is good (A076)', async () => {
  const { verifier, token } = set()
  await verifier.verify(await token({ aud: ['https://other.example', AUDIENCE] }))
})

test('what is not a token of three parts, or holds no JSON, is refused (RFC 7515 §5.2)', async () => {
  const { verifier } = set()
  const header = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' }
  const text = await new CompactSign(Buffer.from('not json')).setProtectedHeader(header).sign(pair.privateKey)
  const bytes = await new CompactSign(Buffer.from([0x22, 0xff, 0x22])).setProtectedHeader(header).sign(pair.privateKey)
  for (const token of [
    '',
    '.',
    '..',
    '...',
    'a',
    'a.b.c',
    'a.b.c.d.e',
    `${b64('null')}.e30.`,
    `${b64('[]')}.e30.x`,
    text,
    bytes,
  ]) {
    await refuses(verifier.verify(token), 'invalid_token', token.slice(0, 20))
  }
})

test('unencoded payloads and unknown critical members are refused (RFC 7797, RFC 7515 §4.1.11)', async () => {
  const { verifier, token } = set()
  const payload = (await token()).split('.')[1]
  const unencoded = { alg: 'RS256', typ: 'at+jwt', kid: 'k1', b64: false, crit: ['b64'] }
  await refuses(verifier.verify(`${b64(unencoded)}.${payload}.${b64('x')}`))
  await refuses(verifier.verify(`${b64({ ...unencoded, crit: ['exp'] })}.${payload}.${b64('x')}`))
})

test('a remembered token dies with its expiry plus tolerance (RFC 9068 §4)', async () => {
  const { verifier, token, clock } = set()
  const short = await token({ exp: clock.seconds() + 30 })
  await verifier.verify(short)
  clock.advance(39)
  await verifier.verify(short)
  clock.advance(1)
  await refuses(verifier.verify(short))
})

test('a repeated token costs neither key nor signature, and another with the same claims gains nothing (CVE-2026-35039)', async () => {
  let lookups = 0
  const keys = async () => {
    lookups++
    return pair.publicKey
  }
  const { verifier, token } = set([], { keys })
  const good = await token()
  const first = await verifier.verify(good)
  assert.equal(await verifier.verify(good), first)
  assert.equal(lookups, 1)
  const [header, payload] = good.split('.')
  await refuses(verifier.verify(`${header}.${payload}.${b64('another signature')}`))
  await refuses(verifier.verify(`${good}=`))
})

test('the memory is bounded, and forgets what was used longest ago', async () => {
  let lookups = 0
  const keys = async () => {
    lookups++
    return pair.publicKey
  }
  const { verifier, token } = set([], { keys, rememberedTokens: 2 })
  const [a, b, c] = [await token({ jti: 'a' }), await token({ jti: 'b' }), await token({ jti: 'c' })]
  for (const one of [a, b, a, c]) await verifier.verify(one)
  assert.equal(lookups, 3)
  await verifier.verify(a)
  assert.equal(lookups, 3)
  await verifier.verify(b)
  assert.equal(lookups, 4)
})

test('a key that is withdrawn ends remembered tokens within a minute of being known (design.md §3)', async () => {
  const { verifier, token, clock, issuer } = set()
  const good = await token()
  await verifier.verify(good)
  issuer.keys = [other]
  clock.advance(600)
  await refuses(verifier.verify(good))
})

test('local keys serve in place of a key set, as KeyObject or CryptoKey, for any audience (design.md §3)', async () => {
  const { KeyObject } = await import('node:crypto')
  const asKeyObject: KeyObject = KeyObject.from(pair.publicKey)
  for (const key of [pair.publicKey, asKeyObject]) {
    const keys = async (kid: string) => (kid === 'k1' ? key : undefined)
    const { verifier, token, issuer } = set([], { keys, audience: anyAudience })
    await verifier.verify(await token({ aud: 'https://anything.example' }))
    await refuses(verifier.verify(await token({}, { kid: 'k9' })))
    assert.equal(issuer.calls, 0)
  }
})

test('a fault in finding a local key is thrown on: it is no verdict on the token', async () => {
  const keys = async () => {
    throw new Error('database away')
  }
  const { verifier, token } = set([], { keys })
  await assert.rejects(verifier.verify(await token()), /database away/)
})

test('a key set is read from a real server', async (t) => {
  const clock = new FakeClock()
  const jwksUri = await listeningIssuer(t, [other, pair])
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwksUri, clock })
  assert.equal((await verifier.verify(await sign(pair, clock))).subject, 'alice')
})
