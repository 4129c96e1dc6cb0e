import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import { errorResponse } from '../../protocol/authorization-response.ts'
import type { Resource } from '../../protocol/client.ts'
import { OAuthError } from '../../protocol/error.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import { resourcesOf } from '../../protocol/scope.ts'
import { consentDenied, consented } from '../../telemetry/audit.ts'
import { consentPage } from '../../views/consent.ts'
import type { ScopeView } from '../../views/scopes.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { bodyPairs } from '../parameters.ts'
import { cookieDigest } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { formActionOf, hubOf, type OpenInteraction, openInteraction } from './open-interaction.ts'
import { respond } from './respond.ts'
import { restart, sealedRestart } from './restart.ts'

/** Asks the user whether the client may have what it asks for. OIDC Core §3.1.2.4 */
export function consentPages(app: FastifyInstance, deps: Deps): void {
  app.get('/consent', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    if (open.next.step !== 'consent') return await seeOther(reply, hubOf(deps, open))
    await show(deps, request, reply, open)
  })

  app.post('/consent', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, form)
    refuseForgery(deps, request, form, open.browser, open.interaction.id)
    await decide(deps, request, reply, open, form.get('decision'))
  })

  app.post('/consent/switch', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, form)
    refuseForgery(deps, request, form, open.browser, open.interaction.id)
    await seeOther(reply, `${deps.config.basePath}/login?id=${open.interaction.id}&switch=1`)
  })
}

async function decide(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  decision: string | undefined,
): Promise<void> {
  const { interaction, standing, client, to } = open
  const { session, user } = standing
  // The Lax twin got the user here; a decision is a change, and needs the Strict cookie of the same session. design.md §5.3
  const cookie = cookieDigest(deps, request, 'strict')
  const present = cookie && (await deps.store.sessions.findByStrict(cookie))
  if (!session || !user || present?.session?.id !== session.id) return await seeOther(reply, hubOf(deps, open))

  const facts = { userId: user.id, clientId: client.clientId, sessionId: session.id }
  if (decision === 'deny' && to) {
    await deps.store.audit.record(consentDenied(deps, provenance(request), facts))
    const refusal = new OAuthError('access_denied', 'the user said no')
    return await respond(deps, request, reply, errorResponse(deps.config.issuer, to, refusal))
  }
  if (decision === 'allow') {
    const { scope, resources } = interaction.request
    const event = consented(deps, provenance(request), { ...facts, scope })
    await deps.store.interactions.allow(interaction.id, { ...facts, scope, resources }, event)
  }
  await seeOther(reply, hubOf(deps, open))
}

async function show(deps: Deps, request: FastifyRequest, reply: FastifyReply, open: OpenInteraction): Promise<void> {
  const { interaction, client, standing, browser } = open
  const { scope, redirectUri, uiLocales } = interaction.request
  const { basePath } = deps.config
  const { hostname, protocol } = new URL(redirectUri)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  const view = {
    action: `${basePath}/consent?id=${interaction.id}`,
    switchAccountAction: `${basePath}/consent/switch?id=${interaction.id}`,
    csrf: csrfToken(deps, browser, interaction.id),
    restart: sealedRestart(deps, interaction.request),
    client: { name: client.clientName },
    redirectUri,
    ...(isWeb ? { redirectHost: new URL(redirectUri).host } : {}),
    account: standing.user?.username ?? '',
    scopes: scopeViews(scope, await deps.directory.resources()),
    warnings: isWeb && LOOPBACK.includes(hostname) ? (['loopback'] as const) : [],
  }
  await sendPage(reply, consentPage(view, frameFor(deps, request, uiLocales)), formActionOf(deps, open))
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** Each scope with the words of the resource that defines it. */
export function scopeViews(scope: readonly string[], known: readonly Resource[]): readonly ScopeView[] {
  return scope.map((name) => {
    const [resource] = resourcesOf([name], known)
    if (!resource) return { name }
    const description = resource.scopes[name]
    return { name, ...(description ? { description } : {}), resource: resource.name || resource.identifier }
  })
}
