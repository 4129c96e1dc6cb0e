import { storedMetadata } from '../administration/client-facts.ts'
import { digestOf } from '../base/digest.ts'
import { everyPage } from '../base/every-page.ts'
import { newId, newToken } from '../base/random.ts'
import type { Client } from '../protocol/client.ts'
import type { Store } from '../store/index.ts'
import { operated } from './change.ts'
import type { Command } from './command.ts'
import { properties, table } from './output.ts'
import { Refusal } from './refusal.ts'

/** The client whom an operator means. @throws Refusal when there is none */
export async function findClient(store: Pick<Store, 'clients'>, clientId: string): Promise<Client> {
  const client = await store.clients.find(clientId)
  if (!client) throw new Refusal('there is no such client')
  return client
}

export const clientCommands: readonly Command[] = [
  {
    name: 'client list',
    summary: 'List the clients.',
    async run(context) {
      const { store } = await context.deps()
      const clients = await everyPage(
        (after, limit) => store.clients.list(after, limit),
        ({ clientId }) => clientId,
      )
      const rows = clients.map(({ clientId, clientName, tokenEndpointAuthMethod, grantTypes, disabledAt }) => [
        clientId,
        clientName,
        tokenEndpointAuthMethod,
        grantTypes,
        disabledAt ? 'disabled' : 'enabled',
      ])
      const text = table(['client_id', 'client_name', 'auth_method', 'grant_types', 'state'], rows)
      return { text: rows.length === 0 ? 'No clients.' : text, json: { clients: clients.map(storedMetadata) } }
    },
  },
  {
    name: 'client show',
    summary: 'Show what a client may do, and when its secrets were made and last used.',
    words: ['ID'],
    async run(context, given) {
      const { store } = await context.deps()
      const client = await findClient(store, given.word(0))
      const secrets = (await store.administration.listSecrets(client.clientId)).map((secret) => ({
        id: secret.id,
        created_at: secret.createdAt,
        last_used_at: secret.lastUsedAt,
        expires_at: secret.expiresAt,
      }))
      const metadata = storedMetadata(client)
      const names = ['secret', 'created_at', 'last_used_at', 'expires_at']
      const parts = [properties(metadata), ...(secrets.length > 0 ? [table(names, secrets.map(Object.values))] : [])]
      return { text: parts.join('\n\n'), json: { ...metadata, secrets } }
    },
  },
  switching('disable', true),
  switching('enable', false),
  {
    name: 'client delete',
    summary: 'Delete a client with its secrets, grants and consents.',
    words: ['ID'],
    async run(context, given) {
      const deps = await context.deps()
      const clientId = given.word(0)
      const gone = await deps.store.clients.remove(clientId, operated(deps, 'client.deleted', { clientId }))
      if (!gone) throw new Refusal('there is no such client')
      return { text: `Deleted client ${clientId}.`, json: { client_id: clientId, deleted: true } }
    },
  },
  {
    name: 'client end-grants',
    summary: 'End every grant that users have given a client until now. They sign in again.',
    words: ['ID'],
    async run(context, given) {
      const deps = await context.deps()
      const { clientId } = await findClient(deps.store, given.word(0))
      await deps.store.clients.endGrants(clientId, operated(deps, 'client.grants_ended', { clientId }))
      return { text: `Ended every grant of client ${clientId}.`, json: { client_id: clientId, grants_ended: true } }
    },
  },
  {
    name: 'client secret add',
    summary: 'Make a second secret, and print it once. Two can be live at once.',
    words: ['ID'],
    async run(context, given) {
      const deps = await context.deps()
      const { clientId, tokenEndpointAuthMethod } = await findClient(deps.store, given.word(0))
      if (tokenEndpointAuthMethod === 'none') throw new Refusal('a public client has no secret')
      const secret = newToken(deps.random, 'cs_')
      const stored = { id: newId(deps.random, deps.clock.now()), digest: digestOf(secret) }
      const event = operated(deps, 'client.secret_added', { clientId, detail: { secret: stored.id } })
      if (!(await deps.store.clients.addSecret(clientId, stored, event))) {
        throw new Refusal('two secrets are live already: remove one first (client show lists them)')
      }
      return { text: secret, json: { client_id: clientId, secret_id: stored.id, client_secret: secret } }
    },
  },
  {
    name: 'client secret remove',
    summary: 'Remove a secret by its id.',
    words: ['ID', 'SECRET_ID'],
    async run(context, given) {
      const deps = await context.deps()
      const clientId = given.word(0)
      const id = given.word(1)
      const { secrets } = await findClient(deps.store, clientId)
      const event = operated(deps, 'client.secret_removed', { clientId, detail: { secret: id } })
      const isThere = secrets.some((secret) => secret.id === id)
      if (!isThere || !(await deps.store.clients.removeSecret(clientId, id, event))) {
        throw new Refusal('the client has no such secret')
      }
      return { text: `Removed secret ${id}.`, json: { client_id: clientId, secret_id: id, removed: true } }
    },
  },
]

function switching(verb: 'disable' | 'enable', isDisabled: boolean): Command {
  return {
    name: `client ${verb}`,
    summary: isDisabled ? 'Refuse a client and every token it has, at once.' : 'Let a disabled client work again.',
    words: ['ID'],
    async run(context, given) {
      const deps = await context.deps()
      const { clientId } = await findClient(deps.store, given.word(0))
      const event = operated(deps, `client.${verb}d`, { clientId })
      const isChanged = await deps.store.clients.setDisabled(clientId, isDisabled, event)
      const text = isChanged ? `Client ${clientId} is now ${verb}d.` : `Client ${clientId} was ${verb}d already.`
      return { text, json: { client_id: clientId, disabled: isDisabled, changed: isChanged } }
    },
  }
}
