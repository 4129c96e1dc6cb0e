import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import * as client from 'openid-client'
import type { BrowserSession } from '../support/browser-session.ts'
import { ADA, CALLBACK, DECLARED, ORDERS, SECRETS, SIGNED_OUT, visit } from '../support/journey.ts'
import { startAlone } from '../support/processes.ts'
import { claimsIn, ENGINE_NAMES } from '../support/server.ts'

const KINDS: readonly (readonly [string, () => client.ClientAuth])[] = [
  ['spa', () => client.None()],
  ['basic', () => client.ClientSecretBasic(SECRETS.basic)],
  ['post', () => client.ClientSecretPost(SECRETS.post)],
]

for (const engine of ENGINE_NAMES) {
  suite(`openid-client with a server on ${engine}`, () => {
    let alone: Awaited<ReturnType<typeof startAlone>>
    before(async () => {
      alone = await startAlone({ engine, declared: DECLARED })
    })
    after(() => alone.close())

    const discover = async (clientId: string, authentication: client.ClientAuth) => {
      const options = { execute: [client.allowInsecureRequests] }
      const config = await client.discovery(new URL(alone.issuer), clientId, undefined, authentication, options)
      client.enableNonRepudiationChecks(config) // it then also verifies the signature of what came over the back channel
      return config
    }

    /** From the app to the pages and back, and the code for tokens. */
    async function signIn(config: client.Configuration, browser: BrowserSession, parameters: Record<string, string>) {
      const pkceCodeVerifier = client.randomPKCECodeVerifier()
      const expectedNonce = client.randomNonce()
      const expectedState = client.randomState()
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid profile email',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        nonce: expectedNonce,
        state: expectedState,
        ...parameters,
      })
      const callback = await visit(browser, url)
      const checks = { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true }
      return await client.authorizationCodeGrant(config, callback, checks)
    }

    for (const [clientId, authentication] of KINDS) {
      test(`${clientId}: discovery, sign-in, userinfo, refresh, revocation and sign-out (OIDC Core §3.1)`, async () => {
        const config = await discover(clientId, authentication())
        assert.equal(config.serverMetadata().issuer, alone.issuer)
        assert.ok(config.serverMetadata().supportsPKCE())
        const browser = alone.server.browser()
        const tokens = await signIn(config, browser, { max_age: '3600' })
        const { sub } = tokens.claims()!
        const profile = await client.fetchUserInfo(config, tokens.access_token, sub)
        assert.deepEqual(
          {
            name: profile.preferred_username,
            given: profile.given_name,
            email: profile.email,
            proved: profile.email_verified,
          },
          { name: ADA.username, given: 'Ada', email: ADA.email, proved: true },
        )
        assert.deepEqual(claimsIn(tokens.access_token).roles, ['clerk'])

        const second = await client.refreshTokenGrant(config, tokens.refresh_token!)
        assert.equal(second.claims()?.sub, sub)
        assert.notEqual(second.refresh_token, tokens.refresh_token)
        if (clientId !== 'spa') {
          const introspected = await client.tokenIntrospection(config, second.access_token)
          assert.equal(introspected.active, true)
          assert.equal(introspected.sub, sub)
        }

        await client.tokenRevocation(config, second.refresh_token!)
        await assert.rejects(client.refreshTokenGrant(config, second.refresh_token!), { error: 'invalid_grant' })
        await assert.rejects(client.fetchUserInfo(config, second.access_token, sub), {
          code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
        })
        if (clientId !== 'spa')
          assert.equal((await client.tokenIntrospection(config, second.access_token)).active, false)

        const again = await signIn(config, browser, { prompt: 'none' }) // the session is still there
        const url = client.buildEndSessionUrl(config, {
          id_token_hint: again.id_token!,
          post_logout_redirect_uri: SIGNED_OUT,
          state: 'bye',
        })
        assert.equal((await visit(browser, url)).href, `${SIGNED_OUT}?state=bye`)
        await assert.rejects(signIn(config, browser, { prompt: 'none' }), { error: 'login_required' })
        await assert.rejects(client.refreshTokenGrant(config, again.refresh_token!), { error: 'invalid_grant' })
      })
    }

    test('a grant with offline_access outlives the sign-out (OIDC Core §11)', async () => {
      const config = await discover('basic', client.ClientSecretBasic(SECRETS.basic))
      const browser = alone.server.browser()
      const tokens = await signIn(config, browser, { scope: 'openid offline_access', prompt: 'consent' })
      const url = client.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token!,
        post_logout_redirect_uri: SIGNED_OUT,
      })
      await visit(browser, url)
      const second = await client.refreshTokenGrant(config, tokens.refresh_token!)
      assert.equal(second.claims()?.sub, tokens.claims()?.sub)
    })

    test('a service gets a token of its own for an API (RFC 6749 §4.4, RFC 8707)', async () => {
      for (const [clientId, authentication] of [
        ['machine', client.ClientSecretBasic(SECRETS.machine)],
        ['orders', client.ClientSecretBasic(SECRETS.orders)],
      ] as const) {
        const config = await discover(clientId, authentication)
        const wanted = clientId === 'machine' ? { scope: 'orders.read', resource: ORDERS } : undefined
        const tokens = await client.clientCredentialsGrant(config, wanted)
        const { aud, sub, client_id } = claimsIn(tokens.access_token)
        assert.deepEqual([aud, sub, client_id], [wanted?.resource ?? alone.issuer, clientId, clientId])
        assert.equal(tokens.refresh_token, undefined)
        const introspected = await client.tokenIntrospection(config, tokens.access_token)
        assert.equal(introspected.active, true)
      }
    })

    test('a wrong secret is invalid_client to a library (RFC 6749 §5.2)', async () => {
      for (const authentication of [
        client.ClientSecretBasic('x'.repeat(43)),
        client.ClientSecretPost(SECRETS.machine),
        client.None(),
      ]) {
        const config = await discover('machine', authentication)
        await assert.rejects(client.clientCredentialsGrant(config), (error: unknown) => {
          assert.ok(error instanceof client.ResponseBodyError || error instanceof client.WWWAuthenticateChallengeError)
          assert.equal(error.status, 401)
          return true
        })
      }
    })
  })
}
