import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { rememberDevice } from '../../accounts/known-devices.ts'
import { type FactorOutcome, type FactorPlace, proveRecoveryCode, proveTotp } from '../../accounts/second-factor.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import type { CodeFault } from '../../views/code-field.ts'
import { recoveryCodePage, secondFactorPage } from '../../views/second-factor.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { bodyPairs } from '../parameters.ts'
import { cookieDigest, deviceSecret, setDeviceCookie, setSessionCookies } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { formActionOf, hubOf, type OpenInteraction, openInteraction } from './open-interaction.ts'
import { restart, sealedRestart } from './restart.ts'

const LONGEST_CODE = 100

/** The two ways to prove a second factor. */
const WAYS = [
  { path: '/second-factor', prove: proveTotp, page: secondFactorPage },
  { path: '/second-factor/recovery', prove: proveRecoveryCode, page: recoveryCodePage },
] as const
type Way = (typeof WAYS)[number]

/** The second factor of a sign-in, by the code of an authenticator or by a recovery code. */
export function secondFactorPages(app: FastifyInstance, deps: Deps): void {
  for (const way of WAYS) {
    app.get(way.path, async (request, reply) => {
      const open = await openInteraction(deps, request)
      if (!open) return await restart(deps, request, reply, undefined)
      if (open.next.step !== 'second-factor') return await seeOther(reply, hubOf(deps, open))
      await show(deps, request, reply, open, way)
    })
    app.post(way.path, async (request, reply) => {
      const form = parametersOf(bodyPairs(request))
      const open = await openInteraction(deps, request)
      if (!open) return await restart(deps, request, reply, form)
      refuseForgery(deps, request, form, open.browser, open.interaction.id)
      const place = await placeOf(deps, request, open)
      if (open.next.step !== 'second-factor' || !place) return await seeOther(reply, hubOf(deps, open))
      const code = form.get('code')
      if (code === undefined) return await show(deps, request, reply, open, way, { kind: 'missing' }, 400)
      await answerOutcome(deps, reply, await way.prove(deps, place, code.slice(0, LONGEST_CODE)), {
        proved: async () => {
          await rememberHere(deps, request, reply, place)
          await seeOther(reply, hubOf(deps, open))
        },
        refused: (fault, status) => show(deps, request, reply, open, way, fault, status),
      })
    })
  }
}

/**
 * Who gives a code: the session of the interaction, when the browser has its Strict cookie. A session is raised only for
 * whoever holds it. design.md §5.3
 */
export async function placeOf(
  deps: Deps,
  request: FastifyRequest,
  open: OpenInteraction,
): Promise<FactorPlace | undefined> {
  const { session, user } = open.standing
  const cookie = cookieDigest(deps, request, 'strict')
  const present = cookie && (await deps.store.sessions.findByStrict(cookie))
  if (!session || !user || present?.session?.id !== session.id) return undefined
  return { userId: user.id, sessionId: session.id, from: provenance(request) }
}

/** From here on the account knows this browser: its user has signed in with all that was due. design.md §6 */
export async function rememberHere(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  place: FactorPlace,
): Promise<void> {
  const device = deviceSecret(deps, request)
  await rememberDevice(deps, place, device)
  setDeviceCookie(deps, reply, device)
}

interface Answers {
  proved(): Promise<void>
  refused(fault: CodeFault, status: number): Promise<void>
}

/** Answers an attempt with a code: the raised session gets its new secrets, and a refusal says when to try again. */
export async function answerOutcome(
  deps: Deps,
  reply: FastifyReply,
  result: FactorOutcome,
  { proved, refused }: Answers,
): Promise<void> {
  switch (result.outcome) {
    case 'proved':
      setSessionCookies(deps, reply, result.secrets)
      return await proved()
    case 'wrong':
      return await refused({ kind: 'refused' }, 400)
    case 'wait':
      reply.header('retry-after', String(result.seconds))
      return await refused({ kind: 'wait', seconds: result.seconds }, 429)
    case 'busy':
      reply.header('retry-after', '2')
      return await refused({ kind: 'wait', seconds: 2 }, 503)
    default:
      return exhaustive(result)
  }
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  way: Way,
  fault?: CodeFault,
  status = 200,
): Promise<void> {
  const { interaction, browser, standing } = open
  const { basePath } = deps.config
  const authenticators = await deps.store.secondFactors.listTotp(standing.user?.id ?? '')
  const view = {
    action: `${basePath}${way.path}?id=${interaction.id}`,
    csrf: csrfToken(deps, browser, interaction.id),
    restart: sealedRestart(deps, interaction.request),
    authenticators: authenticators.map(({ name }) => name),
    recoveryHref: `${basePath}/second-factor/recovery?id=${interaction.id}`,
    authenticatorHref: `${basePath}/second-factor?id=${interaction.id}`,
    ...(fault ? { fault } : {}),
    ...(open.to ? { client: { name: open.client.clientName } } : {}),
    ...(standing.user
      ? { account: { name: standing.user.username, switchAction: `${basePath}/consent/switch?id=${interaction.id}` } }
      : {}),
  }
  const page = way.page(view, frameFor(deps, request, interaction.request.uiLocales))
  await sendPage(reply, page, { status, ...formActionOf(deps, open) })
}
