import { z } from 'zod'
import {
  createResource,
  deleteResource,
  findResource,
  listResources,
  type ResourceFields,
  updateResource,
} from '../../administration/resources.ts'
import { identifier, scopeToken } from '../../protocol/resource-metadata.ts'
import type { StoredResource } from '../../store/resources.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { instantOut, listOf, paging, printable } from './schemas.ts'

const params = z.strictObject({ identifier: z.string().max(2048) })
const fields = {
  name: printable(100).optional(),
  scopes: z.record(scopeToken, printable(300)).optional(),
  introspection_clients: z.array(z.string().max(100)).max(100).optional(),
  scopes_by_role: z.boolean().optional(),
}
export const newResourceBody = z.strictObject({ identifier, ...fields })
export const resourceBody = z.strictObject(fields)

const resource = z
  .strictObject({
    identifier: z.string(),
    name: z.string(),
    scopes: z.record(z.string(), z.string()),
    introspection_clients: z.array(z.string()),
    scopes_by_role: z.boolean(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Resource' })

const resourceOut = (stored: StoredResource) => ({
  identifier: stored.identifier,
  name: stored.name,
  scopes: stored.scopes,
  introspection_clients: stored.introspectionClients,
  scopes_by_role: stored.scopesByRole,
  created_at: stored.createdAt,
  updated_at: stored.updatedAt,
})

/** What was sent of a resource, as its actions take it. */
export const resourceFieldsIn = ({
  introspection_clients: introspectionClients,
  scopes_by_role: scopesByRole,
  ...same
}: z.output<typeof resourceBody>): ResourceFields => ({ ...same, introspectionClients, scopesByRole })

const versioned = (stored: StoredResource) => ({ body: resourceOut(stored), version: stored.version })

export const resourceOperations = [
  operation({
    id: 'listResources',
    method: 'GET',
    path: '/resources',
    tag: 'resources',
    summary: 'List the resources, the APIs that tokens are for, by their identifiers',
    action: listResources,
    query: z.strictObject(paging),
    status: 200,
    answer: listOf(resource),
    async run(deps, actor, { query }) {
      const page = await pageOf(
        deps,
        { name: 'resources', filter: {} },
        query,
        (after, limit) => listResources.run(deps, actor, { after, limit }),
        (one) => one.identifier,
      )
      return { body: { items: page.items.map(resourceOut), next_cursor: page.next } }
    },
  }),
  operation({
    id: 'findResource',
    method: 'GET',
    path: '/resources/:identifier',
    tag: 'resources',
    summary: 'Read a resource; its identifier is percent-encoded in the path',
    action: findResource,
    params,
    status: 200,
    answer: resource,
    isVersioned: true,
    run: async (deps, actor, { params }) => versioned(await findResource.run(deps, actor, params)),
  }),
  operation({
    id: 'createResource',
    method: 'POST',
    path: '/resources',
    tag: 'resources',
    summary: 'Make a resource',
    action: createResource,
    body: newResourceBody,
    status: 201,
    answer: resource,
    isVersioned: true,
    isCreation: true,
    async run(deps, actor, { body: { identifier, ...sent } }) {
      const made = await createResource.run(deps, actor, { identifier, ...resourceFieldsIn(sent) })
      return { ...versioned(made), location: `/resources/${encodeURIComponent(made.identifier)}` }
    },
  }),
  operation({
    id: 'updateResource',
    method: 'PATCH',
    path: '/resources/:identifier',
    tag: 'resources',
    summary: 'Change a resource: what is left out stays',
    action: updateResource,
    params,
    body: resourceBody,
    status: 200,
    answer: resource,
    isVersioned: true,
    needsVersion: true,
    run: async (deps, actor, { params, body, version }) =>
      versioned(await updateResource.run(deps, actor, { ...params, ...resourceFieldsIn(body), version })),
  }),
  operation({
    id: 'deleteResource',
    method: 'DELETE',
    path: '/resources/:identifier',
    tag: 'resources',
    summary: 'Delete a resource that no client may ask tokens for',
    action: deleteResource,
    params,
    status: 204,
    async run(deps, actor, { params }) {
      await deleteResource.run(deps, actor, params)
      return {}
    },
  }),
]
