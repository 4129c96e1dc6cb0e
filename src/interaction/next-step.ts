// interaction: the front channel is one row asked one question. `nextStep` is that question; the pages record facts on the
// row and ask again. Whatever asks nothing of the user finishes at once, without a row.

import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import type { Client } from '../protocol/client.ts'
import type { Interaction } from '../store/interactions.ts'
import type { Standing } from '../store/sessions.ts'

/** What has to happen next; `refuse` when the client allowed no page and one is needed. */
export type Step =
  | { readonly step: 'sign-in' | 'sign-up' | 'consent' | 'finish' }
  | { readonly step: 'refuse'; readonly code: 'login_required' | 'consent_required' | 'interaction_required' }

/** What the user has done in this interaction so far. */
export type Progress = Pick<Interaction, 'signedInAt' | 'consentedAt'>

export const NO_PROGRESS: Progress = { signedInAt: undefined, consentedAt: undefined }

/**
 * Decides what an authorization request needs from its user. OIDC Core §3.1.2.3, §3.1.2.4
 * Pure: the session, user and consent are given as the store has them, already known to be good.
 */
export function nextStep(request: AuthorizationRequest, client: Client, progress: Progress, standing: Standing): Step {
  const mayAsk = !request.prompt.includes('none')
  if (needsSignIn(request, progress, standing)) {
    if (!mayAsk) return { step: 'refuse', code: 'login_required' }
    return { step: request.prompt.includes('create') && !progress.signedInAt ? 'sign-up' : 'sign-in' }
  }
  if (needsConsent(request, client, progress, standing)) {
    return mayAsk ? { step: 'consent' } : { step: 'refuse', code: 'consent_required' }
  }
  return { step: 'finish' }
}

const ASK_ANEW = ['login', 'select_account', 'create'] as const

function needsSignIn(request: AuthorizationRequest, progress: Progress, { session, user, now }: Standing): boolean {
  if (!session || !user) return true
  const subject = request.claims.subject ?? request.hintedSubject
  if (subject !== undefined && subject !== user.id) return true
  if (progress.signedInAt) return false // credentials were just given: asking again would go round in circles
  if (ASK_ANEW.some((prompt) => request.prompt.includes(prompt))) return true
  const ageSeconds = (now.getTime() - session.authTime.getTime()) / 1000
  return request.maxAgeSeconds !== undefined && ageSeconds > request.maxAgeSeconds
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
