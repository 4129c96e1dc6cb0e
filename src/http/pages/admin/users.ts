import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Refused } from '../../../administration/refused.ts'
import { createUser, inviteUser, listUsers, positionOfUser } from '../../../administration/users.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import type { ListedUser } from '../../../store/user-profiles.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { invitePage, type UserFormView, userFormPage } from '../../../views/admin/user-forms.ts'
import { userPath, usersPage } from '../../../views/admin/users.ts'
import { checkedForm } from '../../admin-api/read-call.ts'
import { newUserBody, userFilter } from '../../admin-api/users.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { pageOf } from '../../cursor.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { askedOf, cursorField, given, ROWS } from './asked.ts'
import { CLAIM_LABELS, newValuesOf, shownValues } from './user-form.ts'

const PATH = ADMIN_PATHS.users

const listQuery = z.strictObject({ ...userFilter, ...cursorField })

const COLUMNS: readonly CsvColumn<ListedUser>[] = [
  { name: 'id', cell: ({ id }) => id },
  { name: 'username', cell: ({ username }) => username },
  { name: 'email', cell: ({ email }) => email },
  { name: 'email_verified', cell: ({ emailVerified }) => emailVerified },
  { name: 'roles', cell: ({ roles }) => roles },
  { name: 'has_factor', cell: ({ hasFactor }) => hasFactor },
  { name: 'state', cell: ({ disabledAt }) => (disabledAt ? 'disabled' : 'enabled') },
  { name: 'created_at', cell: ({ createdAt }) => createdAt },
]

/** The users of the console: finding them, and making and inviting new ones. */
export function userPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listUsers)
    if (!visitor) return
    const { cursor, ...filter } = askedOf(request, listQuery)
    const { items, next } = await pageOf(
      deps,
      { name: 'users', filter },
      { cursor, limit: ROWS },
      (after, limit) => listUsers.run(deps, visitor.actor, { ...filter, after, limit }),
      positionOfUser,
    )
    const { view, frame } = adminFrame(deps, request, visitor)
    const roles = (await deps.store.roles.list()).map(({ name }) => name)
    const listing = { path: PATH, filter: given(filter), isLater: cursor !== undefined, next }
    const mayWrite = visitor.actor.permissions.includes(createUser.permission)
    await sendPage(reply, usersPage({ ...view, users: items, roles, listing, mayWrite }, frame))
  })

  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listUsers)
    if (!visitor) return
    const { cursor: _, ...filter } = askedOf(request, listQuery)
    await sendCsv(reply, 'users', COLUMNS, (last, limit) =>
      listUsers.run(deps, visitor.actor, { ...filter, after: last && positionOfUser(last), limit }),
    )
  })

  app.get(`${PATH}/new`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, createUser)
    if (visitor) await showNew(deps, request, reply, visitor, {})
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, createUser, `${PATH}/new`)
    if (!sent) return
    const { visitor, form } = sent
    const made = await tried(async () => {
      const { email_verified: emailVerified, ...fields } = checkedForm(newUserBody, newValuesOf(form))
      return await createUser.run(deps, visitor.actor, { ...fields, emailVerified })
    })
    if ('done' in made) return await backToAdmin(deps, reply, userPath(made.done.id), 'created')
    await showNew(deps, request, reply, visitor, { form, refused: made.refused })
  })

  invitations(app, deps)
}

function invitations(app: FastifyInstance, deps: Deps): void {
  const path = `${PATH}/invite`
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    shown: { readonly email: string; readonly link?: string; readonly refused?: Refused },
  ) => {
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const page = invitePage({ ...view, action: deps.config.basePath + path, csrf, ...shown }, frame)
    await sendPage(reply, page, { status: shown.refused?.status ?? 200 })
  }
  app.get(path, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, inviteUser)
    if (visitor) await show(request, reply, visitor, { email: '' })
  })
  app.post(path, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, inviteUser, path)
    if (!sent) return
    const email = (sent.form.get('email') ?? '').trim()
    const made = await tried(() => inviteUser.run(deps, sent.visitor.actor, { email }))
    if ('refused' in made) return await show(request, reply, sent.visitor, { email, refused: made.refused })
    if (made.done.isMailed) return await backToAdmin(deps, reply, PATH, 'sent')
    await show(request, reply, sent.visitor, { email, link: made.done.url })
  })
}

async function showNew(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: AdminVisitor,
  { form, refused }: { readonly form?: Parameters; readonly refused?: Refused },
): Promise<void> {
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const shown: UserFormView = {
    ...view,
    action: deps.config.basePath + PATH,
    csrf,
    user: undefined,
    values: shownValues(form),
    version: undefined,
    claims: CLAIM_LABELS,
    refused,
  }
  await sendPage(reply, userFormPage(shown, frame), { status: refused?.status ?? 200 })
}
