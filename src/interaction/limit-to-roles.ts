import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import type { Resource } from '../protocol/client.ts'
import { type ScopeRights, scopeByRoles } from '../protocol/scope.ts'

/**
 * An authorization request as far as the roles of its user go: a user gets less than was asked, as RFC 6749 §3.3 allows, and
 * is asked to consent to that alone. Whoever may have nothing of it is refused by `nextStep`.
 */
export function limitedToRoles(
  request: AuthorizationRequest,
  user: ScopeRights | undefined,
  known: readonly Resource[],
): AuthorizationRequest {
  if (!user) return request
  const scope = scopeByRoles(request.scope, user, request.resources, known)
  if (scope.length === request.scope.length) return request
  return { ...request, scope, isBeyondRoles: scope.length === 0 }
}
