import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { metadataToChange } from '../../../administration/client-facts.ts'
import { addClientSecret, removeClientSecret } from '../../../administration/client-secrets.ts'
import {
  deleteClient,
  disableClient,
  enableClient,
  endGrantsOfClient,
  findClient,
  updateClient,
} from '../../../administration/clients.ts'
import type { Refused } from '../../../administration/refused.ts'
import type { Deps } from '../../../deps.ts'
import { clientPath, toldSecretPage } from '../../../views/admin/clients.ts'
import { confirmPage } from '../../../views/admin/confirm.ts'
import { ADMIN_PATHS, type AdminNotice } from '../../../views/admin/frame.ts'
import { pathUrl } from '../../../views/page.ts'
import { sendPage } from '../../context.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { refuseUnlessTyped } from './asked.ts'
import { clientFrom, showClient } from './client-form.ts'

interface Named {
  readonly Params: { readonly client_id: string }
}
interface NamedSecret {
  readonly Params: { readonly client_id: string; readonly id: string }
}

const PATH = `${ADMIN_PATHS.clients}/:client_id`

/** One client of the console: its policy, its secrets, and the ways to stop it. */
export function oneClientPages(app: FastifyInstance, deps: Deps): void {
  app.get<Named>(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, findClient)
    if (!visitor) return
    const client = await findClient.run(deps, visitor.actor, { clientId: request.params.client_id })
    await showClient(deps, request, reply, visitor, { client })
  })
  app.post<Named>(PATH, async (request, reply) => {
    const { client_id: clientId } = request.params
    const sent = await admitAdminForm(deps, request, reply, updateClient, clientPath(clientId))
    if (!sent) return
    const { visitor, form } = sent
    const client = await findClient.run(deps, visitor.actor, { clientId })
    const values = clientFrom(form)
    const metadata = { ...values, allowed_origins: values.allowed_origins ?? chosenOrigins(client) }
    const change = { clientId, version: form.get('version'), metadata }
    const changed = await tried(() => updateClient.run(deps, visitor.actor, change))
    if ('done' in changed) return await backToAdmin(deps, reply, clientPath(clientId), 'saved')
    await showClient(deps, request, reply, visitor, { client, values, refused: changed.refused })
  })
  switching(app, deps, 'disable', disableClient, 'disabled')
  switching(app, deps, 'enable', enableClient, 'enabled')
  switching(app, deps, 'end-grants', endGrantsOfClient, 'ended')
  secrets(app, deps)
  deletion(app, deps)
}

/** An empty list that somebody chose stays one; `null`: the origins follow the redirect URIs. */
function chosenOrigins(client: Parameters<typeof metadataToChange>[0]): readonly string[] | null {
  const { allowed_origins: chosen } = metadataToChange(client)
  return Array.isArray(chosen) && chosen.length === 0 ? [] : null
}

function switching(
  app: FastifyInstance,
  deps: Deps,
  step: string,
  action: typeof disableClient,
  done: AdminNotice,
): void {
  app.post<Named>(`${PATH}/${step}`, async (request, reply) => {
    const { client_id: clientId } = request.params
    const sent = await admitAdminForm(deps, request, reply, action, clientPath(clientId))
    if (!sent) return
    await action.run(deps, sent.visitor.actor, { clientId })
    await backToAdmin(deps, reply, clientPath(clientId), done)
  })
}

function secrets(app: FastifyInstance, deps: Deps): void {
  app.post<Named>(`${PATH}/secrets`, async (request, reply) => {
    const { client_id: clientId } = request.params
    const sent = await admitAdminForm(deps, request, reply, addClientSecret, clientPath(clientId))
    if (!sent) return
    const { visitor } = sent
    const client = await findClient.run(deps, visitor.actor, { clientId })
    const made = await tried(() => addClientSecret.run(deps, visitor.actor, { clientId }))
    if ('refused' in made) return await showClient(deps, request, reply, visitor, { client, refused: made.refused })
    const { view, frame } = adminFrame(deps, request, visitor)
    await sendPage(reply, toldSecretPage({ ...view, ...client, secret: made.done.secret }, frame), { status: 201 })
  })
  app.post<NamedSecret>(`${PATH}/secrets/:id/remove`, async (request, reply) => {
    const { client_id: clientId, id } = request.params
    const sent = await admitAdminForm(deps, request, reply, removeClientSecret, clientPath(clientId))
    if (!sent) return
    await removeClientSecret.run(deps, sent.visitor.actor, { clientId, id })
    await backToAdmin(deps, reply, clientPath(clientId), 'removed')
  })
}

function deletion(app: FastifyInstance, deps: Deps): void {
  const path = (clientId: string) => `${clientPath(clientId)}/delete`
  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    clientId: string,
    refused?: Refused,
  ): Promise<void> {
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const client = await findClient.run(deps, visitor.actor, { clientId })
    const confirm = {
      ...view,
      action: deps.config.basePath + path(clientId),
      csrf,
      section: 'clients' as const,
      title: `Delete ${client.clientName}?`,
      meaning: 'Its secrets, what users have granted it and every token that it has go with it. This cannot be undone.',
      button: 'Delete client',
      back: { href: pathUrl(frame, clientPath(clientId)).toString(), name: client.clientName },
      mustType: clientId,
      command: `postern client delete ${clientId}`,
      refused,
    }
    await sendPage(reply, confirmPage(confirm, frame), { status: refused?.status ?? 200 })
  }
  app.get<Named>(`${PATH}/delete`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, deleteClient)
    if (visitor) await ask(request, reply, visitor, request.params.client_id)
  })
  app.post<Named>(`${PATH}/delete`, async (request, reply) => {
    const { client_id: clientId } = request.params
    const sent = await admitAdminForm(deps, request, reply, deleteClient, path(clientId))
    if (!sent) return
    const gone = await tried(async () => {
      refuseUnlessTyped(sent.form.get('confirm'), clientId)
      await deleteClient.run(deps, sent.visitor.actor, { clientId })
    })
    if ('done' in gone) return await backToAdmin(deps, reply, ADMIN_PATHS.clients, 'deleted')
    await ask(request, reply, sent.visitor, clientId, gone.refused)
  })
}
