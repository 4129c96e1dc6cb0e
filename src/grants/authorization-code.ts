import { digestOf } from '../base/digest.ts'
import type { Caller } from '../clients/authenticate-client.ts'
import { OAuthError } from '../protocol/error.ts'
import { required } from '../protocol/parameters.ts'
import { judgeVerifier } from '../protocol/pkce.ts'
import { targetResource } from '../protocol/resource.ts'
import { claimsFor } from '../protocol/standard-claims.ts'
import type { FoundCode } from '../store/authorization-codes.ts'
import { codeBurnt, codeRedeemed, codeReplayed } from '../telemetry/audit.ts'
import { refreshGrantOf, userGrantOf } from '../tokens/authorization.ts'
import { targetByRoles, targetOf } from './audience.ts'
import type { Grant, GrantDeps } from './grant.ts'
import { refuseDenied } from './refuse-denied.ts'

/** Exchanges an authorization code, once. RFC 6749 §4.1.3, RFC 7636 §4.6 */
export const authorizationCode: Grant = {
  type: 'authorization_code',
  async redeem(deps, caller, parameters) {
    const digest = digestOf(required(parameters, 'code'))
    const code = await deps.store.authorizationCodes.find(digest)
    const facts = code && { userId: code.userId, clientId: caller.client.clientId, familyId: code.familyId }

    // A code that is another client's, or was sent elsewhere, proves nothing about its owner: it is neither burnt nor killed.
    if (!code || !facts || code.clientId !== caller.client.clientId) throw refusal('unknown code, or another client’s')
    if (code.redirectUri !== parameters.get('redirect_uri')) throw refusal('no redirect_uri, or another')
    const verdict = judgeVerifier(code.codeChallenge, parameters.get('code_verifier'))
    if (verdict === 'missing' || verdict === 'malformed') {
      throw new OAuthError('invalid_request', 'code_verifier is missing or malformed')
    }
    if (verdict !== 'proved') {
      await deps.store.authorizationCodes.burn(digest, codeBurnt(deps, caller.from, facts))
      throw refusal(`${verdict} code_verifier`)
    }
    targetResource(code.resources, parameters.list('resource')) // refuses before anything is spent

    if (!code.alive) throw refusal('expired code')
    const family = code.spent ? undefined : await spend(deps, caller, digest, code)
    if (!family) {
      // "the authorization server MUST deny the request and SHOULD revoke … all tokens previously issued". RFC 6749 §4.1.2
      await deps.store.refreshFamilies.revoke(code.familyId, 'code replay', codeReplayed(deps, caller.from, facts))
      throw refusal('code replay')
    }
    const target = await targetOf(deps, family.resources, parameters.list('resource'), family.scope)
    const refresh = refreshGrantOf(family)
    return {
      client: caller.client,
      now: family.rotatedAt,
      ...(await targetByRoles(deps, target, family.user)),
      user: userGrantOf(family),
      ...(refresh ? { refresh } : {}),
      ...(family.scope.includes('openid')
        ? { idToken: { nonce: code.nonce ?? undefined, claims: idTokenClaims(code) } }
        : {}),
    }
  },
}

async function spend(deps: GrantDeps, caller: Caller, digest: ReturnType<typeof digestOf>, code: FoundCode) {
  const { client, from } = caller
  if (!code.stands) throw refusal('the user, session, client or consent no longer stands')
  await refuseDenied(deps, caller, code.access, code)
  const isRefreshable = client.grantTypes.includes('refresh_token')
  const lifetime = client.accessTokenLifetimeSeconds ?? deps.config.accessTokenSeconds
  const birth = {
    attempt: deps.random.bytes(16),
    address: from.address,
    jti: isRefreshable ? deps.random.bytes(16) : undefined,
    kid: (await deps.keys.current()).kid,
    lifetimeSeconds: isRefreshable ? (client.refreshTokenLifetimeSeconds ?? deps.config.refreshTokenSeconds) : lifetime,
    idleSeconds: isRefreshable ? client.refreshTokenIdleSeconds : undefined,
  }
  const facts = { userId: code.userId, clientId: client.clientId, familyId: code.familyId, sessionId: code.sessionId }
  return await deps.store.authorizationCodes.spend(digest, birth, codeRedeemed(deps, from, facts))
}

/** What the ID token says beyond who and when: only what was asked for by name. OIDC Core §5.4, §5.5 */
function idTokenClaims({ claims, user }: Pick<FoundCode, 'claims' | 'user'>): Record<string, unknown> {
  return claimsFor({ ...user, email: user.email ?? undefined }, [], claims.idToken)
}

const refusal = (cause: string) => new OAuthError('invalid_grant', 'the code is not valid', { cause })
