import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import {
  type Addressed,
  addressed,
  beginInteraction,
  judged,
  parkRequest,
  unparkRequest,
} from '../../interaction/begin.ts'
import { finish } from '../../interaction/finish.ts'
import { limitedToRoles } from '../../interaction/limit-to-roles.ts'
import { NO_PROGRESS, nextStep } from '../../interaction/next-step.ts'
import { refuse } from '../../interaction/refuse.ts'
import { errorResponse } from '../../protocol/authorization-response.ts'
import { OAuthError } from '../../protocol/error.ts'
import type { Pairs } from '../../protocol/parameters.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import { StoreUnavailable } from '../../store/database.ts'
import type { Standing } from '../../store/sessions.ts'
import { provenance, seeOther, surroundings } from '../context.ts'
import { respond } from '../pages/respond.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { cookieDigest, ensureBrowserCookie } from '../plugins/cookies.ts'

const NOBODY: Standing = { now: new Date(0), session: undefined, user: undefined, consent: undefined }

/** The authorization endpoint. RFC 6749 §3.1 */
export function authorizationEndpoint(app: FastifyInstance, deps: Deps): void {
  app.get(ENDPOINTS.authorization_endpoint, async (request, reply) => {
    await authorize(deps, request, reply, await sentPairs(deps, request))
  })
  // A POST from another site carries no Lax cookie, so whoever is signed in would look signed out: it comes back as a GET.
  app.post(ENDPOINTS.authorization_endpoint, async (request, reply) => {
    const reference = await parkRequest(deps, 'authorize', bodyPairs(request))
    await seeOther(reply, `${deps.config.basePath}/authorize?parked=${reference}`)
  })
}

async function sentPairs(deps: Deps, request: FastifyRequest): Promise<Pairs> {
  const pairs = queryPairs(request)
  const [first] = pairs
  return first?.[0] === 'parked' && pairs.length === 1 ? await unparkRequest(deps, 'authorize', first[1]) : pairs
}

async function authorize(deps: Deps, request: FastifyRequest, reply: FastifyReply, pairs: Pairs): Promise<void> {
  const known = await addressed(deps, pairs)
  try {
    await answerKnown(deps, request, reply, known)
  } catch (error) {
    const refusal = redirectable(error)
    request.refusal = refusal
    request.log.info({ code: refusal.code, err: error }, 'refused')
    await respond(deps, request, reply, errorResponse(deps.config.issuer, known.to, refusal))
  }
}

/** From here the client is told, of our own faults too: its user would be stuck on a page of ours otherwise. RFC 6749 §4.1.2.1 */
function redirectable(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof StoreUnavailable) {
    return new OAuthError('temporarily_unavailable', 'the server cannot answer now', { cause: error })
  }
  return new OAuthError('server_error', 'an internal error occurred', { cause: error })
}

async function answerKnown(deps: Deps, request: FastifyRequest, reply: FastifyReply, known: Addressed): Promise<void> {
  const { issuer, basePath } = deps.config
  const judgedRequest = await judged(deps, known)
  const cookie = cookieDigest(deps, request, 'lax')
  const standing = cookie ? await deps.store.sessions.findByLax(cookie, known.client.clientId) : NOBODY
  const { session, user } = standing
  const asked = limitedToRoles(judgedRequest, user, await deps.directory.resources())
  const next = nextStep(asked, known.client, NO_PROGRESS, standing, surroundings(deps, request))
  if (next.step === 'refuse') throw await refuse(deps, next, standing, known.client.clientId, provenance(request))
  if (next.step === 'finish' && session && user) {
    const granted = { interactionId: undefined, request: asked, session, user }
    const response = await finish(deps, known.to, granted, provenance(request))
    const signedOut = errorResponse(issuer, known.to, new OAuthError('login_required', 'the session has just ended'))
    return await respond(deps, request, reply, response ?? signedOut)
  }
  const browser = ensureBrowserCookie(deps, request, reply)
  const id = await beginInteraction(deps, judgedRequest, browser, session?.id)
  await seeOther(reply, `${basePath}/interaction?id=${id}`)
}
