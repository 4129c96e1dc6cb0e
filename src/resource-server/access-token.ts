import type { AccessTokenClaims } from '../protocol/access-token.ts'

/** A verified access token. Shared between requests, and frozen. */
export interface AccessToken {
  readonly subject: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly claims: AccessTokenClaims
}

/** Puts claims that have been judged into the shape that services read. */
export const accessTokenOf = (claims: AccessTokenClaims): AccessToken =>
  deepFreeze({
    subject: claims.sub,
    clientId: claims.client_id,
    scopes: claims.scope.split(' ').filter((scope) => scope !== ''),
    roles: claims.roles,
    claims,
  })

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
