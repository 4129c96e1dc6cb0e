import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { removeFactor } from '../../accounts/remove-factor.ts'
import { confirmEnrolment } from '../../accounts/second-factor.ts'
import { beginEnrolment, openEnrolment } from '../../accounts/totp.ts'
import { digestOf, equalInConstantTime } from '../../base/digest.ts'
import type { Deps } from '../../deps.ts'
import { NO_PROGRESS, nextStep } from '../../interaction/next-step.ts'
import { OWN_PAGES, ownPageRequest } from '../../interaction/own-pages.ts'
import { refuse } from '../../interaction/refuse.ts'
import { OAuthError } from '../../protocol/error.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import { provenance, surroundings } from '../context.ts'
import { nameOf } from '../pages/enrol-factor.ts'
import { bodyPairs } from '../parameters.ts'
import { readCookie, setSessionCookies } from '../plugins/cookies.ts'
import { comesFromUs, csrfToken } from '../plugins/csrf.ts'

const SUBJECT = 'account-api'
const FRESH_SECONDS = 300

/**
 * Enrolling authenticators for consoles that build their own pages on our origin: the same functions as the account's pages,
 * as JSON. Needs the Strict cookie and, in `X-CSRF-Token`, what GET /account/totp gives.
 */
export function accountTotpEndpoints(app: FastifyInstance, deps: Deps): void {
  app.get('/account/totp', async (request, reply) => {
    const { user, cookie } = await visitorOf(deps, request, reply, false)
    const totp = await deps.store.secondFactors.listTotp(user.id)
    await reply.send({
      csrf_token: csrfToken(deps, cookie, SUBJECT),
      recovery_codes_left: await deps.store.recoveryCodes.count(user.id),
      totp: totp.map(({ id, name, confirmedAt, lastUsedAt }) => ({
        id,
        name,
        confirmed_at: confirmedAt,
        last_used_at: lastUsedAt,
      })),
    })
  })
  app.post('/account/totp', async (request, reply) => {
    const { user, place } = await visitorOf(deps, request, reply, true)
    const name = nameOf(parametersOf(bodyPairs(request)).get('name'))
    await beginEnrolment(deps, user.id, place.sessionId, name)
    const label = user.email ?? user.username
    const begun = await openEnrolment(
      deps,
      { id: user.id, label },
      place.sessionId,
      new URL(deps.config.issuer).hostname,
    )
    if (!begun) throw new OAuthError('server_error', 'an internal error occurred')
    await reply.code(201).send({ id: begun.id, name, secret: begun.secret, otpauth_uri: begun.uri })
  })
  app.post<{ Params: { id: string } }>('/account/totp/:id/confirm', async (request, reply) => {
    const { user, place } = await visitorOf(deps, request, reply, true)
    const code = parametersOf(bodyPairs(request)).get('code')
    const enrolment = await deps.store.secondFactors.findEnrolment(user.id, place.sessionId)
    if (code === undefined || enrolment?.id !== request.params.id) {
      throw new OAuthError('invalid_request', 'there is no such enrolment, or no code')
    }
    const result = await confirmEnrolment(deps, place, code.slice(0, 100))
    if (result.outcome === 'wait') {
      throw new OAuthError('slow_down', 'too many codes', { retryAfterSeconds: result.seconds })
    }
    if (result.outcome !== 'proved') throw new OAuthError('invalid_grant', 'the code is not right')
    setSessionCookies(deps, reply, result.secrets)
    await reply.send({ id: enrolment.id, confirmed: true })
  })
  app.delete<{ Params: { id: string } }>('/account/totp/:id', async (request, reply) => {
    const { user, place } = await visitorOf(deps, request, reply, true)
    const isRequired = user.mustHaveFactor || deps.config.requireMfa === 'all'
    if ((await removeFactor(deps, place, request.params.id, isRequired)) === 'required') {
      throw new OAuthError('access_denied', 'the policy demands a second factor')
    }
    await reply.code(204).send()
  })
}

/** Who is there, fully and (for a change) freshly signed in, from a page of ours. RFC 9470 says what is missing otherwise. */
async function visitorOf(deps: Deps, request: FastifyRequest, reply: FastifyReply, isChange: boolean) {
  const cookie = readCookie(deps, request, 'strict')
  const standing = cookie === undefined ? undefined : await deps.store.sessions.findByStrict(digestOf(cookie))
  const { session, user } = standing ?? {}
  if (!standing || !session || !user || cookie === undefined)
    throw new OAuthError('invalid_token', 'nobody is signed in')
  if (isChange) refuseForgedCall(deps, request, cookie)
  const asked = ownPageRequest('/account', isChange ? { maxAgeSeconds: FRESH_SECONDS } : {})
  const next = nextStep(asked, OWN_PAGES, NO_PROGRESS, standing, surroundings(deps, request))
  if (next.step === 'refuse') throw await refuse(deps, next, standing, undefined, provenance(request))
  // Who has to enrol may do it here; everybody else has to have done what the policy asks.
  if (next.step !== 'finish' && next.step !== 'enrol-factor') {
    reply.header('www-authenticate', stepUpChallenge(next.step === 'second-factor'))
    throw new OAuthError('insufficient_user_authentication', 'a fresher or stronger sign-in is needed')
  }
  return { user, cookie, place: { userId: user.id, sessionId: session.id, from: provenance(request) } }
}

/** What the sign-in lacks: a second factor, or freshness. RFC 9470 §3 */
const stepUpChallenge = (isFactorDue: boolean): string =>
  `Cookie error="insufficient_user_authentication", ${isFactorDue ? 'acr_values="urn:postern:mfa"' : `max_age="${FRESH_SECONDS}"`}`

function refuseForgedCall(deps: Deps, request: FastifyRequest, cookie: string): void {
  const token = request.headers['x-csrf-token']
  const expected = Buffer.from(csrfToken(deps, cookie, SUBJECT))
  const isOurs =
    comesFromUs(deps, request) && typeof token === 'string' && equalInConstantTime(Buffer.from(token), expected)
  if (!isOurs) throw new OAuthError('access_denied', 'the call does not come from a page of this server')
}
