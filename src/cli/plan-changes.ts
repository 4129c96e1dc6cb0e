import { metadataOf, storedMetadata } from '../administration/client-facts.ts'
import type { Digest } from '../base/digest.ts'
import { newId } from '../base/random.ts'
import type { Client } from '../protocol/client.ts'
import type { DeclaredResource } from '../protocol/resource-metadata.ts'
import type { Role } from '../store/roles.ts'
import { ADMINISTRATOR } from '../store/user-roles.ts'
import { canonical } from '../store/users.ts'
import { type Change, type ChangeDeps, changeOf, differing, operated } from './change.ts'
import type { DeclaredClient, DeclaredRole } from './declaration.ts'
import type { Known } from './known.ts'
import { planUser } from './plan-user.ts'
import type { Declaration } from './read-declaration.ts'

/**
 * Every change that makes the database what the file says, in the order in which they have to be done: roles, resources,
 * clients, users. What the file doesn't mention stays. Changes nothing.
 */
export async function planChanges(
  deps: ChangeDeps,
  declaration: Declaration,
  known: Known,
): Promise<readonly Change[]> {
  const { roles, resources, clients, users } = declaration
  const changes = [
    ...roles.map(({ value }) => planRole(deps, value, known)),
    ...resources.map(({ value }) => planResource(deps, value, known)),
    ...clients.map(({ value }) => planClient(deps, value, known.clients.get(value.policy.clientId))),
  ]
  // In turn: each may have to check a password, and the permits for that are the server's.
  for (const { value } of users) changes.push(await planUser(deps, value, known.users.get(canonical(value.username))))
  return changes
}

function planRole(deps: ChangeDeps, { name, ...declared }: DeclaredRole, known: Known): Change {
  const stored = known.roles.find((role) => role.name === name)
  const described = (role: Role | undefined) => ({
    description: role?.description ?? '',
    require_mfa: role?.requireMfa ?? false,
    allowed_networks: role?.allowedNetworks ?? [],
    permissions: role?.permissions ?? [],
    scopes: role?.scopes ?? {},
  })
  const before = described(stored)
  const role = {
    name,
    description: declared.description ?? before.description,
    requireMfa: (declared.require_mfa ?? before.require_mfa) || name === ADMINISTRATOR, // always
    allowedNetworks: declared.allowed_networks ?? before.allowed_networks,
    permissions: (name === ADMINISTRATOR ? undefined : declared.permissions) ?? before.permissions, // it has them all
    scopes: declared.scopes ?? before.scopes,
  }
  const fields = differing(described(role), before)
  return changeOf('role', name, stored !== undefined, fields, async () => {
    await deps.store.roles.put(role, operated(deps, 'role.put', { detail: { role: name, fields } }))
  })
}

function planResource(deps: ChangeDeps, declared: DeclaredResource, known: Known): Change {
  const { identifier } = declared
  const stored = known.resources.find((resource) => resource.identifier === identifier)
  const described = ({
    name,
    scopes,
    introspectionClients,
    scopesByRole,
  }: DeclaredResource | NonNullable<typeof stored>) => ({
    name,
    scopes,
    introspection_clients: introspectionClients,
    scopes_by_role: scopesByRole,
  })
  const fields = stored ? differing(described(declared), described(stored)) : []
  return changeOf('resource', identifier, stored !== undefined, fields, async () => {
    await deps.store.resources.put(
      declared,
      operated(deps, 'resource.put', { detail: { resource: identifier, fields } }),
    )
  })
}

/** What makes one client what it is declared to be. Where two secrets are live, a new one takes the place of the older. */
export function planClient(deps: ChangeDeps, declared: DeclaredClient, stored: Client | undefined): Change {
  const { clientId } = declared.policy
  const policy = { ...declared.policy, disabled: declared.disabled ?? stored?.disabledAt !== undefined }
  const metadata = stored ? differing(metadataOf(policy), storedMetadata(stored)) : []
  const isNewSecret = declared.secret !== undefined && !hasSecret(stored, declared.secret, deps.clock.now())
  const fields = [...metadata, ...(isNewSecret ? ['client_secret'] : [])]
  return changeOf('client', clientId, stored !== undefined, fields, async () => {
    if (!stored || metadata.length > 0) {
      const type = stored ? 'client.updated' : 'client.created'
      await deps.store.clients.put(policy, operated(deps, type, { clientId, detail: { fields: metadata } }))
    }
    if (declared.secret !== undefined && isNewSecret) {
      const secret = { id: newId(deps.random, deps.clock.now()), digest: declared.secret }
      await deps.store.administration.putSecret(clientId, secret, operated(deps, 'client.secret_added', { clientId }))
    }
  })
}

const hasSecret = (client: Client | undefined, secret: Digest, now: Date): boolean =>
  client?.secrets.some(({ digest, expiresAt }) => digest.equals(secret) && !(expiresAt && expiresAt <= now)) ?? false
