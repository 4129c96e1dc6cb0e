import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LONGEST, RULES, SHORTEST } from '../../accounts/password-policy.ts'
import { findReset, RESET_SECONDS, requestReset, resetPassword } from '../../accounts/recovery.ts'
import { digestOf } from '../../base/digest.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import { isId } from '../../base/random.ts'
import type { Deps } from '../../deps.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import type { ResetOwner } from '../../store/mail-links.ts'
import {
  type ForgotPasswordView,
  forgotPasswordPage,
  linkGonePage,
  type ResetPasswordView,
  resetDonePage,
  resetPasswordPage,
  resetSentPage,
} from '../../views/recovery.ts'
import { frameFor, provenance, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { ensureBrowserCookie, readCookie } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'

const FORGOT = 'forgot-password'
const RESET = 'reset-password'
const LONGEST_FIELD = 1024

/** A new password by mail: for who has forgotten the old one. Offered where a mail can reach anybody. */
export function recoveryPages(app: FastifyInstance, deps: Deps): void {
  if (deps.config.mail === 'none') return
  forgotPassword(app, deps)
  newPassword(app, deps)
}

/** Where the page that asks for a link is, within an interaction; absent where no mail can be sent. */
export const forgotPasswordHref = ({ config }: Pick<Deps, 'config'>, interactionId: string): string | undefined =>
  config.mail === 'none' ? undefined : `${config.basePath}/forgot-password?id=${interactionId}`

/** The interaction that a browser is in the middle of: it goes on there, and in its language. */
async function interactionOf(deps: Deps, request: FastifyRequest, id: string | null | undefined) {
  const browser = readCookie(deps, request, 'browser')
  if (browser === undefined || !id || !isId(id)) return undefined
  const found = await deps.store.interactions.find(id, digestOf(browser))
  return found && found !== 'other-browser' ? found.interaction : undefined
}

type OpenInteraction = Awaited<ReturnType<typeof interactionOf>>

const namedInteraction = (deps: Deps, request: FastifyRequest): Promise<OpenInteraction> =>
  interactionOf(deps, request, parametersOf(queryPairs(request)).get('id'))

const signInHref = ({ config }: Deps, interaction: OpenInteraction): string =>
  interaction ? `${config.basePath}/login?id=${interaction.id}` : `${config.basePath}/account`

const forgotHref = ({ config }: Deps, interaction: OpenInteraction): string =>
  `${config.basePath}/forgot-password${interaction ? `?id=${interaction.id}` : ''}`

function forgotPassword(app: FastifyInstance, deps: Deps): void {
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    interaction: OpenInteraction,
    typed: Pick<ForgotPasswordView, 'login' | 'fault'>,
    status: number,
  ) => {
    const view = {
      action: forgotHref(deps, interaction),
      csrf: csrfToken(deps, ensureBrowserCookie(deps, request, reply), FORGOT),
      signInHref: signInHref(deps, interaction),
      ...typed,
    }
    const frame = frameFor(deps, request, interaction?.request.uiLocales)
    await sendPage(reply, forgotPasswordPage(view, frame), { status })
  }

  app.get('/forgot-password', async (request, reply) => {
    await show(request, reply, await namedInteraction(deps, request), {}, 200)
  })

  app.post('/forgot-password', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    refuseForgery(deps, request, form, readCookie(deps, request, 'browser'), FORGOT)
    const interaction = await namedInteraction(deps, request)
    const login = (form.get('login') ?? '').trim().slice(0, LONGEST_FIELD)
    if (login === '') return await show(request, reply, interaction, { fault: { kind: 'missing' } }, 400)
    const seconds = await requestReset(deps, login, provenance(request), interaction?.id)
    if (seconds > 0) {
      reply.header('retry-after', String(seconds))
      return await show(request, reply, interaction, { login, fault: { kind: 'wait', seconds } }, 429)
    }
    const view = {
      lifetimeSeconds: RESET_SECONDS,
      againHref: forgotHref(deps, interaction),
      signInHref: signInHref(deps, interaction),
      ...(deps.config.mail === 'outbox' ? { outboxHref: `${deps.config.basePath}/outbox` } : {}),
    }
    await sendPage(reply, resetSentPage(view, frameFor(deps, request, interaction?.request.uiLocales)))
  })
}

function newPassword(app: FastifyInstance, deps: Deps): void {
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { username }: ResetOwner,
    faults: NonNullable<ResetPasswordView['faults']>,
    status: number,
  ) => {
    const { passwordPolicy, basePath } = deps.config
    const view = {
      action: `${basePath}/reset-password?token=${encodeURIComponent(tokenOf(request))}`,
      csrf: csrfToken(deps, ensureBrowserCookie(deps, request, reply), RESET),
      username,
      faults,
      passwordLength: { min: SHORTEST[passwordPolicy], max: LONGEST },
      passwordRules: RULES[passwordPolicy],
    }
    await sendPage(reply, resetPasswordPage(view, frameFor(deps, request)), { status })
  }
  const showGone = async (request: FastifyRequest, reply: FastifyReply) => {
    const view = { againHref: `${deps.config.basePath}/forgot-password` }
    await sendPage(reply, linkGonePage(view, frameFor(deps, request)), { status: 410 })
  }

  app.get('/reset-password', async (request, reply) => {
    const owner = await findReset(deps, tokenOf(request))
    await (owner ? show(request, reply, owner, {}, 200) : showGone(request, reply))
  })

  app.post('/reset-password', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    refuseForgery(deps, request, form, readCookie(deps, request, 'browser'), RESET)
    const owner = await findReset(deps, tokenOf(request))
    if (!owner) return await showGone(request, reply)
    const password = form.get('password') ?? ''
    if (password === '') return await show(request, reply, owner, { password: 'missing' }, 400)
    const result = await resetPassword(deps, tokenOf(request), password.slice(0, LONGEST_FIELD), provenance(request))
    switch (result.outcome) {
      case 'reset': {
        const interaction = await interactionOf(deps, request, owner.interactionId)
        const view = { hasSecondFactor: owner.hasFactor, signInHref: signInHref(deps, interaction) }
        return await sendPage(reply, resetDonePage(view, frameFor(deps, request)))
      }
      case 'refused':
        return await show(request, reply, owner, { password: result.faults }, 400)
      case 'wait':
        reply.header('retry-after', String(result.seconds))
        return await show(request, reply, owner, { waitSeconds: result.seconds }, 429)
      case 'busy':
        reply.header('retry-after', '2')
        return await show(request, reply, owner, { waitSeconds: 2 }, 503)
      case 'link-gone':
        return await showGone(request, reply)
      default:
        return exhaustive(result)
    }
  })
}

const tokenOf = (request: FastifyRequest): string => parametersOf(queryPairs(request)).get('token') ?? ''
