import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createClient, listClients } from '../../../administration/clients.ts'
import { newId } from '../../../base/random.ts'
import type { Deps } from '../../../deps.ts'
import type { StoredClient } from '../../../store/clients.ts'
import { clientPath, clientsPage, toldSecretPage } from '../../../views/admin/clients.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { clientQuery } from '../../admin-api/clients.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { askedOf, cursorField, given, ROWS } from './asked.ts'
import { clientFrom, showClient } from './client-form.ts'

const PATH = ADMIN_PATHS.clients
const listQuery = z.strictObject({ ...clientQuery, ...cursorField })

const COLUMNS: readonly CsvColumn<StoredClient>[] = [
  { name: 'client_id', cell: ({ clientId }) => clientId },
  { name: 'client_name', cell: ({ clientName }) => clientName },
  { name: 'token_endpoint_auth_method', cell: ({ tokenEndpointAuthMethod }) => tokenEndpointAuthMethod },
  { name: 'grant_types', cell: ({ grantTypes }) => grantTypes },
  { name: 'scope', cell: ({ scope }) => scope },
  { name: 'resources', cell: ({ resources }) => resources },
  { name: 'redirect_uris', cell: ({ redirectUris }) => redirectUris },
  { name: 'contacts', cell: ({ contacts }) => contacts },
  { name: 'state', cell: ({ disabledAt }) => (disabledAt ? 'disabled' : 'enabled') },
  { name: 'created_at', cell: ({ createdAt }) => createdAt },
  { name: 'updated_at', cell: ({ updatedAt }) => updatedAt },
]

/** The clients of the console: finding them, and making new ones. */
export function clientPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listClients)
    if (!visitor) return
    const { cursor, ...filter } = askedOf(request, listQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'clients', filter },
      { cursor, limit: ROWS },
      (after, limit) => listClients.run(deps, visitor.actor, { ...filter, after, limit }),
      ({ clientId }) => clientId,
    )
    const { view, frame } = adminFrame(deps, request, visitor)
    const listing = { path: PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const mayWrite = visitor.actor.permissions.includes(createClient.permission)
    await sendPage(reply, clientsPage({ ...view, clients: items, listing, mayWrite }, frame))
  })

  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listClients)
    if (!visitor) return
    const { cursor: _, ...filter } = askedOf(request, listQuery)
    await sendCsv(reply, 'clients', COLUMNS, (last, limit) =>
      listClients.run(deps, visitor.actor, { ...filter, after: last?.clientId, limit }),
    )
  })

  app.get(`${PATH}/new`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, createClient)
    if (!visitor) return
    // The id stands in the form, so that sending it twice makes one client.
    const values = { ...NEW, client_id: newId(deps.random, deps.clock.now()) }
    await showClient(deps, request, reply, visitor, { values })
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, createClient, `${PATH}/new`)
    if (!sent) return
    const { visitor, form } = sent
    const values = { ...clientFrom(form), client_id: form.get('client_id') ?? '' }
    const metadata = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
    const made = await tried(() => createClient.run(deps, visitor.actor, { metadata }))
    if ('refused' in made) {
      return await showClient(deps, request, reply, visitor, { values, refused: made.refused })
    }
    const { client, secret } = made.done
    if (secret === undefined) return await backToAdmin(deps, reply, clientPath(client.clientId), 'created')
    const { view, frame } = adminFrame(deps, request, visitor)
    await sendPage(reply, toldSecretPage({ ...view, ...client, secret }, frame), { status: 201 })
  })
}

const NEW = {
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email',
  require_pkce: true,
  refresh_rotation: true,
}
