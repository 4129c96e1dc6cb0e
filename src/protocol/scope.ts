import type { Client, Resource } from './client.ts'
import { OAuthError } from './error.ts'

/** The scopes that OpenID Connect gives a meaning to. OIDC Core §5.4, §11 */
export const STANDARD_SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const

/** Opens the admin API, as far as the user's permissions go. */
export const ADMIN_SCOPE = 'postern:admin'

/** The scopes that no resource can define. */
export const OWN_SCOPES = [...STANDARD_SCOPES, ADMIN_SCOPE] as const

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/ // RFC 6749 §3.3
const MOST_TOKENS = 100

/** Whether a text can be a scope's name. RFC 6749 §3.3 */
export const isScopeToken = (text: string): boolean => SCOPE_TOKEN.test(text)

/** Splits a scope parameter into its distinct tokens, in their order. RFC 6749 §3.3 */
export function parseScope(text: string): readonly string[] {
  const tokens = [...new Set(text.split(' ').filter((token) => token !== ''))]
  if (tokens.length > MOST_TOKENS || !tokens.every(isScopeToken)) {
    throw new OAuthError('invalid_scope', 'scope is malformed')
  }
  return tokens
}

export const formatScope = (scope: readonly string[]): string => scope.join(' ')

/**
 * The scope of a request: what was asked, all of which the client must be allowed, or the client's own scope. RFC 6749 §3.3
 * Does not check that some resource defines each scope.
 */
export function requestedScope(client: Client, scope: string | undefined): readonly string[] {
  if (scope === undefined) return client.scope
  const tokens = parseScope(scope)
  if (!tokens.every((token) => client.scope.includes(token))) {
    throw new OAuthError('invalid_scope', 'a scope is unknown or not allowed for this client')
  }
  return tokens
}

/** The part of a grant that a token request asks for: never more than was granted. RFC 6749 §6 */
export function narrowedScope(granted: readonly string[], scope: string | undefined): readonly string[] {
  if (scope === undefined) return granted
  const tokens = parseScope(scope)
  if (!tokens.every((token) => granted.includes(token))) {
    throw new OAuthError('invalid_scope', 'a scope goes beyond the grant')
  }
  return tokens
}

const isOwn = (scope: string): boolean => OWN_SCOPES.some((own) => own === scope)

/** The scopes that mean something at one audience: the standard ones, and those of that resource. */
export function scopeAt(scope: readonly string[], resource: Resource | undefined): readonly string[] {
  return scope.filter((token) => {
    if (token === ADMIN_SCOPE) return resource === undefined
    return isOwn(token) || (resource !== undefined && Object.hasOwn(resource.scopes, token))
  })
}

/** What the roles of a user let them have. */
export interface ScopeRights {
  /** In the administration of this server. */
  readonly permissions: readonly string[]
  /** Pairs of a resource and a scope there. */
  readonly roleScopes: readonly (readonly [resource: string, scope: string])[]
}

/**
 * The part of a scope that a user may have: at a resource that goes by roles, what their roles allow; the admin API, whoever
 * may do anything there. Looks at no other resource than those it is for, since another one may define a scope of the same
 * name and give it to everybody.
 * @param audience identifiers of resources
 */
export function scopeByRoles(
  scope: readonly string[],
  rights: ScopeRights,
  audience: readonly string[],
  known: readonly Resource[],
): readonly string[] {
  const meant = known.filter(({ identifier }) => audience.includes(identifier))
  return scope.filter((token) => {
    if (token === ADMIN_SCOPE) return rights.permissions.length > 0
    const defining = resourcesOf([token], meant)
    const isAllowedAt = ({ identifier, scopesByRole }: Resource) =>
      !scopesByRole || rights.roleScopes.some(([at, name]) => at === identifier && name === token)
    return defining.length === 0 || defining.some(isAllowedAt)
  })
}

/** The resources that define the asked scopes. */
export function resourcesOf(scope: readonly string[], known: readonly Resource[]): readonly Resource[] {
  return known.filter((resource) => scope.some((token) => !isOwn(token) && Object.hasOwn(resource.scopes, token)))
}
