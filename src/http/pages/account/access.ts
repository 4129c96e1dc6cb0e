import type { FastifyReply, FastifyRequest } from 'fastify'
import { ownUrl } from '../../../config/listeners.ts'
import type { Deps } from '../../../deps.ts'
import { beginInteraction } from '../../../interaction/begin.ts'
import { NO_PROGRESS, nextStep } from '../../../interaction/next-step.ts'
import { OWN_PAGES, type OwnDemand, ownPageRequest } from '../../../interaction/own-pages.ts'
import { refuse } from '../../../interaction/refuse.ts'
import { PageError } from '../../../protocol/error.ts'
import { type Parameters, parametersOf } from '../../../protocol/parameters.ts'
import type { Session, SessionUser, Standing } from '../../../store/sessions.ts'
import type { Provenance } from '../../../telemetry/audit.ts'
import type { AccountFrameView, AccountNotice } from '../../../views/account/frame.ts'
import { html } from '../../../views/html.ts'
import { frameFor, provenance, seeOther, sendPage, surroundings } from '../../context.ts'
import { bodyPairs, queryPairs } from '../../parameters.ts'
import { cookieDigest, ensureBrowserCookie, readCookie } from '../../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../../plugins/csrf.ts'

/** Who is at a page of their own account: fully signed in, by the Strict cookie. */
export interface Visitor {
  readonly session: Session
  readonly user: SessionUser
  readonly now: Date
  readonly cookie: string
  readonly from: Provenance
}

/** The places of a person's events. */
export const placeOf = ({ session, user, from }: Visitor) => ({
  userId: user.id,
  sessionId: session.id,
  deviceId: session.device?.id ?? null,
  from,
})

/** A change of a credential asks for a sign-in of at most five minutes ago. */
export const FRESH: OwnDemand = { maxAgeSeconds: 300 }

export const ACCOUNT_SUBJECT = 'account'
const NOBODY: Standing = { now: new Date(0), session: undefined, user: undefined, consent: undefined }

/**
 * Lets a person in to a page of their account, or begins what is missing: sign-in, second factor, a fresher sign-in. Pages
 * here need the Strict cookie, which a link on another site does not bring: such a visit bounces once, from a page of ours.
 * @param path where it goes on afterwards: a page that a GET opens
 * @returns `undefined` when it has been answered
 */
export async function admit(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  demand: OwnDemand = {},
): Promise<Visitor | undefined> {
  const cookie = readCookie(deps, request, 'strict')
  if (cookie === undefined && isFromElsewhere(deps, request)) return await bounce(deps, reply, path)
  const digest = cookieDigest(deps, request, 'strict')
  const standing = digest ? await deps.store.sessions.findByStrict(digest) : NOBODY
  const asked = ownPageRequest(path, demand)
  const next = nextStep(asked, OWN_PAGES, NO_PROGRESS, standing, surroundings(deps, request))
  if (next.step === 'refuse') {
    throw new PageError('forbidden', { cause: await refuse(deps, next, standing, undefined, provenance(request)) })
  }
  const { session, user, now } = standing
  if (next.step === 'finish' && session && user && cookie !== undefined) {
    return { session, user, now, cookie, from: provenance(request) }
  }
  const id = await beginInteraction(deps, asked, ensureBrowserCookie(deps, request, reply), session?.id)
  await seeOther(reply, ownUrl(deps.config, `/interaction?id=${id}`))
  return undefined
}

const isFromElsewhere = (deps: Deps, request: FastifyRequest): boolean =>
  request.method === 'GET' &&
  readCookie(deps, request, 'lax') !== undefined &&
  request.headers['sec-fetch-site'] !== 'same-origin' &&
  parametersOf(queryPairs(request)).get('bounced') === undefined

/** A page of ours that leads to itself: the next request is same-origin, and brings the Strict cookie. */
async function bounce(deps: Deps, reply: FastifyReply, path: string): Promise<undefined> {
  const url = `${deps.config.basePath}${path}${path.includes('?') ? '&' : '?'}bounced=1`
  reply.header('refresh', `0; url=${url}`)
  await sendPage(reply, html`<!doctype html><title>…</title>`)
  return undefined
}

/** A form of an account page, from who may send it. @returns `undefined` when it has been answered */
export async function admitForm(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  demand: OwnDemand = {},
): Promise<{ readonly visitor: Visitor; readonly form: Parameters } | undefined> {
  const visitor = await admit(deps, request, reply, path, demand)
  if (!visitor) return undefined
  const form = parametersOf(bodyPairs(request))
  refuseForgery(deps, request, form, visitor.cookie, ACCOUNT_SUBJECT)
  return { visitor, form }
}

/** The token of the forms of a visitor's pages. */
export const accountCsrf = (deps: Deps, { cookie }: Pick<Visitor, 'cookie'>): string =>
  csrfToken(deps, cookie, ACCOUNT_SUBJECT)

/** What every account page shows around its own part. */
export function accountFrame(deps: Deps, request: FastifyRequest, visitor: Visitor, action: string) {
  const notice = parametersOf(queryPairs(request)).get('done')
  const csrf = accountCsrf(deps, visitor)
  const { words } = frameFor(deps, request)
  const view: AccountFrameView & { readonly action: string; readonly csrf: string; readonly now: Date } = {
    account: visitor.user.username,
    signOut: { action: `${deps.config.basePath}/account/sign-out`, csrf },
    action: deps.config.basePath + action,
    csrf,
    now: visitor.now,
    ...(isNotice(notice, words.account.notice) ? { notice } : {}),
  }
  return view
}

const isNotice = (text: string | undefined, known: Readonly<Record<AccountNotice, string>>): text is AccountNotice =>
  text !== undefined && Object.hasOwn(known, text)

/** Back to a page of the account, which says what was done. */
export const backTo = (deps: Deps, reply: FastifyReply, path: string, done?: AccountNotice): Promise<void> =>
  seeOther(reply, `${deps.config.basePath}${path}${done === undefined ? '' : `?done=${done}`}`)
