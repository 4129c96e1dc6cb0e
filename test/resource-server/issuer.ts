import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import type { Fetch } from '../../src/resource-server/key-set.ts'

export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'https://api.example.com'

export class FakeClock {
  #now = Date.parse('2026-11-22T12:00:00Z')
  now = (): Date => new Date(this.#now)
  seconds = (): number => this.#now / 1000
  advance(seconds: number): void {
    this.#now += seconds * 1000
  }
}

export type Pair = Awaited<ReturnType<typeof newPair>>
export async function newPair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } }
}

/** Signs what a test wants an access token to be; `undefined` leaves a claim or header member out. */
export function sign(
  pair: Pair,
  clock: FakeClock,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = clock.seconds()
  const all = {
    ...{ iss: ISSUER, sub: 'alice', aud: AUDIENCE, client_id: 'spa', scope: 'openid read', jti: 'j1', type: 'access' },
    ...{ iat: now, exp: now + 900 },
    ...claims,
  }
  const protectedHeader = { alg: 'RS256', typ: 'at+jwt', kid: pair.kid, ...header } as JWTHeaderParameters
  return new SignJWT(all).setProtectedHeader(protectedHeader).sign(pair.privateKey)
}

/** The issuer's key set, as a service sees it over the network. */
export function fakeIssuer(keys: readonly Pair[], cacheControl = 'public, max-age=600') {
  const state = { keys, cacheControl, isDown: false, calls: 0 }
  const fetch: Fetch = async () => {
    state.calls++
    if (state.isDown) throw new TypeError('fetch failed')
    return Response.json(
      { keys: state.keys.map(({ jwk }) => jwk) },
      { headers: { 'cache-control': state.cacheControl } },
    )
  }
  return Object.assign(state, { fetch })
}

/** The same on a real socket. */
export async function listeningIssuer(t: TestContext, keys: readonly Pair[]): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/jwk-set+json')
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
}
