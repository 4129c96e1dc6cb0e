import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { refuseUnlessAllowed } from '../../../administration/action.ts'
import { removeDevice } from '../../../administration/belongings.ts'
import type { Refused } from '../../../administration/refused.ts'
import { grantRole, revokeRole } from '../../../administration/roles.ts'
import { findTarget } from '../../../administration/target.ts'
import { readUser, updateUser } from '../../../administration/users.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { grantFormPage, userFormPage } from '../../../views/admin/user-forms.ts'
import { userPath } from '../../../views/admin/users.ts'
import { checkedForm } from '../../admin-api/read-call.ts'
import { printable } from '../../admin-api/schemas.ts'
import { userBody } from '../../admin-api/users.ts'
import { sendPage } from '../../context.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import type { OfUser } from './user.ts'
import { CLAIM_LABELS, shownValues, valuesOf } from './user-form.ts'

const PATH = `${ADMIN_PATHS.users}/:id`

/** What was typed, and why it was refused. */
interface Again {
  readonly form?: Parameters
  readonly refused?: Refused
}

/** Changing what a user's profile says, which roles they have, and which devices their account knows. */
export function userChanges(app: FastifyInstance, deps: Deps): void {
  profile(app, deps)
  roles(app, deps)
  app.post<OfUser>(`${PATH}/devices/remove`, async (request, reply) => {
    const { id: userId } = request.params
    const sent = await admitAdminForm(deps, request, reply, removeDevice, userPath(userId))
    if (!sent) return
    await removeDevice.run(deps, sent.visitor.actor, { userId, deviceId: sent.form.get('id') ?? '' })
    await backToAdmin(deps, reply, userPath(userId), 'removed')
  })
}

function profile(app: FastifyInstance, deps: Deps): void {
  app.get<OfUser>(`${PATH}/edit`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, updateUser)
    if (visitor) await showProfile(deps, request, reply, visitor, {})
  })
  app.post<OfUser>(`${PATH}/edit`, async (request, reply) => {
    const { id: userId } = request.params
    const sent = await admitAdminForm(deps, request, reply, updateUser, `${userPath(userId)}/edit`)
    if (!sent) return
    const { visitor, form } = sent
    const stored = await findTarget(deps, userId)
    const changed = await tried(async () => {
      const { email = null, ...others } = valuesOf(form)
      const { email_verified: isVerified, ...fields } = checkedForm(userBody, { email, ...others })
      const isMoved = email?.toLowerCase() !== stored.email?.toLowerCase() // what is ticked was said of the old one
      const verified = isMoved || email === null ? {} : { emailVerified: isVerified }
      return await updateUser.run(deps, visitor.actor, { userId, version: form.get('version'), ...fields, ...verified })
    })
    if ('done' in changed) return await backToAdmin(deps, reply, userPath(userId), 'saved')
    await showProfile(deps, request, reply, visitor, { form, refused: changed.refused })
  })
}

async function showProfile(
  deps: Deps,
  request: FastifyRequest<OfUser>,
  reply: FastifyReply,
  visitor: AdminVisitor,
  { form, refused }: Again,
): Promise<void> {
  await refuseUnlessAllowed(deps, visitor.actor, readUser) // the form is filled in with what it changes
  const user = await findTarget(deps, request.params.id)
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const action = `${deps.config.basePath}${userPath(user.id)}/edit`
  const version = form?.get('version') ?? user.version
  const shown = { ...view, action, csrf, user, values: shownValues(form, user), version, claims: CLAIM_LABELS, refused }
  await sendPage(reply, userFormPage(shown, frame), { status: refused?.status ?? 200 })
}

/** A time as the control sends it, in UTC. */
const until = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/, { error: 'must be a date with a time' })
  .transform((text) => new Date(`${text}Z`))
  .refine((time) => !Number.isNaN(time.getTime()), { error: 'must be a date with a time' })

const grantBody = z.strictObject({
  role: printable(64),
  expires_at: until.optional(),
  reason: printable(300).optional(),
})

function roles(app: FastifyInstance, deps: Deps): void {
  app.get<OfUser>(`${PATH}/roles/new`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, grantRole)
    if (visitor) await showGrant(deps, request, reply, visitor, {})
  })
  app.post<OfUser>(`${PATH}/roles`, async (request, reply) => {
    const { id: userId } = request.params
    const sent = await admitAdminForm(deps, request, reply, grantRole, `${userPath(userId)}/roles/new`)
    if (!sent) return
    const { visitor, form } = sent
    const granted = await tried(async () => {
      const typed = { role: form.get('role'), expires_at: form.get('expires_at'), reason: form.get('reason')?.trim() }
      const { expires_at: expiresAt, ...grant } = checkedForm(grantBody, typed)
      return await grantRole.run(deps, visitor.actor, { userId, ...grant, expiresAt })
    })
    if ('done' in granted) return await backToAdmin(deps, reply, userPath(userId), 'granted')
    await showGrant(deps, request, reply, visitor, { form, refused: granted.refused })
  })
  app.post<OfUser>(`${PATH}/roles/revoke`, async (request, reply) => {
    const { id: userId } = request.params
    const sent = await admitAdminForm(deps, request, reply, revokeRole, userPath(userId))
    if (!sent) return
    await revokeRole.run(deps, sent.visitor.actor, { userId, role: sent.form.get('role') ?? '' })
    await backToAdmin(deps, reply, userPath(userId), 'revoked')
  })
}

async function showGrant(
  deps: Deps,
  request: FastifyRequest<OfUser>,
  reply: FastifyReply,
  visitor: AdminVisitor,
  { form, refused }: Again,
): Promise<void> {
  await refuseUnlessAllowed(deps, visitor.actor, readUser) // the form is filled in with what it changes
  const user = await findTarget(deps, request.params.id)
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const values = {
    role: form?.get('role') ?? '',
    until: form?.get('expires_at') ?? '',
    reason: form?.get('reason') ?? '',
  }
  const action = `${deps.config.basePath}${userPath(user.id)}/roles`
  const shown = { ...view, action, csrf, user, roles: await deps.store.roles.list(), values, refused }
  await sendPage(reply, grantFormPage(shown, frame), { status: refused?.status ?? 200 })
}
