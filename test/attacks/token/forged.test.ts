import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { altered, partsOf, refusal, signedWith } from '../../support/back-channel.ts'
import {
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
  userinfoStatus,
} from '../../support/server.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const encoded = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

suite('attacks with forged tokens', () => {
  let server: TestServer
  let client: TestClient
  let tokens: Tokens
  let jwk: JsonWebKey & { kid: string }
  before(async () => {
    server = await startServer()
    client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    tokens = (await obtainTokens(server, client, await server.makeUser())).tokens
    jwk = (await server.app.inject('/jwks'))
      .json()
      .keys.find(({ kid }: { kid: string }) => kid === partsOf(tokens.access_token).header.kid)
  })
  after(() => server.close())

  const introspected = async (token: string) =>
    (await server.post('/introspect', { token }, { authorization: client.basic })).json<{ active: boolean }>()

  /** Refused at every endpoint that takes a token, as what it claims to be and as what it does not. */
  async function assertRefused(token: string, what: string) {
    const status = await userinfoStatus(server, token)
    assert.ok(status === 401 || status === 400, `userinfo took a token of ${what}`)
    assert.deepEqual(await introspected(token), { active: false }, what)
    assert.equal(refusal(await refresh(server, client, token)), '400 invalid_grant', what)
    const revoked = await server.post('/revoke', { token }, { authorization: client.basic })
    assert.equal(revoked.statusCode, 200, what)
    assert.equal(await userinfoStatus(server, tokens.access_token), 200, `revoking a token of ${what} revoked another`)
  }

  /** Both tokens, with other header members and an attacker's signature. */
  async function assertHeaderRefused(header: Record<string, unknown>, what: string) {
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const parts = partsOf(token)
      await assertRefused(signedWith(privateKey, { ...parts.header, ...header }, parts.payload), what)
    }
  }

  test('A068: a token without a signature is refused, however its algorithm is spelled (RFC 8725 §3.1)', async () => {
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const { header, payload } = partsOf(token)
      for (const alg of ['none', 'None', 'nOnE', 'NONE', '', null, undefined, ['RS256'], 'rs256', 'RS256 ']) {
        const [, , signature] = token.split('.')
        const input = `${encoded({ ...header, alg })}.${encoded(payload)}`
        await assertRefused(`${input}.`, `alg ${alg}, no signature`)
        await assertRefused(`${input}.${signature}`, `alg ${alg}, another’s signature`)
      }
      await assertRefused(token.slice(0, token.lastIndexOf('.') + 1), 'an empty signature')
      await assertRefused(token.slice(0, token.lastIndexOf('.')), 'no signature at all')
      await assertRefused(`${token.slice(0, -8)}AAAAAAAA`, 'an altered signature')
      await assertRefused(`${token}.${token}`, 'too many parts')
    }
  })

  test('A069: our public key is no shared secret (RFC 8725 §2.1)', async () => {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const pem = key.export({ format: 'pem', type: 'spki' }).toString()
    const secrets = [
      pem,
      pem.trim(),
      key.export({ format: 'pem', type: 'pkcs1' }),
      key.export({ format: 'der', type: 'spki' }),
      key.export({ format: 'der', type: 'pkcs1' }),
      JSON.stringify(jwk),
      JSON.stringify(key.export({ format: 'jwk' })),
      '',
    ]
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
        ['RS256', 'sha256'],
      ] as const) {
        for (const secret of secrets) {
          const input = `${encoded({ ...partsOf(token).header, alg })}.${encoded(partsOf(token).payload)}`
          const mac = createHmac(hash, secret).update(input).digest('base64url')
          await assertRefused(`${input}.${mac}`, `${alg} under our public key`)
        }
      }
    }
  })

  test('A071: a kid names one of our keys or nothing (RFC 7515 §4.1.4)', async () => {
    const [next] = (await server.app.inject('/jwks')).json().keys.filter(({ kid }: { kid: string }) => kid !== jwk.kid)
    const kids = [
      '../../../../dev/null',
      "' or 1=1 --",
      '/etc/passwd',
      'https://evil.test/key',
      'x'.repeat(10_000),
      '',
      7,
      null,
      {},
      ['a'],
      true,
      undefined,
      jwk.kid,
      next.kid,
      `${jwk.kid} `,
      '__proto__',
      'a\0b',
    ]
    for (const kid of kids) await assertHeaderRefused({ kid }, `kid ${JSON.stringify(kid)?.slice(0, 40)}`)
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      await assertRefused(await altered(server, token, { kid: undefined }, {}), 'no kid, well signed')
      await assertRefused(
        await altered(server, token, { kid: next.kid }, {}),
        'the next key’s kid, signed by the current one',
      )
    }
  })

  test('A072: a key that the token brings along is no key (RFC 8725 §3.10)', async () => {
    const own = { ...publicKey.export({ format: 'jwk' }), kid: 'attacker', alg: 'RS256' }
    const brought = {
      jwk: own,
      jku: 'https://evil.test/jwks',
      x5u: 'https://evil.test/cert',
      x5c: ['MIIB'],
      x5t: 'AAAA',
      'x5t#S256': 'AAAA',
    }
    for (const [name, value] of Object.entries(brought)) {
      await assertHeaderRefused({ [name]: value }, name)
      await assertHeaderRefused({ [name]: value, kid: 'attacker' }, `${name} with its kid`)
    }
    await assertHeaderRefused({ crit: ['b64'], b64: false }, 'crit b64')
    await assertRefused(
      await altered(server, tokens.access_token, { crit: ['exp'], exp: 1 }, {}),
      'an extension that is not understood',
    )
  })

  test('A074: each kind of token is taken as what it is, and as nothing else (RFC 8725 §3.11)', async () => {
    await assertRefused(tokens.id_token, 'kind ID')
    assert.equal(await userinfoStatus(server, tokens.refresh_token), 401)
    assert.equal(refusal(await refresh(server, client, tokens.access_token)), '400 invalid_grant')
    for (const typ of [
      undefined,
      'JWT',
      'jwt',
      'logout+jwt',
      'application/at+jwt',
      'AT+JWT',
      '',
      null,
      7,
      ['at+jwt'],
    ]) {
      await assertRefused(await altered(server, tokens.access_token, { typ }, {}), `typ ${typ}`)
      await assertRefused(await altered(server, tokens.refresh_token, { typ }, {}), `typ ${typ}`)
    }
    await assertRefused(
      await altered(server, tokens.access_token, { typ: 'rt+jwt' }, {}),
      'an access token called refresh',
    )
    await assertRefused(
      await altered(server, tokens.refresh_token, { typ: 'at+jwt' }, {}),
      'a refresh token called access',
    )
    await assertRefused(await altered(server, tokens.access_token, {}, { type: 'refresh' }), 'type refresh')
    await assertRefused(await altered(server, tokens.refresh_token, {}, { type: undefined }), 'no type')
  })

  const now = () => Math.floor(server.clock.now().getTime() / 1000)
  test('A075: a token counts between its times only (RFC 7519 §4.1.4, §4.1.5)', async () => {
    const times: readonly Record<string, unknown>[] = [
      { exp: now() - 1 },
      { exp: now() },
      { exp: undefined },
      { exp: String(now() + 900) },
      { exp: 1e308 },
      { exp: -1 },
      { exp: null },
      { exp: 1.5 },
      { nbf: now() + 60 },
      { nbf: 'soon' },
      { iat: now() + 120 },
      { iat: undefined },
    ]
    for (const payload of times) {
      for (const token of [tokens.access_token, tokens.refresh_token]) {
        const forged = await altered(server, token, {}, payload)
        assert.notEqual(await userinfoStatus(server, forged), 200, JSON.stringify(payload))
        assert.deepEqual(await introspected(forged), { active: false }, JSON.stringify(payload))
        assert.equal(refusal(await refresh(server, client, forged)), '400 invalid_grant', JSON.stringify(payload))
      }
    }
    const slightlyAhead = await altered(server, tokens.access_token, {}, { iat: now() + 5, nbf: now() - 5 })
    assert.equal(await userinfoStatus(server, slightlyAhead), 200) // nodes may differ from their database by five seconds
  })

  test('A076: issuer, audience and subject are what this server writes (RFC 9068 §4)', async () => {
    const claims: readonly Record<string, unknown>[] = [
      { iss: 'https://evil.test' },
      { iss: `${server.config.issuer}/` },
      { iss: [server.config.issuer] },
      { iss: undefined },
      { aud: undefined },
      { aud: [server.config.issuer, 'https://evil.test'] },
      { aud: null },
      { sub: 7 },
      { sub: null },
      { sub: undefined },
      { client_id: undefined },
      { client_id: 'another' },
      { jti: undefined },
      { scope: ['openid'] },
      { fid: 'not-a-uuid' },
      { fid: 7 },
    ]
    for (const payload of claims) {
      await assertRefused(await altered(server, tokens.access_token, {}, payload), JSON.stringify(payload))
      await assertRefused(await altered(server, tokens.refresh_token, {}, payload), JSON.stringify(payload))
    }
    await assertRefused(
      await altered(server, tokens.refresh_token, {}, { aud: 'https://api.example' }),
      'a refresh token for others',
    )
  })

  test('what is no token at all is refused without a fault (A161)', async () => {
    for (const text of [
      'x',
      '.',
      '..',
      'e30.e30.e30',
      `${'a'.repeat(20_000)}`,
      `${encoded('[]')}.${encoded('[]')}.x`,
      `${encoded('null')}.${encoded('null')}.`,
      encoded({ alg: 'RS256' }),
    ]) {
      await assertRefused(text, text.slice(0, 30))
    }
    for (const payload of ['not json', '[]', 'null', '"text"', '']) {
      const input = `${encoded(partsOf(tokens.access_token).header)}.${encoded(payload)}`
      const signature = await (await server.deps.keys.current()).sign(input)
      await assertRefused(`${input}.${signature.toString('base64url')}`, `payload ${payload}`)
    }
  })
})
