import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { createRole, deleteRole, findRole, listRoles, updateRole } from '../../../administration/roles.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import { PERMISSIONS } from '../../../protocol/permission.ts'
import type { StoredRole } from '../../../store/roles.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { type RoleFormView, rolePage, rolePath, rolesPage } from '../../../views/admin/roles.ts'
import { checkedForm } from '../../admin-api/read-call.ts'
import { newRoleBody, roleBody, roleFieldsIn } from '../../admin-api/roles.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { askedOf, cursorField, linesOf, ROWS } from './asked.ts'

interface Named {
  readonly Params: { readonly name: string }
}

const listQuery = z.strictObject(cursorField)

const COLUMNS: readonly CsvColumn<StoredRole>[] = [
  { name: 'name', cell: ({ name }) => name },
  { name: 'description', cell: ({ description }) => description },
  { name: 'require_mfa', cell: ({ requireMfa }) => requireMfa },
  { name: 'allowed_networks', cell: ({ allowedNetworks }) => allowedNetworks },
  { name: 'permissions', cell: ({ permissions }) => permissions },
  {
    name: 'scopes',
    cell: ({ scopes }) => Object.entries(scopes).flatMap(([at, names]) => names.map((one) => `${at}=${one}`)),
  },
  { name: 'holders', cell: ({ holders }) => holders },
]

/** The roles of the console. */
export function rolePages(app: FastifyInstance, deps: Deps): void {
  app.get(ADMIN_PATHS.roles, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listRoles)
    if (!visitor) return
    const { cursor } = askedOf(request, listQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'roles', filter: {} },
      { cursor, limit: ROWS },
      (after, limit) => listRoles.run(deps, visitor.actor, { after, limit }),
      ({ name }) => name,
    )
    const { view, frame } = adminFrame(deps, request, visitor)
    const listing = { path: ADMIN_PATHS.roles, filter: {}, isLater: cursor !== undefined, next }
    await sendPage(reply, rolesPage({ ...view, roles: items, listing, mayWrite: mayWrite(visitor) }, frame))
  })
  app.get(`${ADMIN_PATHS.roles}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listRoles)
    if (!visitor) return
    await sendCsv(reply, 'roles', COLUMNS, (last, limit) =>
      listRoles.run(deps, visitor.actor, { after: last?.name, limit }),
    )
  })

  app.get(`${ADMIN_PATHS.roles}/new`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, createRole)
    if (visitor) await show(deps, request, reply, visitor, undefined, {})
  })
  app.post(ADMIN_PATHS.roles, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, createRole, `${ADMIN_PATHS.roles}/new`)
    if (!sent) return
    const { visitor, form } = sent
    const values = valuesOf(form)
    const made = await tried(async () => {
      const { name, ...fields } = checkedForm(newRoleBody, { name: form.get('name') ?? '', ...values })
      return await createRole.run(deps, visitor.actor, { name, ...roleFieldsIn(fields) })
    })
    if ('done' in made) return await backToAdmin(deps, reply, rolePath(made.done.name), 'created')
    await show(deps, request, reply, visitor, undefined, { form, refused: made.refused })
  })

  app.get<Named>(`${ADMIN_PATHS.roles}/:name`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, findRole)
    if (!visitor) return
    await show(deps, request, reply, visitor, await findRole.run(deps, visitor.actor, request.params), {})
  })
  app.post<Named>(`${ADMIN_PATHS.roles}/:name`, async (request, reply) => {
    const { name } = request.params
    const sent = await admitAdminForm(deps, request, reply, updateRole, rolePath(name))
    if (!sent) return
    const { visitor, form } = sent
    const stored = await findRole.run(deps, visitor.actor, { name })
    const { permissions, ...others } = valuesOf(form)
    const values = stored.permissions.includes('*') ? others : { permissions, ...others }
    const changed = await tried(async () => {
      const fields = roleFieldsIn(checkedForm(roleBody, values))
      return await updateRole.run(deps, visitor.actor, { name, version: form.get('version'), ...fields })
    })
    if ('done' in changed) return await backToAdmin(deps, reply, rolePath(name), 'saved')
    await show(deps, request, reply, visitor, stored, { form, refused: changed.refused })
  })
  app.post<Named>(`${ADMIN_PATHS.roles}/:name/delete`, async (request, reply) => {
    const { name } = request.params
    const sent = await admitAdminForm(deps, request, reply, deleteRole, rolePath(name))
    if (!sent) return
    const gone = await tried(() => deleteRole.run(deps, sent.visitor.actor, { name }))
    if ('done' in gone) return await backToAdmin(deps, reply, ADMIN_PATHS.roles, 'deleted')
    const stored = await findRole.run(deps, sent.visitor.actor, { name })
    await show(deps, request, reply, sent.visitor, stored, { refused: gone.refused })
  })
}

const mayWrite = ({ actor }: AdminVisitor): boolean => actor.permissions.includes('roles:write')

/** What the form sent, as the API takes it. A scope is sent with its resource before it, which holds no space. */
function valuesOf(form: Parameters) {
  const scopes: Record<string, string[]> = {}
  for (const pair of form.list('scopes')) {
    const [identifier = '', scope = ''] = pair.split(' ')
    scopes[identifier] = [...(scopes[identifier] ?? []), scope]
  }
  return {
    description: form.get('description') ?? '',
    require_mfa: form.get('require_mfa') === 'yes',
    allowed_networks: linesOf(form.get('allowed_networks')),
    permissions: [...form.list('permissions')],
    scopes,
  }
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: AdminVisitor,
  role: StoredRole | undefined,
  {
    form,
    refused,
  }: { readonly form?: Parameters; readonly refused?: RoleFormView['refused'] & { readonly status: number } },
): Promise<void> {
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const known = await deps.store.resources.list()
  const path = role ? rolePath(role.name) : ADMIN_PATHS.roles
  await sendPage(
    reply,
    rolePage(
      {
        ...view,
        action: deps.config.basePath + path,
        csrf,
        role,
        values: form ? typedValues(form) : (role ?? NEW),
        version: role?.version,
        permissions: PERMISSIONS,
        resources: known
          .filter(({ scopesByRole }) => scopesByRole)
          .map(({ identifier, scopes }) => ({ identifier, scopes: Object.keys(scopes) })),
        mayWrite: mayWrite(visitor),
        refused,
      },
      frame,
    ),
    { status: refused?.status ?? 200 },
  )
}

const NEW = { name: '', description: '', requireMfa: false, allowedNetworks: [], permissions: [], scopes: {} }

function typedValues(form: Parameters) {
  const { require_mfa: requireMfa, allowed_networks: allowedNetworks, ...same } = valuesOf(form)
  return { name: form.get('name') ?? '', requireMfa, allowedNetworks, ...same }
}
