// telemetry: what is told about the server's work: audit events, log lines, metrics. One function makes one kind of
// event; the store function of the change writes it. Nothing here decides, and no event holds a secret.

import type { Clock } from '../base/clock.ts'
import { newId, type Random } from '../base/random.ts'
import type { AuditEvent } from '../store/audit.ts'

/** Where a request came from, as events keep it. */
export interface Provenance {
  readonly requestId: string
  /** The network prefix: /24 or /64. */
  readonly address: string
  readonly userAgent: string
  /** The language that the request asked for, as a BCP 47 tag. No event keeps it. */
  readonly language?: string
}

export interface EventDeps {
  readonly clock: Clock
  readonly random: Random
}

export const event = (
  { clock, random }: EventDeps,
  type: string,
  actor: string,
  facts: Partial<Omit<AuditEvent, 'id' | 'type' | 'actor'>>,
): AuditEvent => ({ id: newId(random, clock.now()), type, actor, outcome: 'success', ...facts })

export const ofUser = (userId: string): string => `user:${userId}`
const ofClient = (clientId: string): string => `client:${clientId}`

/** An operator, or the server itself, changed a client, user, role or resource. */
export const administrationEvent = (
  deps: EventDeps,
  type: string,
  actor: string,
  facts: { readonly userId?: string; readonly clientId?: string; readonly detail?: Readonly<Record<string, unknown>> },
): AuditEvent => event(deps, type, actor, facts)

/** A user signed in with a password. */
export const signedIn = (
  deps: EventDeps,
  from: Provenance,
  facts: {
    readonly userId: string
    readonly sessionId: string
    readonly clientId: string | undefined
    readonly amr: readonly string[]
  },
): AuditEvent =>
  event(deps, 'user.signed_in', ofUser(facts.userId), {
    ...from,
    userId: facts.userId,
    sessionId: facts.sessionId,
    clientId: facts.clientId,
    detail: { amr: facts.amr },
  })

/** A sign-in failed. Whom it names was typed by a stranger: an account that is not there has no id, and its name is not kept. */
export const signInFailed = (deps: EventDeps, from: Provenance, reason: string, userId?: string): AuditEvent =>
  event(deps, 'user.sign_in_failed', 'anonymous', { ...from, userId, outcome: 'failure', reason })

/** After too many wrong passwords, an account is closed to devices that it does not know. */
export const strangersClosed = (deps: EventDeps, from: Provenance, userId: string): AuditEvent =>
  event(deps, 'account.strangers_closed', 'system', { ...from, userId, outcome: 'failure' })

/** The policy refused a user what a client asked for. */
export const policyDenied = (
  deps: EventDeps,
  from: Provenance,
  facts: Partial<GrantFacts> & { readonly reason: string },
): AuditEvent =>
  event(deps, 'policy.denied', facts.userId === undefined ? ofClient(facts.clientId ?? '') : ofUser(facts.userId), {
    ...from,
    ...facts,
    outcome: 'failure',
  })

/** Somebody made an account. */
export const signedUp = (
  deps: EventDeps,
  from: Provenance,
  userId: string,
  by: 'sign-up' | 'invitation' | 'first-administrator',
): AuditEvent => event(deps, 'user.created', ofUser(userId), { ...from, userId, detail: { by } })

/** A session was ended by its user. */
export const signedOut = (
  deps: EventDeps,
  from: Provenance,
  userId: string,
  sessionId: string,
  clientId?: string,
): AuditEvent => event(deps, 'user.signed_out', ofUser(userId), { ...from, userId, sessionId, clientId })

/** A user allowed a client what it asked for. */
export const consented = (
  deps: EventDeps,
  from: Provenance,
  facts: {
    readonly userId: string
    readonly clientId: string
    readonly sessionId: string
    readonly scope: readonly string[]
  },
): AuditEvent =>
  event(deps, 'consent.given', ofUser(facts.userId), {
    ...from,
    userId: facts.userId,
    clientId: facts.clientId,
    sessionId: facts.sessionId,
    detail: { scope: facts.scope },
  })

/** A user refused a client. */
export const consentDenied = (
  deps: EventDeps,
  from: Provenance,
  facts: { readonly userId: string; readonly clientId: string; readonly sessionId: string },
): AuditEvent => event(deps, 'consent.denied', ofUser(facts.userId), { ...from, ...facts, outcome: 'failure' })

interface GrantFacts {
  readonly userId: string
  readonly clientId: string
  readonly familyId: string
  readonly sessionId?: string
}

/** A code was issued. */
export const codeIssued = (deps: EventDeps, from: Provenance, facts: GrantFacts): AuditEvent =>
  event(deps, 'code.issued', ofUser(facts.userId), { ...from, ...facts })

/** A code was exchanged for tokens. */
export const codeRedeemed = (deps: EventDeps, from: Provenance, facts: GrantFacts): AuditEvent =>
  event(deps, 'code.redeemed', ofClient(facts.clientId), { ...from, ...facts })

/** A code was presented with a wrong verifier, and is burnt. */
export const codeBurnt = (deps: EventDeps, from: Provenance, facts: GrantFacts): AuditEvent =>
  event(deps, 'code.burnt', ofClient(facts.clientId), {
    ...from,
    ...facts,
    outcome: 'failure',
    reason: 'wrong code_verifier',
  })

/** A code was presented again: its grant is ended. */
export const codeReplayed = (deps: EventDeps, from: Provenance, facts: GrantFacts): AuditEvent =>
  event(deps, 'code.replayed', ofClient(facts.clientId), {
    ...from,
    ...facts,
    outcome: 'failure',
    reason: 'code replay',
  })

/** A refresh token was presented that is not the current one: written only when it ended its family. */
export const refreshReused = (deps: EventDeps, from: Provenance, facts: GrantFacts): AuditEvent =>
  event(deps, 'refresh_token.reused', ofClient(facts.clientId), { ...from, ...facts, outcome: 'failure' })

/** A refresh token was retried suspiciously often, or from elsewhere. */
export const refreshRetryNoticed = (
  deps: EventDeps,
  from: Provenance,
  facts: GrantFacts,
  { retries, reason }: { readonly retries: number; readonly reason: string },
): AuditEvent =>
  event(deps, 'refresh_token.retried', ofClient(facts.clientId), { ...from, ...facts, reason, detail: { retries } })

/** A client revoked a grant, or a token of its own. */
export const tokenRevoked = (
  deps: EventDeps,
  from: Provenance,
  facts: { readonly clientId: string; readonly userId?: string; readonly familyId?: string },
): AuditEvent => event(deps, 'token.revoked', ofClient(facts.clientId), { ...from, ...facts })

/** A request could not prove to be the client that it named, which may not be there. */
export const clientAuthenticationFailed = (
  deps: EventDeps,
  from: Provenance,
  clientId: string | undefined,
  reason: string,
): AuditEvent =>
  event(deps, 'client.authentication_failed', 'anonymous', { ...from, clientId, outcome: 'failure', reason })

/** Something about a user's second factors. */
export const factorEvent = (
  deps: EventDeps,
  type:
    | 'factor.proved'
    | 'factor.failed'
    | 'factor.enrolled'
    | 'factor.renamed'
    | 'factor.removed'
    | 'recovery_codes.issued'
    | 'recovery_code.used',
  place: { readonly userId: string; readonly sessionId: string; readonly from: Provenance },
  detail: Readonly<Record<string, unknown>>,
): AuditEvent =>
  event(deps, type, ofUser(place.userId), {
    ...place.from,
    userId: place.userId,
    sessionId: place.sessionId,
    outcome: type === 'factor.failed' ? 'failure' : 'success',
    detail,
  })

/** Something that a person did with their own account. */
export const accountEvent = (
  deps: EventDeps,
  type:
    | 'password.changed'
    | 'profile.changed'
    | 'session.ended'
    | 'sessions.ended'
    | 'consent.withdrawn'
    | 'account.exported'
    | 'account.deleted',
  place: { readonly userId: string; readonly sessionId: string; readonly from: Provenance },
  facts: { readonly clientId?: string; readonly detail?: Readonly<Record<string, unknown>> } = {},
): AuditEvent =>
  event(deps, type, ofUser(place.userId), { ...place.from, userId: place.userId, sessionId: place.sessionId, ...facts })

/** A link was sent by mail, or did what it was for. */
export const mailLinkEvent = (
  deps: EventDeps,
  type:
    | 'password.reset_requested'
    | 'password.reset'
    | 'email.verification_requested'
    | 'email.verified'
    | 'email.change_requested'
    | 'email.change_cancelled'
    | 'email.changed',
  from: Provenance,
  userId: string | undefined,
): AuditEvent => {
  const isProved = userId !== undefined && type !== 'password.reset_requested' // anybody may ask for that one
  return event(deps, type, isProved ? ofUser(userId) : 'anonymous', { ...from, userId })
}
