import type { Resource } from '../protocol/client.ts'
import type { ClientPolicy } from '../protocol/client-metadata.ts'
import { OWN_SCOPES } from '../protocol/scope.ts'
import type { FieldFault } from './refused.ts'

/** The scopes of each resource, by its identifier. */
export type KnownScopes = Map<string, Resource['scopes']>

export const scopesOf = (resources: readonly Pick<Resource, 'identifier' | 'scopes'>[]): KnownScopes =>
  new Map(resources.map(({ identifier, scopes }) => [identifier, scopes]))

/** What keeps a client from being allowed what it is to be: every resource exists, and defines the scopes that are not the server's own. */
export function clientFaults(
  { resources, scope }: Pick<ClientPolicy, 'resources' | 'scope'>,
  known: KnownScopes,
): readonly FieldFault[] {
  if (resources.some((identifier) => !known.has(identifier))) {
    return [{ field: 'resources', message: 'names a resource that is not known' }]
  }
  const defined = new Set<string>([
    ...OWN_SCOPES,
    ...resources.flatMap((identifier) => Object.keys(known.get(identifier) ?? {})),
  ])
  const unknown = scope.filter((token) => !defined.has(token))
  return unknown.length === 0
    ? []
    : [{ field: 'scope', message: `no resource of this client defines ${unknown.join(', ')}` }]
}
