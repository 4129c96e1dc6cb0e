import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { signIn } from '../../accounts/sign-in.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { type Parameters, parametersOf } from '../../protocol/parameters.ts'
import { type SignInFault, signInPage } from '../../views/sign-in.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { cookieDigest, deviceSecret, setDeviceCookie, setSessionCookies } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { formActionOf, hubOf, type OpenInteraction, openInteraction } from './open-interaction.ts'
import { forgotPasswordHref } from './recovery.ts'
import { restart, sealedRestart } from './restart.ts'

const LONGEST_FIELD = 1024

/** Sign-in by password, for an authorization request. OIDC Core §3.1.2.3 */
export function signInPages(app: FastifyInstance, deps: Deps): void {
  app.get('/login', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    const isWanted = open.next.step === 'sign-in' || open.next.step === 'sign-up' || wantsSwitch(request)
    if (!isWanted) return await seeOther(reply, hubOf(deps, open))
    await show(deps, request, reply, open, {})
  })

  app.post('/login', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, form)
    refuseForgery(deps, request, form, open.browser, open.interaction.id)
    await attempt(deps, request, reply, open, form)
  })
}

const wantsSwitch = (request: FastifyRequest): boolean => parametersOf(queryPairs(request)).get('switch') !== undefined

async function attempt(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  form: Parameters,
) {
  const login = form.get('username')?.trim()
  const password = form.get('password')
  const typed = login === undefined ? {} : { username: login.slice(0, LONGEST_FIELD) }
  if (login === undefined || password === undefined) {
    const fields = [
      ...(login === undefined ? ['username' as const] : []),
      ...(password === undefined ? ['password' as const] : []),
    ]
    return await show(deps, request, reply, open, { ...typed, fault: { kind: 'missing', fields }, status: 400 })
  }
  if (login.length > LONGEST_FIELD || password.length > LONGEST_FIELD) {
    return await show(deps, request, reply, open, { fault: { kind: 'refused' }, status: 400 })
  }
  const device = deviceSecret(deps, request)
  const place = {
    from: provenance(request),
    interactionId: open.interaction.id,
    clientId: open.to && open.client.clientId,
    replaces: cookieDigest(deps, request, 'strict'),
    device,
  }
  const result = await signIn(deps, { login, password }, place)
  switch (result.outcome) {
    case 'signed-in':
      setSessionCookies(deps, reply, result.secrets)
      setDeviceCookie(deps, reply, device)
      return await seeOther(reply, hubOf(deps, open))
    case 'wrong':
      return await show(deps, request, reply, open, { ...typed, fault: { kind: 'refused' }, status: 400 })
    case 'wait':
      reply.header('retry-after', String(result.seconds))
      return await show(deps, request, reply, open, {
        ...typed,
        fault: { kind: 'wait', seconds: result.seconds },
        status: 429,
      })
    case 'busy':
      reply.header('retry-after', '2')
      return await show(deps, request, reply, open, { ...typed, fault: { kind: 'wait', seconds: 2 }, status: 503 })
    default:
      return exhaustive(result)
  }
}

interface Shown {
  readonly username?: string
  readonly fault?: SignInFault
  readonly status?: number
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  shown: Shown,
): Promise<void> {
  const { interaction, client, browser } = open
  const { basePath, signUp } = deps.config
  const forgotHref = forgotPasswordHref(deps, interaction.id)
  const username = shown.username ?? interaction.request.loginHint
  const view = {
    action: `${basePath}/login?id=${interaction.id}`,
    csrf: csrfToken(deps, browser, interaction.id),
    restart: sealedRestart(deps, interaction.request),
    isFresh: open.to === undefined && open.standing.session !== undefined,
    ...(open.to ? { client: { name: client.clientName } } : {}),
    ...(username === undefined ? {} : { username }),
    ...(shown.fault ? { fault: shown.fault } : {}),
    ...(forgotHref === undefined ? {} : { forgotPasswordHref: forgotHref }),
    ...(signUp === 'open' ? { signUpHref: `${basePath}/signup?id=${interaction.id}` } : {}),
  }
  const page = signInPage(view, frameFor(deps, request, interaction.request.uiLocales))
  await sendPage(reply, page, { status: shown.status ?? 200, ...formActionOf(deps, open) })
}
