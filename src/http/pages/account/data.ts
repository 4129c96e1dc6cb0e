import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { confirmPassword } from '../../../accounts/change-password.ts'
import { accountDeletedNotice } from '../../../accounts/notices.ts'
import type { Deps } from '../../../deps.ts'
import { accountEvent } from '../../../telemetry/audit.ts'
import {
  accountDeletedPage,
  type DeleteAccountView,
  deleteAccountPage,
  exportPage,
} from '../../../views/account/data.ts'
import { ACCOUNT_PATHS, ACCOUNT_SUBPATHS } from '../../../views/account/frame.ts'
import { frameFor, sendPage } from '../../context.ts'
import { clearSessionCookies } from '../../plugins/cookies.ts'
import { accountFrame, admit, admitForm, FRESH, placeOf, type Visitor } from './access.ts'

const PATH = ACCOUNT_PATHS.data
const EXPORT = `${PATH}.json`
const DELETE = ACCOUNT_SUBPATHS.delete
const LONGEST_FIELD = 1024

/** What is kept about a person, as a file; and the way out. */
export function dataPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH)
    if (!visitor) return
    const view = { ...accountFrame(deps, request, visitor, PATH), downloadHref: deps.config.basePath + EXPORT }
    await sendPage(reply, exportPage(view, frameFor(deps, request)))
  })
  app.get(EXPORT, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH, FRESH)
    if (!visitor) return
    const kept = await deps.store.account.exportOf(visitor.user.id)
    await deps.store.audit.record(accountEvent(deps, 'account.exported', placeOf(visitor)))
    reply.header('content-disposition', 'attachment; filename="account.json"')
    await reply.type('application/json; charset=utf-8').send(JSON.stringify(kept, undefined, 2))
  })

  app.get(DELETE, async (request, reply) => {
    const visitor = await admit(deps, request, reply, DELETE, FRESH)
    if (visitor) await show(deps, request, reply, visitor)
  })
  app.post(DELETE, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, DELETE, FRESH)
    if (!sent) return
    const { visitor, form } = sent
    if (await deps.store.userRoles.isLastAdministrator(visitor.user.id))
      return await show(deps, request, reply, visitor)
    const username = form.get('username')?.trim()
    const password = form.get('password')?.slice(0, LONGEST_FIELD)
    if (username === undefined || password === undefined || username !== visitor.user.username) {
      return await show(deps, request, reply, visitor, {
        ...(username === visitor.user.username
          ? {}
          : { username: username === undefined ? ('missing' as const) : ('wrong' as const) }),
        ...(password === undefined ? { password: 'missing' as const } : {}),
      })
    }
    const verdict = await confirmPassword(deps, placeOf(visitor), password)
    if (verdict !== 'right') {
      return await show(
        deps,
        request,
        reply,
        visitor,
        verdict.outcome === 'wait' ? { waitSeconds: verdict.seconds } : { password: 'wrong' },
      )
    }
    const user = await deps.store.users.find({ id: visitor.user.id })
    const farewell = user ? accountDeletedNotice(deps, user, visitor.from) : []
    const event = accountEvent(deps, 'account.deleted', placeOf(visitor))
    const removed = await deps.store.users.remove(visitor.user.id, event, farewell)
    if (removed === 'last-administrator') return await show(deps, request, reply, visitor)
    await deps.store.auditChain.eraseSubject(visitor.user.id) // the events stay, without address and browser
    clearSessionCookies(deps, reply)
    await sendPage(reply, accountDeletedPage(frameFor(deps, request)))
  })
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
  faults?: DeleteAccountView['faults'],
): Promise<void> {
  const view = {
    ...accountFrame(deps, request, visitor, DELETE),
    username: visitor.user.username,
    isLastAdministrator: await deps.store.userRoles.isLastAdministrator(visitor.user.id),
    ...(faults ? { faults } : {}),
  }
  if (faults?.waitSeconds !== undefined) reply.header('retry-after', String(faults.waitSeconds))
  const status = faults === undefined ? 200 : faults.waitSeconds === undefined ? 400 : 429
  await sendPage(reply, deleteAccountPage(view, frameFor(deps, request)), { status })
}
