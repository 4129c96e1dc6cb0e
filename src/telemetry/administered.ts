import type { AuditEvent } from '../store/audit.ts'
import { type EventDeps, event, ofUser, type Provenance } from './audit.ts'

/** Whose doing it is, and from where. */
interface Actor {
  readonly userId: string
  readonly sessionId: string
  readonly from: Provenance
}

type Facts = Readonly<Record<string, unknown>>

/** What an administrator changed: the fields that differ, as they were and as they are. Never a secret. */
export interface AdministeredFacts {
  /** The user that it is about. */
  readonly userId?: string
  readonly clientId?: string
  readonly familyId?: string
  readonly before?: Facts
  readonly after?: Facts
  readonly detail?: Facts
  /** What it tells of a person: it stands beside the event, and can be erased. */
  readonly personal?: { readonly before?: Facts; readonly after: Facts }
}

/** An administrator changed something. */
export function administered(
  deps: EventDeps,
  { userId, sessionId, from }: Actor,
  type: string,
  { before, after, detail, personal, ...about }: AdministeredFacts,
): AuditEvent {
  const changed = before && after ? differences(before, after) : { ...(before && { before }), ...(after && { after }) }
  return event(deps, type, ofUser(userId), {
    ...from,
    ...about,
    sessionId,
    detail: { ...detail, ...changed },
    ...(personal && { personal: personal.before ? differences(personal.before, personal.after) : personal }),
  })
}

/** An administrator was refused for what their roles do not allow. */
export const administrationDenied = (
  deps: EventDeps,
  { userId, sessionId, from }: Actor,
  permission: string,
  reason: string,
): AuditEvent =>
  event(deps, 'administration.denied', ofUser(userId), {
    ...from,
    userId,
    sessionId,
    outcome: 'failure',
    reason,
    detail: { permission },
  })

/** The members in which two descriptions differ. */
function differences(before: Facts, after: Facts): { readonly before: Facts; readonly after: Facts } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  )
  const only = (facts: Facts) =>
    Object.fromEntries(names.flatMap((name) => (name in facts ? [[name, facts[name]]] : [])))
  return { before: only(before), after: only(after) }
}
