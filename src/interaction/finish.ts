import type { Clock } from '../base/clock.ts'
import { digestOf } from '../base/digest.ts'
import { newId, newToken, type Random } from '../base/random.ts'
import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import { type AuthorizationResponse, codeResponse } from '../protocol/authorization-response.ts'
import type { ReturnAddress } from '../protocol/return-address.ts'
import type { Store } from '../store/index.ts'
import type { Session, SessionUser } from '../store/sessions.ts'
import { codeIssued, type Provenance } from '../telemetry/audit.ts'

export interface FinishDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'authorizationCodes'>
  readonly config: { readonly issuer: string; readonly codeSeconds: number }
}

/** An authorization that nothing stands in the way of any more. */
export interface Granted {
  readonly interactionId: string | undefined
  readonly request: AuthorizationRequest
  readonly session: Session
  readonly user: SessionUser
}

/**
 * Issues the code and answers the client. RFC 6749 §4.1.2
 * @returns `undefined` when the interaction's code has been redeemed already, or its session has just ended
 */
export async function finish(
  deps: FinishDeps,
  to: ReturnAddress,
  { interactionId, request, session, user }: Granted,
  from: Provenance,
): Promise<AuthorizationResponse | undefined> {
  const code = newToken(deps.random, 'ac_')
  const familyId = newId(deps.random, deps.clock.now())
  const grant = {
    familyId,
    clientId: request.clientId,
    userId: user.id,
    userEpoch: user.epoch,
    sessionId: session.id,
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge ?? null,
    scope: request.scope,
    resources: request.resources,
    nonce: request.nonce ?? null,
    claims: request.claims,
    authTime: session.authTime,
    acr: session.acr,
    amr: session.amr,
  }
  const event = codeIssued(deps, from, { userId: user.id, clientId: request.clientId, familyId, sessionId: session.id })
  const isIssued = await deps.store.authorizationCodes.issue(
    digestOf(code),
    interactionId,
    grant,
    deps.config.codeSeconds,
    event,
  )
  return isIssued ? codeResponse(deps.config.issuer, to, code) : undefined
}
