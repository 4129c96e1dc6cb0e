import { z } from 'zod'
import {
  createRole,
  deleteRole,
  findRole,
  grantRole,
  listRoles,
  listRolesOfUser,
  revokeRole,
  updateRole,
} from '../../administration/roles.ts'
import { network } from '../../protocol/client-metadata.ts'
import { PERMISSIONS } from '../../protocol/permission.ts'
import type { StoredRole } from '../../store/roles.ts'
import type { HeldRole } from '../../store/user-roles.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { id, instantIn, instantOut, listOf, paging, printable } from './schemas.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ . : -' })
const scopes = z.record(z.string().max(2048), z.array(z.string().max(300)).max(200))
const fields = {
  description: printable(300).optional(),
  require_mfa: z.boolean().optional(),
  allowed_networks: z.array(network).max(100).optional(),
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length).optional(),
  scopes: scopes.optional(),
}

/** What a role is told as. */
export const roleBody = z.strictObject(fields)
export const newRoleBody = z.strictObject({ name, ...fields })

const role = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    require_mfa: z.boolean(),
    allowed_networks: z.array(z.string()),
    permissions: z.array(z.string()),
    scopes,
    holders: z.int(),
  })
  .meta({ id: 'Role' })

const heldRole = z
  .strictObject({
    role: z.string(),
    granted_at: instantOut,
    granted_by: z.string().nullable(),
    reason: z.string().nullable(),
    expires_at: instantOut.nullable(),
    is_over: z.boolean(),
  })
  .meta({ id: 'HeldRole' })

const roleOut = (stored: StoredRole): z.input<typeof role> => ({
  name: stored.name,
  description: stored.description,
  require_mfa: stored.requireMfa,
  allowed_networks: [...stored.allowedNetworks],
  permissions: [...stored.permissions],
  scopes: Object.fromEntries(Object.entries(stored.scopes).map(([at, names]) => [at, [...names]])),
  holders: stored.holders,
})

const heldOut = (held: HeldRole): z.input<typeof heldRole> => ({
  role: held.role,
  granted_at: held.grantedAt,
  granted_by: held.grantedBy,
  reason: held.reason,
  expires_at: held.expiresAt,
  is_over: held.isOver,
})

interface SentFields {
  readonly description?: string | undefined
  readonly require_mfa?: boolean | undefined
  readonly allowed_networks?: readonly string[] | undefined
  readonly permissions?: readonly (typeof PERMISSIONS)[number][] | undefined
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined
}

export const roleFieldsIn = ({ require_mfa, allowed_networks, ...same }: SentFields) => ({
  ...same,
  requireMfa: require_mfa,
  allowedNetworks: allowed_networks,
})

export const roleOperations = [
  operation({
    id: 'listRoles',
    method: 'GET',
    path: '/roles',
    tag: 'roles',
    summary: 'List the roles',
    action: listRoles,
    query: z.strictObject(paging),
    status: 200,
    answer: listOf(role),
    async run(deps, actor, { query }) {
      const { items, next } = await pageOf(
        deps,
        { name: 'listRoles', filter: {} },
        query,
        (after, limit) => listRoles.run(deps, actor, { after, limit }),
        ({ name: last }) => last,
      )
      return { body: { items: items.map(roleOut), next_cursor: next } }
    },
  }),
  operation({
    id: 'getRole',
    method: 'GET',
    path: '/roles/:name',
    tag: 'roles',
    summary: 'Read a role',
    action: findRole,
    params: z.strictObject({ name }),
    status: 200,
    answer: role,
    isVersioned: true,
    run: async (deps, actor, { params }) => versioned(await findRole.run(deps, actor, params)),
  }),
  operation({
    id: 'createRole',
    method: 'POST',
    path: '/roles',
    tag: 'roles',
    summary: 'Make a role',
    action: createRole,
    body: newRoleBody,
    status: 201,
    answer: role,
    isVersioned: true,
    isCreation: true,
    async run(deps, actor, { body: { name, ...sent } }) {
      const made = await createRole.run(deps, actor, { name, ...roleFieldsIn(sent) })
      return { ...versioned(made), location: `/roles/${made.name}` }
    },
  }),
  operation({
    id: 'updateRole',
    method: 'PATCH',
    path: '/roles/:name',
    tag: 'roles',
    summary: 'Change a role: what is left out stays',
    action: updateRole,
    params: z.strictObject({ name }),
    body: roleBody,
    status: 200,
    answer: role,
    isVersioned: true,
    needsVersion: true,
    run: async (deps, actor, { params, body, version }) =>
      versioned(await updateRole.run(deps, actor, { ...params, ...roleFieldsIn(body), version })),
  }),
  operation({
    id: 'deleteRole',
    method: 'DELETE',
    path: '/roles/:name',
    tag: 'roles',
    summary: 'Delete a role: nobody holds it any more',
    action: deleteRole,
    params: z.strictObject({ name }),
    status: 204,
    async run(deps, actor, { params }) {
      await deleteRole.run(deps, actor, params)
      return {}
    },
  }),
  operation({
    id: 'listRolesOfUser',
    method: 'GET',
    path: '/users/:id/roles',
    tag: 'users',
    summary: 'List the roles of a user, with those whose time is over',
    action: listRolesOfUser,
    params: z.strictObject({ id }),
    status: 200,
    answer: z.strictObject({ items: z.array(heldRole) }),
    run: async (deps, actor, { params }) => ({
      body: { items: (await listRolesOfUser.run(deps, actor, { userId: params.id })).map(heldOut) },
    }),
  }),
  operation({
    id: 'grantRole',
    method: 'PUT',
    path: '/users/:id/roles/:role',
    tag: 'users',
    summary: 'Grant a user a role, for good or until an instant',
    action: grantRole,
    params: z.strictObject({ id, role: name }),
    body: z.strictObject({ expires_at: instantIn.optional(), reason: printable(300).optional() }),
    status: 200,
    answer: heldRole,
    async run(deps, actor, { params, body }) {
      const { expires_at: expiresAt, reason } = body
      return {
        body: heldOut(await grantRole.run(deps, actor, { userId: params.id, role: params.role, expiresAt, reason })),
      }
    },
  }),
  operation({
    id: 'revokeRole',
    method: 'DELETE',
    path: '/users/:id/roles/:role',
    tag: 'users',
    summary: 'Take a role from a user, at once',
    action: revokeRole,
    params: z.strictObject({ id, role: name }),
    status: 204,
    async run(deps, actor, { params }) {
      await revokeRole.run(deps, actor, { userId: params.id, role: params.role })
      return {}
    },
  }),
]

const versioned = (stored: StoredRole) => ({ body: roleOut(stored), version: stored.version })
