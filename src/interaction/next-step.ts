// interaction: the front channel is one row asked one question. `nextStep` is that question; the pages record facts on the
// row and ask again. Whatever asks nothing of the user finishes at once, without a row.

import { type Decision, decide } from '../accounts/policy.ts'
import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import type { Client } from '../protocol/client.ts'
import { OAuthError } from '../protocol/error.ts'
import type { Interaction } from '../store/interactions.ts'
import type { Session, SessionUser, Standing } from '../store/sessions.ts'

/** What has to happen next. `refuse` goes to the client: a page was forbidden, or the policy says no. */
export type Step =
  | { readonly step: 'sign-in' | 'sign-up' | 'second-factor' | 'enrol-factor' | 'consent' | 'finish' }
  | {
      readonly step: 'refuse'
      readonly code: 'login_required' | 'consent_required' | 'interaction_required' | 'access_denied'
      readonly reason: string
    }

/** What the user has done in this interaction so far. */
export type Progress = Pick<Interaction, 'signedInAt' | 'consentedAt'>

export const NO_PROGRESS: Progress = { signedInAt: undefined, consentedAt: undefined }

/** What the decision knows besides the row. */
export interface Surroundings {
  /** The true peer of the request. */
  readonly address: string
  /** Whether this deployment demands a second factor of everybody. */
  readonly requireMfa: boolean
}

/** A second factor is enrolled only by who has just proved the first. */
const FRESH_SECONDS = 300

/**
 * Decides what an authorization request needs from its user. OIDC Core §3.1.2.3, §3.1.2.4
 * Pure: the session, user and consent are given as the store has them, already known to be good.
 */
export function nextStep(
  request: AuthorizationRequest,
  client: Client,
  progress: Progress,
  standing: Standing,
  surroundings: Surroundings,
): Step {
  const mayAsk = !request.prompt.includes('none')
  const { session, user, now } = standing
  if (!session || !user || needsSignIn(request, progress, session, user, now)) {
    if (!mayAsk) return refuse('login_required')
    return { step: request.prompt.includes('create') && !progress.signedInAt ? 'sign-up' : 'sign-in' }
  }
  const decision = policyDecision(request, client, session, user, now, surroundings)
  if (decision.decision === 'deny') return { step: 'refuse', code: 'access_denied', reason: decision.reason }
  if (decision.decision === 'step-up') {
    if (!mayAsk) return refuse('interaction_required')
    const isStale = decision.need === 'enrol-factor' && ageOf(session, now) > FRESH_SECONDS
    return { step: isStale ? 'sign-in' : decision.need }
  }
  if (request.isBeyondRoles) return { step: 'refuse', code: 'access_denied', reason: 'no scope that a role allows' }
  if (needsConsent(request, client, progress, standing))
    return mayAsk ? { step: 'consent' } : refuse('consent_required')
  return { step: 'finish' }
}

/** A refusal as the client is told of it; which rule it was stays with us. */
export const refusalOf = ({ code, reason }: Extract<Step, { step: 'refuse' }>): OAuthError =>
  code === 'access_denied'
    ? new OAuthError(code, 'the policy does not allow this', { cause: reason })
    : new OAuthError(code, 'the user would have to be asked')

const refuse = (code: 'login_required' | 'consent_required' | 'interaction_required'): Step => ({
  step: 'refuse',
  code,
  reason: 'the user would have to be asked',
})

const ASK_ANEW = ['login', 'select_account', 'create'] as const

function needsSignIn(
  request: AuthorizationRequest,
  progress: Progress,
  session: Session,
  user: SessionUser,
  now: Date,
) {
  const subject = request.claims.subject ?? request.hintedSubject
  if (subject !== undefined && subject !== user.id) return true
  if (progress.signedInAt) return false // credentials were just given: asking again would go round in circles
  if (ASK_ANEW.some((prompt) => request.prompt.includes(prompt))) return true
  return request.maxAgeSeconds !== undefined && ageOf(session, now) > request.maxAgeSeconds
}

const ageOf = (session: Session, now: Date): number => (now.getTime() - session.authTime.getTime()) / 1000

function policyDecision(
  request: AuthorizationRequest,
  client: Client,
  session: Session,
  user: SessionUser,
  now: Date,
  { address, requireMfa }: Surroundings,
): Decision {
  const isMfaAsked = request.acrValues.includes('urn:postern:mfa') && !request.acrValues.includes('urn:postern:pwd')
  return decide({ user, session, address, client, demandsMfa: requireMfa || isMfaAsked, now })
}

function needsConsent(
  request: AuthorizationRequest,
  client: Client,
  progress: Progress,
  { consent }: Standing,
): boolean {
  if (progress.consentedAt) return false
  if (request.prompt.includes('consent')) return true
  if (client.firstParty) return false
  const isCovered = (asked: readonly string[], given: readonly string[]) => asked.every((item) => given.includes(item))
  return !consent || !isCovered(request.scope, consent.scope) || !isCovered(request.resources, consent.resources)
}
