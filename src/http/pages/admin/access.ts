import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Administrator, Demand } from '../../../administration/action.ts'
import { FRESH_SECONDS, refuseUnlessAllowed } from '../../../administration/action.ts'
import { Refused } from '../../../administration/refused.ts'
import type { Deps } from '../../../deps.ts'
import { PageError } from '../../../protocol/error.ts'
import { type Parameters, parametersOf } from '../../../protocol/parameters.ts'
import type { Permission } from '../../../protocol/permission.ts'
import { ADMIN_NOTICES, type AdminFrameView, type AdminNotice, type AdminSection } from '../../../views/admin/frame.ts'
import { en } from '../../../views/catalogue/en.ts'
import { type Frame, frameIn } from '../../../views/page.ts'
import { administratorFrom } from '../../admin-api/authenticate.ts'
import { seeOther } from '../../context.ts'
import { bodyPairs, queryPairs } from '../../parameters.ts'
import { refuseForgery } from '../../plugins/csrf.ts'
import { ACCOUNT_SUBJECT, accountCsrf, admit, type Visitor } from '../account/access.ts'

/** Who is at the console: an administrator, with their session. */
export interface AdminVisitor extends Visitor {
  readonly actor: Administrator
}

/** What opens each section, in the order of the navigation. */
const OPENED_BY: readonly (readonly [AdminSection, Permission | undefined])[] = [
  ['dashboard', undefined],
  ['users', 'users:read'],
  ['roles', 'roles:read'],
  ['clients', 'clients:read'],
  ['resources', 'resources:read'],
  ['sessions', 'sessions:read'],
  ['keys', 'keys:read'],
  ['audit', 'audit:read'],
  ['deliveries', 'deliveries:read'],
]

/**
 * Lets an administrator in to a page of the console, or begins what is missing: sign-in, second factor, and a fresh sign-in
 * where the action needs one. Afterwards they come back to the very page.
 * @returns `undefined` when it has been answered
 * @throws Refused or PageError for who may not
 */
export async function admitAdministrator(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  demand?: Demand,
  path = whereabouts(deps, request),
): Promise<AdminVisitor | undefined> {
  const fresh = demand?.needsFreshSignIn ? { maxAgeSeconds: FRESH_SECONDS } : {}
  const visitor = await admit(deps, request, reply, path, { demandsMfa: true, ...fresh })
  if (!visitor) return undefined
  const actor = administratorFrom(visitor.session, visitor.user, visitor.now, visitor.from)
  if (demand) await refuseUnlessAllowed(deps, actor, demand)
  else if (actor.permissions.length === 0) throw new PageError('forbidden', { cause: 'no permission at all' })
  return { ...visitor, actor }
}

/** A form of the console, from who may send it. @param path where a fresh sign-in comes back to: a page that a GET opens */
export async function admitAdminForm(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  demand: Demand,
  path: string,
): Promise<{ readonly visitor: AdminVisitor; readonly form: Parameters } | undefined> {
  const visitor = await admitAdministrator(deps, request, reply, demand, path)
  if (!visitor) return undefined
  const form = parametersOf(bodyPairs(request))
  refuseForgery(deps, request, form, visitor.cookie, ACCOUNT_SUBJECT)
  return { visitor, form }
}

const LONGEST_PATH = 1000

/** The page that was asked for, with its filters: below the issuer, and one of ours, as it has a route. */
function whereabouts({ config }: Pick<Deps, 'config'>, request: FastifyRequest): string {
  const { pathname, searchParams } = new URL(request.raw.url ?? '/', config.origin)
  searchParams.delete('bounced')
  const own = pathname.slice(config.basePath.length)
  const path = searchParams.size > 0 ? `${own}?${searchParams}` : own
  return own.startsWith('/admin') && path.length <= LONGEST_PATH ? path : '/admin'
}

/** The frame of every page of the console. */
export function adminFrame(
  deps: Deps,
  request: FastifyRequest,
  visitor: AdminVisitor,
): { readonly view: AdminFrameView; readonly frame: Frame; readonly csrf: string } {
  const csrf = accountCsrf(deps, visitor)
  const notice = parametersOf(queryPairs(request)).get('done')
  const { permissions } = visitor.actor
  const view: AdminFrameView = {
    administrator: visitor.actor.username,
    sections: OPENED_BY.filter(([, needed]) => needed === undefined || permissions.includes(needed)).map(
      ([name]) => name,
    ),
    signOut: { action: `${deps.config.basePath}/admin/sign-out`, csrf },
    ...(isNotice(notice) ? { notice } : {}),
  }
  return { view, frame: frameIn(deps.config, en), csrf }
}

const isNotice = (text: string | undefined): text is AdminNotice =>
  text !== undefined && Object.hasOwn(ADMIN_NOTICES, text)

/** Back to a page of the console, which says what was done. */
export const backToAdmin = (deps: Deps, reply: FastifyReply, path: string, done?: AdminNotice): Promise<void> =>
  seeOther(reply, `${deps.config.basePath}${path}${done === undefined ? '' : `?done=${done}`}`)

/** What an action gave, or why it was refused, where the page that asked can say so. */
export type Tried<Output> = { readonly done: Output } | { readonly refused: Refused }

const SAID_ON_THE_PAGE = ['invalid_request', 'conflict', 'last_administrator', 'version_changed']

/** Runs what a form asks for. @throws Refused for what the page cannot mend, such as a thing that is gone */
export async function tried<Output>(run: () => Promise<Output>): Promise<Tried<Output>> {
  try {
    return { done: await run() }
  } catch (error) {
    if (error instanceof Refused && SAID_ON_THE_PAGE.includes(error.code)) return { refused: error }
    throw error
  }
}
