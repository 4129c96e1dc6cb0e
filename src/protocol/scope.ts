import type { Client, Resource } from './client.ts'
import { OAuthError } from './error.ts'

/** The scopes that this server itself gives a meaning to. OIDC Core §5.4, §11 */
export const STANDARD_SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const

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

const isStandard = (scope: string): boolean => STANDARD_SCOPES.some((standard) => standard === scope)

/** The scopes that mean something at one audience: the standard ones, and those of that resource. */
export function scopeAt(scope: readonly string[], resource: Resource | undefined): readonly string[] {
  return scope.filter((token) => isStandard(token) || (resource !== undefined && Object.hasOwn(resource.scopes, token)))
}

/** The resources that define the asked scopes. */
export function resourcesOf(scope: readonly string[], known: readonly Resource[]): readonly Resource[] {
  return known.filter((resource) => scope.some((token) => !isStandard(token) && Object.hasOwn(resource.scopes, token)))
}
