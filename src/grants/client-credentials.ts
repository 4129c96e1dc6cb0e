import { OAuthError } from '../protocol/error.ts'
import { requestedResources } from '../protocol/resource.ts'
import { ADMIN_SCOPE, requestedScope } from '../protocol/scope.ts'
import { targetOf } from './audience.ts'
import type { Grant } from './grant.ts'
import { refuseOutsider } from './refuse-denied.ts'

/** Gives a client a token of its own. Nothing is stored. RFC 6749 §4.4 */
export const clientCredentials: Grant = {
  type: 'client_credentials',
  async redeem(deps, caller, parameters) {
    const { client, isAuthenticated } = caller
    // "The client credentials grant type MUST only be used by confidential clients." RFC 6749 §4.4
    if (!isAuthenticated) throw new OAuthError('unauthorized_client', 'the client has no credentials')
    const scope = requestedScope(client, parameters.get('scope')).filter((token) => !NEEDS_USER.includes(token))
    const asked = parameters.list('resource')
    const allowed = requestedResources(client, asked, scope, await deps.directory.resources())
    const target = await targetOf(deps, allowed, asked, scope)
    await refuseOutsider(deps, caller)
    return { client, now: deps.clock.now(), ...target }
  },
}

const NEEDS_USER: readonly string[] = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', ADMIN_SCOPE]
