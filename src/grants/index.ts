import type { Client } from '../protocol/client.ts'
import { OAuthError } from '../protocol/error.ts'
import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'
import { refreshToken } from './refresh-token.ts'

const GRANTS: readonly Grant[] = [authorizationCode, refreshToken, clientCredentials]

/** The grant of a token request, when its client may use it. RFC 6749 §5.2 */
export function grantFor(type: string, client: Client): Grant {
  const grant = GRANTS.find((known) => known.type === type)
  if (!grant) throw new OAuthError('unsupported_grant_type', 'grant_type is not supported')
  if (!client.grantTypes.includes(grant.type)) {
    throw new OAuthError('unauthorized_client', 'the client may not use this grant type')
  }
  return grant
}
