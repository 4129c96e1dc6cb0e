import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import type { BrowserSession } from '../support/browser-session.ts'
import { CALLBACK, DECLARED, ORDERS, SECRETS, SIGNED_OUT, visit } from '../support/journey.ts'
import { startAlone } from '../support/processes.ts'

/** The library marks it as deprecated so that nobody forgets it in production; here the issuer is loopback. */
const INSECURE = { [oauth.allowInsecureRequests]: true } as const

suite('oauth4webapi with a server that listens', () => {
  let alone: Awaited<ReturnType<typeof startAlone>>
  let as: oauth.AuthorizationServer
  before(async () => {
    alone = await startAlone({ engine: 'PostgreSQL', declared: DECLARED })
    const issuer = new URL(alone.issuer)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...INSECURE })
    as = await oauth.processDiscoveryResponse(issuer, response)
  })
  after(() => alone.close())

  async function authorize(client: oauth.Client, browser: BrowserSession, parameters: Record<string, string>) {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const nonce = oauth.generateRandomNonce()
    const url = new URL(as.authorization_endpoint!)
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid profile',
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
    }).toString()
    const callback = await visit(browser, url)
    return { callback, verifier, state, nonce }
  }

  /** Everything that the library checks on the way from a code to tokens, the signature of the ID token included. */
  async function tokensOf(
    client: oauth.Client,
    authentication: oauth.ClientAuth,
    parameters: Record<string, string> = {},
    browser = alone.server.browser(),
  ) {
    const { callback, verifier, state, nonce } = await authorize(client, browser, parameters)
    const answer = oauth.validateAuthResponse(as, client, callback, state)
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      answer,
      CALLBACK,
      verifier,
      INSECURE,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(as, response, INSECURE)
    return { tokens, answer, verifier, browser, sub: oauth.getValidatedIdTokenClaims(tokens)!.sub }
  }

  const refreshed = async (
    client: oauth.Client,
    authentication: oauth.ClientAuth,
    refreshToken: string,
    more: Record<string, string> = {},
  ) => {
    const options = { additionalParameters: more, ...INSECURE }
    const response = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, options)
    return await oauth.processRefreshTokenResponse(as, client, response)
  }

  const requestWith = (token: string) =>
    new Request(`${ORDERS}/orders`, { headers: { authorization: `Bearer ${token}` } })

  for (const [client, authentication] of [
    [{ client_id: 'spa' }, oauth.None()],
    [{ client_id: 'basic' }, oauth.ClientSecretBasic(SECRETS.basic)],
    [{ client_id: 'post' }, oauth.ClientSecretPost(SECRETS.post)],
  ] as const) {
    test(`${client.client_id}: code, ID token, userinfo, refresh, revocation, sign-out (OIDC Core §3.1)`, async () => {
      const { tokens, sub, browser } = await tokensOf(client, authentication)
      const profile = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE)
      assert.equal((await oauth.processUserInfoResponse(as, client, sub, profile)).given_name, 'Ada')

      const second = await refreshed(client, authentication, tokens.refresh_token!)
      assert.equal(oauth.getValidatedIdTokenClaims(second)?.sub, sub)
      const revocation = await oauth.revocationRequest(as, client, authentication, second.refresh_token!, INSECURE)
      await oauth.processRevocationResponse(revocation)
      await assert.rejects(refreshed(client, authentication, second.refresh_token!), { error: 'invalid_grant' })

      const again = await tokensOf(client, authentication, { prompt: 'none' }, browser)
      const url = new URL(as.end_session_endpoint!)
      url.searchParams.set('id_token_hint', again.tokens.id_token!)
      url.searchParams.set('post_logout_redirect_uri', SIGNED_OUT)
      assert.equal((await visit(browser, url)).href, SIGNED_OUT)
      const { callback, state } = await authorize(client, browser, { prompt: 'none' })
      assert.throws(() => oauth.validateAuthResponse(as, client, callback, state), { error: 'login_required' })
    })
  }

  test('a code redeemed twice ends what it gave, and the library is told so (RFC 6749 §4.1.2)', async () => {
    const client = { client_id: 'spa' }
    const { tokens, answer, verifier, sub } = await tokensOf(client, oauth.None())
    const replay = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      answer,
      CALLBACK,
      verifier,
      INSECURE,
    )
    await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, replay), { error: 'invalid_grant' })
    const profile = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE)
    await assert.rejects(oauth.processUserInfoResponse(as, client, sub, profile), {
      code: oauth.WWW_AUTHENTICATE_CHALLENGE,
    })
  })

  test('a token for an API is one that its own validator takes, and no other API does (RFC 9068 §4, RFC 8707)', async () => {
    const client = { client_id: 'basic' }
    const authentication = oauth.ClientSecretBasic(SECRETS.basic)
    const { tokens, sub } = await tokensOf(client, authentication, {
      scope: 'openid orders.read orders.write',
      resource: ORDERS,
    })
    const claims = await oauth.validateJwtAccessToken(as, requestWith(tokens.access_token), ORDERS, INSECURE)
    assert.deepEqual([claims.sub, claims.client_id, claims.roles], [sub, 'basic', ['clerk']])
    assert.ok(claims.scope?.split(' ').includes('orders.write'))
    await assert.rejects(
      oauth.validateJwtAccessToken(as, requestWith(tokens.access_token), 'https://other.example', INSECURE),
      { code: oauth.JWT_CLAIM_COMPARISON },
    )
    const narrow = await refreshed(client, authentication, tokens.refresh_token!, {
      scope: 'orders.read',
      resource: ORDERS,
    })
    const narrowed = await oauth.validateJwtAccessToken(as, requestWith(narrow.access_token), ORDERS, INSECURE)
    assert.equal(narrowed.scope, 'orders.read')
    await assert.rejects(
      refreshed(client, authentication, narrow.refresh_token!, { resource: 'https://other.example' }),
      {
        error: 'invalid_target',
      },
    )
  })

  test('any JWT library takes the tokens by the key set that discovery names (RFC 7517, RFC 9068 §4)', async () => {
    const keys = createRemoteJWKSet(new URL(as.jwks_uri!))
    const client = { client_id: 'machine' }
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.ClientSecretBasic(SECRETS.machine),
      { scope: 'orders.read', resource: ORDERS },
      INSECURE,
    )
    const { access_token } = await oauth.processClientCredentialsResponse(as, client, response)
    const expected = { issuer: alone.issuer, audience: ORDERS, typ: 'at+jwt', algorithms: ['RS256'] }
    assert.equal((await jwtVerify(access_token, keys, expected)).payload.scope, 'orders.read')
    const { tokens } = await tokensOf({ client_id: 'spa' }, oauth.None())
    await jwtVerify(tokens.id_token!, keys, {
      issuer: alone.issuer,
      audience: 'spa',
      typ: 'JWT',
      algorithms: ['RS256'],
    })
    await assert.rejects(jwtVerify(tokens.id_token!, keys, expected)) // no other token passes for an access token
    await assert.rejects(jwtVerify(tokens.refresh_token!, keys, expected))
  })

  test('an API asks about a token that was meant for it, and learns of its end at once (RFC 7662 §2)', async () => {
    const client = { client_id: 'spa' }
    const { tokens } = await tokensOf(client, oauth.None(), { scope: 'openid orders.read', resource: ORDERS })
    const api = { client_id: 'orders' }
    const ask = async (token: string) => {
      const response = await oauth.introspectionRequest(
        as,
        api,
        oauth.ClientSecretBasic(SECRETS.orders),
        token,
        INSECURE,
      )
      return await oauth.processIntrospectionResponse(as, api, response)
    }
    const known = await ask(tokens.access_token)
    assert.deepEqual([known.active, known.client_id, known.aud], [true, 'spa', ORDERS])
    const another = await tokensOf(client, oauth.None()) // meant for this server: no business of the API
    assert.deepEqual(await ask(another.tokens.access_token), { active: false })
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, oauth.None(), tokens.refresh_token!, INSECURE),
    )
    assert.deepEqual(await ask(tokens.access_token), { active: false })
  })
})
