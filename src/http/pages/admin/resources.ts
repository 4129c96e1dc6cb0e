import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Refused } from '../../../administration/refused.ts'
import {
  createResource,
  deleteResource,
  findResource,
  listResources,
  updateResource,
} from '../../../administration/resources.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import type { StoredResource } from '../../../store/resources.ts'
import { confirmPage } from '../../../views/admin/confirm.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { resourcePage, resourcePath, resourcesPage } from '../../../views/admin/resources.ts'
import { pathUrl } from '../../../views/page.ts'
import { checkedForm } from '../../admin-api/read-call.ts'
import { newResourceBody, resourceBody, resourceFieldsIn } from '../../admin-api/resources.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { askedOf, cursorField, linesOf, ROWS, refuseUnlessTyped } from './asked.ts'

interface Named {
  readonly Params: { readonly identifier: string }
}

const PATH = ADMIN_PATHS.resources
const listQuery = z.strictObject(cursorField)

const COLUMNS: readonly CsvColumn<StoredResource>[] = [
  { name: 'identifier', cell: ({ identifier }) => identifier },
  { name: 'name', cell: ({ name }) => name },
  { name: 'scopes', cell: ({ scopes }) => Object.keys(scopes) },
  { name: 'scopes_by_role', cell: ({ scopesByRole }) => scopesByRole },
  { name: 'introspection_clients', cell: ({ introspectionClients }) => introspectionClients },
  { name: 'created_at', cell: ({ createdAt }) => createdAt },
  { name: 'updated_at', cell: ({ updatedAt }) => updatedAt },
]

const mayWrite = ({ actor }: AdminVisitor): boolean => actor.permissions.includes(updateResource.permission)

/** The resources of the console. */
export function resourcePages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listResources)
    if (!visitor) return
    const { cursor } = askedOf(request, listQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'resources', filter: {} },
      { cursor, limit: ROWS },
      (after, limit) => listResources.run(deps, visitor.actor, { after, limit }),
      ({ identifier }) => identifier,
    )
    const { view, frame } = adminFrame(deps, request, visitor)
    const listing = { path: PATH, filter: {}, isLater: cursor !== undefined, next }
    await sendPage(reply, resourcesPage({ ...view, resources: items, listing, mayWrite: mayWrite(visitor) }, frame))
  })
  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listResources)
    if (!visitor) return
    await sendCsv(reply, 'resources', COLUMNS, (last, limit) =>
      listResources.run(deps, visitor.actor, { after: last?.identifier, limit }),
    )
  })

  app.get(`${PATH}/new`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, createResource)
    if (visitor) await show(deps, request, reply, visitor, { values: NEW })
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, createResource, `${PATH}/new`)
    if (!sent) return
    const { visitor, form } = sent
    const body = { identifier: form.get('identifier')?.trim() ?? '', ...fieldsFrom(form) }
    const made = await tried(async () => {
      const { identifier, ...fields } = checkedForm(newResourceBody, body)
      return await createResource.run(deps, visitor.actor, { identifier, ...resourceFieldsIn(fields) })
    })
    if ('done' in made) return await backToAdmin(deps, reply, resourcePath(made.done.identifier), 'created')
    const values = { identifier: body.identifier, ...valuesFrom(form) }
    await show(deps, request, reply, visitor, { values, refused: made.refused })
  })

  app.get<Named>(`${PATH}/:identifier`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, findResource)
    if (!visitor) return
    const resource = await findResource.run(deps, visitor.actor, request.params)
    await show(deps, request, reply, visitor, { resource, values: resource })
  })
  app.post<Named>(`${PATH}/:identifier`, async (request, reply) => {
    const { identifier } = request.params
    const sent = await admitAdminForm(deps, request, reply, updateResource, resourcePath(identifier))
    if (!sent) return
    const { visitor, form } = sent
    const resource = await findResource.run(deps, visitor.actor, { identifier })
    const changed = await tried(async () => {
      const fields = resourceFieldsIn(checkedForm(resourceBody, fieldsFrom(form)))
      return await updateResource.run(deps, visitor.actor, { identifier, version: form.get('version'), ...fields })
    })
    if ('done' in changed) return await backToAdmin(deps, reply, resourcePath(identifier), 'saved')
    const values = { identifier, ...valuesFrom(form) }
    await show(deps, request, reply, visitor, { resource, values, refused: changed.refused })
  })
  deletion(app, deps)
}

const NEW = { identifier: '', name: '', scopes: {}, introspectionClients: [], scopesByRole: false }

/** A line is a scope, and after a blank what it means. */
const scopesFrom = (text: string | undefined): Record<string, string> =>
  Object.fromEntries(
    linesOf(text).map((line) => {
      const [scope = '', ...meaning] = line.split(/\s+/)
      return [scope, meaning.join(' ')]
    }),
  )

const fieldsFrom = (form: Parameters) => ({
  name: form.get('name') ?? '',
  scopes: scopesFrom(form.get('scopes')),
  introspection_clients: linesOf(form.get('introspection_clients')),
  scopes_by_role: form.get('scopes_by_role') === 'yes',
})

function valuesFrom(form: Parameters) {
  const { introspection_clients: introspectionClients, scopes_by_role: scopesByRole, ...same } = fieldsFrom(form)
  return { ...same, introspectionClients, scopesByRole }
}

interface Shown {
  readonly resource?: StoredResource
  readonly values: Pick<StoredResource, keyof typeof NEW>
  readonly refused?: Refused
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: AdminVisitor,
  { resource, values, refused }: Shown,
): Promise<void> {
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const action = deps.config.basePath + (resource ? resourcePath(resource.identifier) : PATH)
  const shown = { ...view, action, csrf, resource, values, version: resource?.version, refused }
  await sendPage(reply, resourcePage({ ...shown, mayWrite: mayWrite(visitor) }, frame), {
    status: refused?.status ?? 200,
  })
}

function deletion(app: FastifyInstance, deps: Deps): void {
  const path = (identifier: string) => `${resourcePath(identifier)}/delete`
  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    identifier: string,
    refused?: Refused,
  ): Promise<void> {
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const resource = await findResource.run(deps, visitor.actor, { identifier })
    const name = resource.name || identifier
    const confirm = {
      ...view,
      action: deps.config.basePath + path(identifier),
      csrf,
      section: 'resources' as const,
      title: `Delete ${name}?`,
      meaning: 'No token is issued for it any more, and what roles allow there is gone. This cannot be undone.',
      button: 'Delete resource',
      back: { href: pathUrl(frame, resourcePath(identifier)).toString(), name },
      mustType: identifier,
      command: `postern resource delete '${identifier.replaceAll("'", "'\\''")}'`,
      refused,
    }
    await sendPage(reply, confirmPage(confirm, frame), { status: refused?.status ?? 200 })
  }
  app.get<Named>(`${PATH}/:identifier/delete`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, deleteResource)
    if (visitor) await ask(request, reply, visitor, request.params.identifier)
  })
  app.post<Named>(`${PATH}/:identifier/delete`, async (request, reply) => {
    const { identifier } = request.params
    const sent = await admitAdminForm(deps, request, reply, deleteResource, path(identifier))
    if (!sent) return
    const gone = await tried(async () => {
      refuseUnlessTyped(sent.form.get('confirm'), identifier)
      await deleteResource.run(deps, sent.visitor.actor, { identifier })
    })
    if ('done' in gone) return await backToAdmin(deps, reply, PATH, 'deleted')
    await ask(request, reply, sent.visitor, identifier, gone.refused)
  })
}
