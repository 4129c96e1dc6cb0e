import type { Resource } from '../protocol/client.ts'
import type { StoredResource } from '../store/resources.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { given, quicker, unchangedSince, type Versioned } from './change.ts'
import { refuseOpening } from './reach.ts'
import { notFound, Refused } from './refused.ts'

interface Named {
  readonly identifier: string
}

/** What an administrator may say of a resource; what is left out stays as it is. */
export interface ResourceFields {
  readonly name?: string | undefined
  readonly scopes?: Resource['scopes'] | undefined
  readonly introspectionClients?: readonly string[] | undefined
  readonly scopesByRole?: boolean | undefined
}

export const listResources = defineAction({
  permission: 'resources:read',
  run: (deps: AdministrationDeps, _actor, { after, limit }: { readonly after: string | undefined; limit: number }) =>
    deps.store.resources.page(after, limit),
})

export const findResource = defineAction({
  permission: 'resources:read',
  run: (deps: AdministrationDeps, _actor, { identifier }: Named) => resourceNamed(deps, identifier),
})

export const createResource = defineAction({
  permission: 'resources:write',
  async run(deps: AdministrationDeps, actor, { identifier, ...fields }: ResourceFields & Named) {
    const resource = { ...NEW_RESOURCE, identifier, ...given(fields) }
    await refuseFaults(deps, resource)
    const facts = { detail: { resource: identifier }, after: describe(resource) }
    const event = administered(deps, actor, 'resource.created', facts)
    if (!(await deps.store.resources.put(resource, event, { expects: 'absent' }))) {
      throw new Refused('conflict', 'there is a resource of this identifier')
    }
    return await resourceNamed(deps, identifier)
  },
})

export const updateResource = defineAction({
  permission: 'resources:write',
  async run(deps: AdministrationDeps, actor, { identifier, version, ...fields }: ResourceFields & Versioned & Named) {
    const stored = await resourceNamed(deps, identifier)
    const resource = { ...stored, ...given(fields) }
    refuseOpening(actor, stored, resource)
    await refuseFaults(deps, resource)
    const facts = { detail: { resource: identifier }, before: describe(stored), after: describe(resource) }
    const event = administered(deps, actor, 'resource.updated', facts)
    if (!(await deps.store.resources.put(resource, event, unchangedSince(stored, version)))) throw quicker()
    return await resourceNamed(deps, identifier)
  },
})

/** Deletes a resource, with what roles allow there. Tokens that were issued for it live out their minutes. */
export const deleteResource = defineAction({
  permission: 'resources:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { identifier }: Named) {
    const stored = await resourceNamed(deps, identifier)
    refuseOpening(actor, stored) // or it would be made again, open
    const before = describe(stored)
    const event = administered(deps, actor, 'resource.deleted', { detail: { resource: identifier }, before })
    if (!(await deps.store.resources.remove(identifier, event))) {
      throw new Refused('conflict', 'clients may ask tokens for it: take it from them first')
    }
  },
})

const NEW_RESOURCE = { name: '', scopes: {}, introspectionClients: [], scopesByRole: false }

async function resourceNamed(deps: AdministrationDeps, identifier: string): Promise<StoredResource> {
  const resource = await deps.store.resources.find(identifier)
  if (!resource) throw notFound('resource')
  return resource
}

/** @throws Refused where a resource would stand for this server, or be introspected by nobody who is known */
async function refuseFaults(deps: AdministrationDeps, resource: Resource): Promise<void> {
  const { store, config } = deps
  if (resource.identifier === config.issuer) {
    throw new Refused('invalid_request', 'the issuer is no resource', [
      { field: 'identifier', message: 'is the issuer, whose tokens are its own' },
    ])
  }
  for (const [index, clientId] of resource.introspectionClients.entries()) {
    if (await store.clients.find(clientId)) continue
    throw new Refused('invalid_request', 'who may introspect has to be a client', [
      { field: `introspection_clients.${index}`, message: 'is no client here' },
    ])
  }
}

const describe = ({ name, scopes, introspectionClients, scopesByRole }: Resource) => ({
  name,
  scopes,
  introspection_clients: introspectionClients,
  scopes_by_role: scopesByRole ?? false,
})
