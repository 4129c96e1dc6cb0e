import { z } from 'zod'
import { isResourceIdentifier } from './resource.ts'
import { isScopeToken, OWN_SCOPES } from './scope.ts'

const printable = z.string().regex(/^[^\p{C}]*$/u, { error: 'must not contain control characters' })
export const identifier = z
  .string()
  .refine(isResourceIdentifier, { error: 'must be an absolute URI without a fragment' })
/** A scope that a resource can define. RFC 6749 §3.3 */
export const scopeToken = z
  .string()
  .refine(isScopeToken, { error: 'is no scope token (RFC 6749 §3.3)' })
  .refine((token) => !OWN_SCOPES.some((standard) => standard === token), {
    error: 'is a scope of the server itself, and no resource can define it',
  })

/** An API as an administrator writes it: `scopes` is a list, or each scope with its description in plain words. RFC 8707 §2 */
export const resourceMetadata = z
  .strictObject({
    identifier,
    name: printable.max(100).default(''),
    scopes: z.union([z.array(scopeToken).max(200), z.record(scopeToken, printable.max(300))], {
      error: 'must be a list of scopes, or a mapping of each scope to its description',
    }),
    introspection_clients: z.array(z.string()).max(100).default([]),
    scopes_by_role: z.boolean().default(false),
  })
  .transform(({ introspection_clients, scopes_by_role, scopes, ...given }) => ({
    ...given,
    scopes: Array.isArray(scopes) ? Object.fromEntries(scopes.map((token) => [token, ''])) : scopes,
    introspectionClients: introspection_clients,
    scopesByRole: scopes_by_role,
  }))
export type DeclaredResource = z.output<typeof resourceMetadata>
