import { isId } from '../base/random.ts'
import type { FamilyFilter } from '../store/grants.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, type Administrator, defineAction } from './action.ts'
import { refuseActingOn } from './reach.ts'
import { notFound } from './refused.ts'
import { findTarget } from './target.ts'
import type { Part } from './users.ts'

export const listSessions = defineAction({
  permission: 'sessions:read',
  run: (
    { store }: AdministrationDeps,
    _actor,
    { after, limit, ...filter }: { readonly userId?: string | undefined } & Part,
  ) => store.grants.listSessions(filter, after, limit),
})

/** The same of one user, who must be there. */
export const listSessionsOfUser = defineAction({
  permission: 'sessions:read',
  async run(deps: AdministrationDeps, _actor, { userId, after, limit }: { readonly userId: string } & Part) {
    await findTarget(deps, userId)
    return await deps.store.grants.listSessions({ userId }, after, limit)
  },
})

/** Signs a session out, with the grants that do not outlive it. Gives whose it was. */
export const endSession = defineAction({
  permission: 'sessions:end',
  async run(
    deps: AdministrationDeps,
    actor,
    { sessionId, userId }: { readonly sessionId: string /** Whose it has to be. */; readonly userId?: string },
  ) {
    if (!isId(sessionId)) throw notFound('session')
    const owner = userId ?? (await deps.store.grants.findSessionOwner(sessionId))
    if (owner === undefined) throw notFound('session')
    await refuseOutOfReach(deps, actor, owner)
    const event = administered(deps, actor, 'session.ended', { userId: owner, detail: { session: sessionId } })
    if (!(await deps.store.account.endSession(owner, sessionId, event))) throw notFound('session')
    return owner
  },
})

export const listFamilies = defineAction({
  permission: 'sessions:read',
  run: ({ store }: AdministrationDeps, _actor, { after, limit, ...filter }: FamilyFilter & Part) =>
    store.grants.listFamilies(filter, after, limit),
})

/** Ends a grant of a user to a client: its tokens are refused from now on. Gives whose it was. */
export const revokeFamily = defineAction({
  permission: 'sessions:end',
  async run(deps: AdministrationDeps, actor, { familyId }: { readonly familyId: string }) {
    const owner = isId(familyId) ? await deps.store.grants.findFamilyOwner(familyId) : undefined
    if (!owner) throw notFound('family')
    await refuseOutOfReach(deps, actor, owner.userId)
    const facts = { ...owner, familyId, before: { revoked: false }, after: { revoked: true } }
    const event = administered(deps, actor, 'family.revoked', facts)
    await deps.store.grants.revokeFamily(owner.userId, familyId, 'administrator', event)
    return owner.userId
  },
})

const refuseOutOfReach = async (deps: AdministrationDeps, actor: Administrator, userId: string): Promise<void> =>
  refuseActingOn(actor, await findTarget(deps, userId))
