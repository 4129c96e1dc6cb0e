import { z } from 'zod'
import { storedMetadata } from '../../administration/client-facts.ts'
import { addClientSecret, listClientSecrets, removeClientSecret } from '../../administration/client-secrets.ts'
import {
  createClient,
  deleteClient,
  disableClient,
  enableClient,
  endGrantsOfClient,
  findClient,
  listClients,
  updateClient,
} from '../../administration/clients.ts'
import { clientMetadata } from '../../protocol/client-metadata.ts'
import type { StoredClient } from '../../store/clients.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { id, instantOut, listOf, paging, printable } from './schemas.ts'

const { client_id: clientId, disabled, ...policy } = clientMetadata.in.shape
const params = z.strictObject({ client_id: z.string().max(100) })

/** A client to be made: an id is chosen where none is given. */
const newClientBody = z.strictObject({ client_id: clientId.optional(), ...policy, disabled })

/** A part of a policy, without what stands in for what is left out: that stays, and `null` takes it away. RFC 7396 */
const clientBody = z.strictObject(
  Object.fromEntries(Object.entries(policy).map(([name, field]) => [name, z.nullable(bare(field)).optional()])),
)

function bare(field: z.core.$ZodType): z.core.$ZodType {
  return field instanceof z.ZodDefault || field instanceof z.ZodOptional ? bare(field.unwrap()) : field
}

export const clientQuery = { query: printable(100).optional(), state: z.enum(['enabled', 'disabled']).optional() }

const texts = z.array(z.string())
const facts = {
  client_id: z.string(),
  client_name: z.string(),
  token_endpoint_auth_method: z.string(),
  redirect_uris: texts,
  post_logout_redirect_uris: texts,
  backchannel_logout_uri: z.string().optional(),
  backchannel_logout_session_required: z.boolean(),
  allowed_origins: texts,
  grant_types: texts,
  scope: z.string(),
  resources: texts,
  first_party: z.boolean(),
  require_pkce: z.boolean(),
  require_mfa: z.boolean(),
  allowed_networks: texts,
  require_compliant_device: z.boolean(),
  client_uri: z.string().optional(),
  logo_uri: z.string().optional(),
  policy_uri: z.string().optional(),
  tos_uri: z.string().optional(),
  contacts: texts,
  access_token_lifetime_seconds: z.int().optional(),
  refresh_token_lifetime_seconds: z.int().optional(),
  refresh_token_idle_seconds: z.int().optional(),
  refresh_retry_seconds: z.int().optional(),
  refresh_rotation: z.boolean(),
  disabled: z.boolean(),
  grants_ended_at: instantOut.nullable(),
  created_at: instantOut,
  updated_at: instantOut,
}
const client = z.strictObject(facts).meta({ id: 'Client' })
const newClient = z.strictObject({ ...facts, client_secret: z.string().optional() }).meta({ id: 'NewClient' })

const secret = z
  .strictObject({
    id: z.string(),
    created_at: instantOut,
    last_used_at: instantOut.nullable(),
    expires_at: instantOut.nullable(),
  })
  .meta({ id: 'ClientSecret' })
const newSecret = z.strictObject({ id: z.string(), client_secret: z.string() }).meta({ id: 'NewClientSecret' })

const clientOut = ({ version: _, createdAt, updatedAt, ...stored }: StoredClient) => ({
  ...storedMetadata(stored),
  grants_ended_at: stored.tokensValidFrom ?? null,
  created_at: createdAt,
  updated_at: updatedAt,
})

const versioned = (stored: StoredClient) => ({ body: clientOut(stored), version: stored.version })

export const clientOperations = [
  operation({
    id: 'listClients',
    method: 'GET',
    path: '/clients',
    tag: 'clients',
    summary: 'List the clients by their ids; `query` looks for a part of the id or the name',
    action: listClients,
    query: z.strictObject({ ...paging, ...clientQuery }),
    status: 200,
    answer: listOf(client),
    async run(deps, actor, { query: { cursor, limit, ...filter } }) {
      const page = await pageOf(
        deps,
        { name: 'clients', filter },
        { cursor, limit },
        (after, most) => listClients.run(deps, actor, { ...filter, after, limit: most }),
        (one) => one.clientId,
      )
      return { body: { items: page.items.map(clientOut), next_cursor: page.next } }
    },
  }),
  operation({
    id: 'findClient',
    method: 'GET',
    path: '/clients/:client_id',
    tag: 'clients',
    summary: 'Read what a client may do',
    action: findClient,
    params,
    status: 200,
    answer: client,
    isVersioned: true,
    run: async (deps, actor, { params }) =>
      versioned(await findClient.run(deps, actor, { clientId: params.client_id })),
  }),
  operation({
    id: 'createClient',
    method: 'POST',
    path: '/clients',
    tag: 'clients',
    summary: 'Make a client. A confidential one gets a secret, which is told in this answer and never again',
    action: createClient,
    body: newClientBody,
    status: 201,
    answer: newClient,
    isVersioned: true,
    isCreation: true,
    async run(deps, actor, { body: metadata }) {
      const { client: made, secret: client_secret } = await createClient.run(deps, actor, { metadata })
      const body = { ...clientOut(made), client_secret }
      return { body, version: made.version, location: `/clients/${made.clientId}` }
    },
  }),
  operation({
    id: 'updateClient',
    method: 'PATCH',
    path: '/clients/:client_id',
    tag: 'clients',
    summary: 'Change what a client may do: what is left out stays, and `null` takes a field away',
    action: updateClient,
    params,
    body: clientBody,
    status: 200,
    answer: client,
    isVersioned: true,
    needsVersion: true,
    async run(deps, actor, { params, body: metadata, version }) {
      return versioned(await updateClient.run(deps, actor, { clientId: params.client_id, version, metadata }))
    },
  }),
  operation({
    id: 'deleteClient',
    method: 'DELETE',
    path: '/clients/:client_id',
    tag: 'clients',
    summary: 'Delete a client with its secrets, grants and consents',
    action: deleteClient,
    params,
    status: 204,
    async run(deps, actor, { params }) {
      await deleteClient.run(deps, actor, { clientId: params.client_id })
      return {}
    },
  }),
  changing('disable', 'Refuse a client and every token it has, at once', disableClient),
  changing('enable', 'Let a disabled client work again', enableClient),
  changing('end-grants', 'End every grant that users have given a client until now', endGrantsOfClient),
  operation({
    id: 'listClientSecrets',
    method: 'GET',
    path: '/clients/:client_id/secrets',
    tag: 'clients',
    summary: 'List when the secrets of a client were made and last used: never what they are',
    action: listClientSecrets,
    params,
    status: 200,
    answer: z.strictObject({ items: z.array(secret) }),
    async run(deps, actor, { params }) {
      const secrets = await listClientSecrets.run(deps, actor, { clientId: params.client_id })
      const items = secrets.map(({ id, createdAt, lastUsedAt, expiresAt }) => ({
        id,
        created_at: createdAt,
        last_used_at: lastUsedAt,
        expires_at: expiresAt,
      }))
      return { body: { items } }
    },
  }),
  operation({
    id: 'addClientSecret',
    method: 'POST',
    path: '/clients/:client_id/secrets',
    tag: 'clients',
    summary: 'Make a second secret, which is told in this answer and never again. Two can be live at once',
    action: addClientSecret,
    params,
    status: 201,
    answer: newSecret,
    isCreation: true,
    async run(deps, actor, { params }) {
      const made = await addClientSecret.run(deps, actor, { clientId: params.client_id })
      return { body: { id: made.id, client_secret: made.secret } }
    },
  }),
  operation({
    id: 'removeClientSecret',
    method: 'DELETE',
    path: '/clients/:client_id/secrets/:id',
    tag: 'clients',
    summary: 'Remove a secret: it is refused at once',
    action: removeClientSecret,
    params: params.extend({ id }),
    status: 204,
    async run(deps, actor, { params }) {
      await removeClientSecret.run(deps, actor, { clientId: params.client_id, id: params.id })
      return {}
    },
  }),
]

function changing(verb: 'disable' | 'enable' | 'end-grants', summary: string, action: typeof disableClient) {
  return operation({
    id: verb === 'end-grants' ? 'endGrantsOfClient' : `${verb}Client`,
    method: 'POST',
    path: `/clients/:client_id/${verb}`,
    tag: 'clients',
    summary,
    action,
    params,
    status: 200,
    answer: client,
    isVersioned: true,
    run: async (deps, actor, { params }) => versioned(await action.run(deps, actor, { clientId: params.client_id })),
  })
}
