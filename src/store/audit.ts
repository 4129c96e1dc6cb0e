import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'

/** Something that happened to a user, a client or a credential. Holds no secret. */
export interface AuditEvent {
  readonly id: string
  readonly type: string
  readonly outcome: 'success' | 'failure'
  /** `user:…`, `client:…`, `operator` or `system`. */
  readonly actor: string
  readonly userId?: string | undefined
  readonly clientId?: string | undefined
  readonly sessionId?: string | undefined
  readonly familyId?: string | undefined
  readonly requestId?: string | undefined
  readonly reason?: string | undefined
  readonly detail?: Readonly<Record<string, unknown>>
  /** Personal data, kept beside the event. */
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  /** What else it tells of a person: names and addresses, as they were and are. */
  readonly personal?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The part of a statement that writes an event when, and only when, the change beside it happened.
 * @param source what follows `from`: a CTE of the statement, with the condition under which the event is true. It gives one row or none.
 * @param reason overrides the event's reason by an expression over the source
 */
export function auditing(
  event: AuditEvent,
  now: RawBuilder<Date>,
  source: RawBuilder<unknown>,
  reason: RawBuilder<unknown> = sql`${event.reason ?? null}::text`,
): RawBuilder<unknown> {
  return sql`
    audited as (
      insert into audit_event (id, at, type, outcome, actor, user_id, client_id, session_id, family_id, request_id, reason, detail)
      select ${event.id}::uuid, ${now}, ${event.type}::text, ${event.outcome}::text, ${event.actor}::text,
             ${event.userId ?? null}::uuid, ${event.clientId ?? null}::text, ${event.sessionId ?? null}::uuid,
             ${event.familyId ?? null}::uuid, ${event.requestId ?? null}::text, ${reason}, ${JSON.stringify(event.detail ?? {})}::jsonb
        from ${source}
      on conflict (id) do nothing
      returning id),
    audited_subject as (
      insert into audit_subject (event_id, address, user_agent, personal)
      select id, ${event.address ?? null}::text, ${event.userAgent ?? null}::text,
             ${event.personal === undefined ? null : JSON.stringify(event.personal)}::jsonb from audited),
    audited_queue as (
      insert into audit_queue (event_id) select id from audited)`
}

export const auditStore = (database: Database) => ({
  /** Records what changed nothing: a failed attempt. A change is recorded by the statement that makes it. */
  async record(event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`with ${auditing(event, database.now, sql`(select 1) as always`)} select 1`.execute(db),
    )
  },
})
