import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { beginSession } from '../../accounts/sign-in.ts'
import { type SignUpForm, type SignUpRight, signUp } from '../../accounts/sign-up.ts'
import { digestOf } from '../../base/digest.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import type { AccountFaults } from '../../views/account-fields.ts'
import { accountReadyPage } from '../../views/account-ready.ts'
import { signUpPage } from '../../views/sign-up.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import {
  cookieDigest,
  deviceSecret,
  ensureBrowserCookie,
  readCookie,
  setDeviceCookie,
  setSessionCookies,
} from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { accountView, readAccountForm, shownFaults } from './account-form.ts'
import { formActionOf, type OpenInteraction, openInteraction } from './open-interaction.ts'
import { restart, sealedRestart } from './restart.ts'

/** Why somebody may sign up: sign-up is open, or an invitation says so. */
interface Right extends SignUpRight {
  readonly email: string | undefined
  /** What the form's token is bound to, and where the form posts to. */
  readonly subject: string
  readonly query: string
}

/** Making an account: on the way to an app, or by invitation. */
export function signUpPages(app: FastifyInstance, deps: Deps): void {
  app.get('/signup', async (request, reply) => {
    const open = await interactionOf(deps, request)
    if (open === 'expired') return await restart(deps, request, reply, undefined)
    const right = await rightOf(deps, request, open)
    const browser = ensureBrowserCookie(deps, request, reply)
    await show(deps, request, reply, { open, right, browser, typed: {} })
  })

  app.post('/signup', async (request, reply) => {
    const parameters = parametersOf(bodyPairs(request))
    const open = await interactionOf(deps, request)
    if (open === 'expired') return await restart(deps, request, reply, parameters)
    const right = await rightOf(deps, request, open)
    const browser = readCookie(deps, request, 'browser')
    refuseForgery(deps, request, parameters, browser, right.subject)
    const { form, missing } = readAccountForm(parameters, right.email)
    const shown = { open, right, browser: browser ?? '', typed: form }
    if (missing) return await show(deps, request, reply, { ...shown, faults: missing, status: 400 })
    await attempt(deps, request, reply, shown, form)
  })
}

async function interactionOf(deps: Deps, request: FastifyRequest): Promise<OpenInteraction | 'expired' | undefined> {
  const isNamed = parametersOf(queryPairs(request)).get('id') !== undefined
  return isNamed ? ((await openInteraction(deps, request)) ?? 'expired') : undefined
}

async function rightOf(deps: Deps, request: FastifyRequest, open: OpenInteraction | undefined): Promise<Right> {
  const invitation = parametersOf(queryPairs(request)).get('invitation')
  if (invitation !== undefined) {
    const link = digestOf(invitation)
    const found = await deps.store.actionTokens.find(link, 'invitation')
    if (!found) throw new PageError('link_used', { cause: 'unknown, used or expired invitation' })
    const { email, roles } = found.data
    return {
      by: 'invitation',
      link,
      email: typeof email === 'string' ? email : undefined,
      emailVerified: typeof email === 'string',
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
      subject: 'invitation',
      query: `invitation=${encodeURIComponent(invitation)}`,
    }
  }
  if (!open || deps.config.signUp !== 'open') throw new PageError('sign_up_closed', { cause: 'sign-up is not open' })
  const { id } = open.interaction
  return { by: 'sign-up', email: undefined, emailVerified: false, roles: [], subject: id, query: `id=${id}` }
}

interface Shown {
  readonly open: OpenInteraction | undefined
  readonly right: Right
  readonly browser: string
  readonly typed: Partial<SignUpForm>
  readonly faults?: AccountFaults
  readonly status?: number
}

async function attempt(deps: Deps, request: FastifyRequest, reply: FastifyReply, shown: Shown, form: SignUpForm) {
  const result = await signUp(deps, form, shown.right, provenance(request))
  switch (result.outcome) {
    case 'created':
      return await welcome(deps, request, reply, shown.open, { id: result.userId, username: form.username })
    case 'refused':
      return await show(deps, request, reply, { ...shown, faults: shownFaults(result.faults), status: 400 })
    case 'wait':
      reply.header('retry-after', String(result.seconds))
      return await show(deps, request, reply, { ...shown, faults: { waitSeconds: result.seconds }, status: 429 })
    case 'busy':
      reply.header('retry-after', '2')
      return await show(deps, request, reply, { ...shown, faults: { waitSeconds: 2 }, status: 503 })
    case 'link-used':
      throw new PageError('link_used', { cause: 'the invitation was spent meanwhile' })
    default:
      return exhaustive(result)
  }
}

/** Who has just made an account is signed in, and goes on to the app. */
async function welcome(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction | undefined,
  user: { readonly id: string; readonly username: string },
): Promise<void> {
  const device = deviceSecret(deps, request)
  const session = await beginSession(
    deps,
    { id: user.id, epoch: 0 },
    {
      from: provenance(request),
      interactionId: open?.interaction.id,
      clientId: open?.to && open.client.clientId,
      replaces: cookieDigest(deps, request, 'strict'),
      device,
    },
  )
  if (session.outcome === 'signed-in') {
    setSessionCookies(deps, reply, session.secrets)
    setDeviceCookie(deps, reply, device)
  }
  if (open) return await seeOther(reply, `${deps.config.basePath}/interaction?id=${open.interaction.id}`)
  await sendPage(
    reply,
    accountReadyPage(
      { username: user.username, accountHref: `${deps.config.basePath}/account` },
      frameFor(deps, request),
    ),
  )
}

async function show(deps: Deps, request: FastifyRequest, reply: FastifyReply, shown: Shown): Promise<void> {
  const { open, right, browser, typed, faults, status = 200 } = shown
  const { basePath } = deps.config
  const email = right.email ?? typed.email
  const view = {
    ...accountView(deps, { ...typed, ...(email === undefined ? {} : { email }) }, faults),
    action: `${basePath}/signup?${right.query}`,
    csrf: csrfToken(deps, browser, right.subject),
    isEmailFixed: right.email !== undefined,
    ...(open
      ? {
          restart: sealedRestart(deps, open.interaction.request),
          ...(open.to ? { client: { name: open.client.clientName } } : {}),
          signInHref: `${basePath}/login?id=${open.interaction.id}`,
        }
      : {}),
  }
  const page = signUpPage(view, frameFor(deps, request, open?.interaction.request.uiLocales))
  await sendPage(reply, page, { status, ...(open ? formActionOf(deps, open) : {}) })
}
