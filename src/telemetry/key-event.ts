import type { AuditEvent } from '../store/audit.ts'
import { type EventDeps, event, type Provenance } from './audit.ts'

/** From where, and in which session, somebody moved the keys; nothing where it was the server itself or its operator. */
export type KeyEventFacts = Partial<Provenance> & { readonly sessionId?: string }

/** A signing key was created, rotated or replaced. */
export const keyEvent = (
  deps: EventDeps,
  type: 'key.created' | 'key.rotated' | 'key.emergency',
  kid: string,
  actor: string,
  from: KeyEventFacts = {},
): AuditEvent => event(deps, type, actor, { ...from, detail: { kid } })
