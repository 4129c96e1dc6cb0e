import type { Kysely } from 'kysely'
import { type StoredEvent, storedEvent } from './audit-chain.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** An event with the personal data beside it, while that is kept. */
export interface AuditedEvent extends StoredEvent {
  readonly address: string | null
  readonly user_agent: string | null
  /** Names and addresses that it tells of, as they were and are. */
  readonly personal: unknown
}

/** Which events are asked for; what is absent doesn't matter. */
export interface AuditFilter {
  readonly type?: string | undefined
  readonly userId?: string | undefined
  readonly clientId?: string | undefined
  readonly requestId?: string | undefined
  readonly outcome?: string | undefined
  readonly actor?: string | undefined
  /** From this instant on, and until before that one. */
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/** Reading what happened. */
export const auditTrailStore = (database: Database) => ({
  /** The latest events, oldest first. */
  async latest(filter: AuditFilter, limit: number): Promise<readonly AuditedEvent[]> {
    return (await this.search(filter, undefined, limit)).toReversed()
  },

  /** Events, newest first, from before a given one. */
  async search(filter: AuditFilter, before: string | undefined, limit: number): Promise<readonly AuditedEvent[]> {
    const { type, userId, clientId, requestId, outcome, actor, from, to } = filter
    const rows = await database.run((db) => {
      let asked = events(db).orderBy('e.id', 'desc').limit(limit)
      if (before !== undefined) asked = asked.where('e.id', '<', before)
      if (type !== undefined) asked = asked.where('e.type', '=', type)
      if (userId !== undefined) asked = asked.where('e.user_id', '=', userId)
      if (clientId !== undefined) asked = asked.where('e.client_id', '=', clientId)
      if (requestId !== undefined) asked = asked.where('e.request_id', '=', requestId)
      if (outcome !== undefined) asked = asked.where('e.outcome', '=', outcome)
      if (actor !== undefined) asked = asked.where('e.actor', '=', actor)
      if (from !== undefined) asked = asked.where('e.at', '>=', from)
      if (to !== undefined) asked = asked.where('e.at', '<', to)
      return asked.execute()
    })
    return rows.map(audited)
  },

  async find(id: string): Promise<AuditedEvent | undefined> {
    const row = await database.run((db) => events(db).where('e.id', '=', id).executeTakeFirst())
    return row && audited(row)
  },

  /** Events after one of them, oldest first, for reading all there are in pages. */
  async after(id: string | undefined, limit: number): Promise<readonly AuditedEvent[]> {
    const rows = await database.run((db) => {
      const all = events(db).orderBy('e.id').limit(limit)
      return (id === undefined ? all : all.where('e.id', '>', id)).execute()
    })
    return rows.map(audited)
  },
})

const events = (db: Kysely<Schema>) =>
  db
    .selectFrom('audit_event as e')
    .leftJoin('audit_subject as s', 's.event_id', 'e.id')
    .select([storedEvent.as('event'), 's.address', 's.user_agent', 's.personal'])

interface AuditedRow {
  readonly event: StoredEvent
  readonly address: string | null
  readonly user_agent: string | null
  readonly personal: unknown
}

const audited = ({ event, ...personal }: AuditedRow): AuditedEvent => ({ ...event, ...personal })
