import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import { parkRequest, unparkRequest } from '../../interaction/begin.ts'
import { endSessionRequest } from '../../logout/end-session.ts'
import { type Pairs, parametersOf } from '../../protocol/parameters.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import type { Standing } from '../../store/sessions.ts'
import { signedOut } from '../../telemetry/audit.ts'
import { logOutPage, signedOutPage } from '../../views/log-out.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { clearSessionCookies, cookieDigest, ensureBrowserCookie, readCookie } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'

const SUBJECT = 'logout'
const NOBODY: Standing = { now: new Date(0), session: undefined, user: undefined, consent: undefined }

/** The end session endpoint. OIDC RP-Initiated Logout §2 */
export function endSessionEndpoint(app: FastifyInstance, deps: Deps): void {
  app.get(ENDPOINTS.end_session_endpoint, async (request, reply) => {
    await logOut(deps, request, reply, await sentPairs(deps, request))
  })
  app.post(ENDPOINTS.end_session_endpoint, async (request, reply) => {
    const pairs = bodyPairs(request)
    if (parametersOf(pairs).get('decision') !== undefined) return await confirmed(deps, request, reply, pairs)
    // From another site it came without cookies: it has to come back as a GET. design.md §5.4
    await seeOther(reply, `${deps.config.basePath}/logout?parked=${await parkRequest(deps, 'logout', pairs)}`)
  })
}

async function sentPairs(deps: Deps, request: FastifyRequest): Promise<Pairs> {
  const pairs = queryPairs(request)
  const [first] = pairs
  return first?.[0] === 'parked' && pairs.length === 1 ? await unparkRequest(deps, 'logout', first[1]) : pairs
}

async function logOut(deps: Deps, request: FastifyRequest, reply: FastifyReply, pairs: Pairs): Promise<void> {
  const parameters = parametersOf(pairs)
  const cookie = cookieDigest(deps, request, 'lax')
  const standing = cookie ? await deps.store.sessions.findToEnd('lax', cookie) : NOBODY
  const { client, returnTo, isProved } = await endSessionRequest(deps, parameters, standing)
  const frame = frameFor(deps, request, parameters.get('ui_locales'))

  if (standing.session && !isProved) {
    const browser = ensureBrowserCookie(deps, request, reply)
    const view = {
      action: `${deps.config.basePath}/logout`,
      csrf: csrfToken(deps, browser, SUBJECT),
      ...(client ? { client: { name: client.clientName } } : {}),
      ...(standing.user ? { account: standing.user.username } : {}),
    }
    return await sendPage(reply, logOutPage(view, frame))
  }
  await end(deps, request, reply, standing, client?.clientId)
  if (returnTo !== undefined) return await seeOther(reply, returnTo)
  await sendPage(reply, signedOutPage(client ? { clientName: client.clientName } : {}, frame))
}

async function confirmed(deps: Deps, request: FastifyRequest, reply: FastifyReply, pairs: Pairs): Promise<void> {
  refuseForgery(deps, request, parametersOf(pairs), readCookie(deps, request, 'browser'), SUBJECT)
  const cookie = cookieDigest(deps, request, 'strict')
  const standing = cookie ? await deps.store.sessions.findToEnd('strict', cookie) : NOBODY
  await end(deps, request, reply, standing, undefined)
  await sendPage(reply, signedOutPage({}, frameFor(deps, request)))
}

async function end(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { session, user }: Standing,
  clientId: string | undefined,
): Promise<void> {
  if (session && user) {
    await deps.store.sessions.end(session.id, signedOut(deps, provenance(request), user.id, session.id, clientId))
  }
  clearSessionCookies(deps, reply)
  reply.header('clear-site-data', '"cache", "storage"')
}
