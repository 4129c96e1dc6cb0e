import type { Directory } from '../clients/find-client.ts'
import { targetResource } from '../protocol/resource.ts'
import { type ScopeRights, scopeAt, scopeByRoles } from '../protocol/scope.ts'

/** Where an access token is good, and with which part of the scope. RFC 8707 §2.2 */
export interface Target {
  readonly audience: string
  readonly scope: readonly string[]
}

/** A target as far as the roles of a user go, read live: what they lost since is no longer in their tokens. */
export async function targetByRoles(
  deps: { readonly directory: Directory },
  target: Target,
  user: ScopeRights,
): Promise<Target> {
  return { ...target, scope: scopeByRoles(target.scope, user, [target.audience], await deps.directory.resources()) }
}

/** The one audience of a token: the resource that was asked for, or this server where the grant has none. */
export async function targetOf(
  deps: { readonly directory: Directory; readonly config: { readonly issuer: string } },
  granted: readonly string[],
  asked: readonly string[],
  scope: readonly string[],
): Promise<Target> {
  const identifier = targetResource(granted, asked)
  const resources = await deps.directory.resources()
  const resource = resources.find((known) => known.identifier === identifier)
  return { audience: identifier ?? deps.config.issuer, scope: scopeAt(scope, resource) }
}
