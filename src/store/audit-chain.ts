import { type RawBuilder, sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

/** A place in the chain. */
export interface ChainLink {
  /** From 1, without gaps. */
  readonly seq: number
  /** 32 bytes. */
  readonly hash: Buffer
}

/** An event as its row tells it, without personal data. */
export interface StoredEvent {
  readonly id: string
  /** UTC, to the microsecond: all that the database knows. */
  readonly at: string
  readonly type: string
  readonly outcome: string
  readonly actor: string
  readonly user_id: string | null
  readonly client_id: string | null
  readonly session_id: string | null
  readonly family_id: string | null
  readonly request_id: string | null
  readonly reason: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

/** A seal, and what its event is now. */
export interface StoredSeal extends ChainLink {
  readonly eventId: string
  readonly text: string
  /** `null`: it is gone. */
  readonly event: StoredEvent | null
}

export interface StoredCheckpoint {
  readonly seq: number
  readonly at: Date
  readonly statement: string
}

/** The row `e` as one value. */
export const storedEvent: RawBuilder<StoredEvent> = sql<StoredEvent>`jsonb_build_object(
  'id', e.id, 'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'type', e.type, 'outcome', e.outcome,
  'actor', e.actor, 'user_id', e.user_id, 'client_id', e.client_id, 'session_id', e.session_id, 'family_id', e.family_id,
  'request_id', e.request_id, 'reason', e.reason, 'detail', e.detail)`

const PRUNED_AT_ONCE = 2000

/** The chain over the audit events. What a hash is over is decided elsewhere; nothing here trusts a row. */
export const auditChainStore = (database: Database) => ({
  /** Whether an event waits to be sealed. */
  async hasWaiting(): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql<{ any: boolean }>`select exists (select 1 from audit_queue) as any`.execute(db),
    )
    return rows[0]?.any ?? false
  },

  async countWaiting(): Promise<number> {
    const { rows } = await database.run((db) => sql<{ n: number }>`select count(*) as n from audit_queue`.execute(db))
    return rows[0]?.n ?? 0
  },

  /** Events that wait, oldest first; none that has a seal already. */
  async listWaiting(limit: number): Promise<readonly StoredEvent[]> {
    const { rows } = await database.run((db) =>
      sql<{ event: StoredEvent }>`
        select ${storedEvent} as event from audit_queue q join audit_event e on e.id = q.event_id
         where not exists (select 1 from audit_seal s where s.event_id = q.event_id)
         order by q.event_id limit ${limit}`.execute(db),
    )
    return rows.map(({ event }) => event)
  },

  /** The end of the chain; `undefined` when its row has been removed. */
  async findHead(): Promise<ChainLink | undefined> {
    return await database.run((db) => db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirst())
  },

  /**
   * Puts seals at the end of the chain and takes their events from the queue, if the chain still ends where they begin.
   * @returns false when somebody else has moved the end: nothing was changed, and the events may be sealed already
   */
  async extend(head: ChainLink, seals: readonly (ChainLink & { eventId: string; text: string })[]): Promise<boolean> {
    const last = seals.at(-1) ?? head
    const { rows } = await database.run((db) =>
      sql`
        with moved as (
          update audit_head set seq = ${last.seq}, hash = ${last.hash} where seq = ${head.seq} and hash = ${head.hash}
          returning seq),
        sealed as (
          insert into audit_seal (seq, event_id, text, hash)
          select s.seq, s.event_id, s.text, s.hash
            from unnest(${seals.map(({ seq }) => seq)}::bigint[], ${seals.map(({ eventId }) => eventId)}::uuid[],
                        ${seals.map(({ text }) => text)}::text[], ${seals.map(({ hash }) => hash)}::bytea[])
                   as s (seq, event_id, text, hash), moved),
        taken as (
          delete from audit_queue q using moved where q.event_id = any(${seals.map(({ eventId }) => eventId)}::uuid[]))
        select 1 from moved`.execute(db),
    )
    return rows.length > 0
  },

  /** Seals after a place, in their order, with what their events are now. */
  async listSeals(after: number, limit: number): Promise<readonly StoredSeal[]> {
    const { rows } = await database.run((db) =>
      sql<StoredSeal>`
        select s.seq, s.hash, s.event_id as "eventId", s.text, case when e.id is not null then ${storedEvent} end as event
          from audit_seal s left join audit_event e on e.id = s.event_id
         where s.seq > ${after} order by s.seq limit ${limit}`.execute(db),
    )
    return rows
  },

  /**
   * Of the next events after one, those that no seal names although none of them waits for one.
   * @returns `last`: where the next page begins; `undefined` after the last one
   */
  async listUnsealed(
    after: string,
    limit: number,
  ): Promise<{ readonly last: string | undefined; readonly ids: readonly string[] }> {
    const { rows } = await database.run((db) =>
      sql<{ id: string; isUnsealed: boolean }>`
        select e.id, not exists (select 1 from audit_seal s where s.event_id = e.id)
                     and not exists (select 1 from audit_queue q where q.event_id = e.id) as "isUnsealed"
          from audit_event e where e.id > ${after}::uuid order by e.id limit ${limit}`.execute(db),
    )
    return { last: rows.at(-1)?.id, ids: rows.filter(({ isUnsealed }) => isUnsealed).map(({ id }) => id) }
  },

  async addCheckpoint(seq: number, statement: string): Promise<void> {
    await database.run((db) =>
      sql`insert into audit_checkpoint (seq, at, statement) values (${seq}, ${database.now}, ${statement})
          on conflict (seq) do nothing`.execute(db),
    )
  },

  async lastCheckpoint(): Promise<StoredCheckpoint | undefined> {
    return await database.run((db) =>
      db.selectFrom('audit_checkpoint').selectAll().orderBy('seq', 'desc').limit(1).executeTakeFirst(),
    )
  },

  /** Checkpoints from a place on, in their order. */
  async listCheckpoints(from: number, limit: number): Promise<readonly StoredCheckpoint[]> {
    return await database.run((db) =>
      db.selectFrom('audit_checkpoint').selectAll().where('seq', '>=', from).orderBy('seq').limit(limit).execute(),
    )
  },

  /**
   * Drops what is oldest and older than the retention: whole prefixes that end in a checkpoint, which stays, so that what is
   * left can still be proved. Call again until nothing goes.
   * @param told makes the event of it
   * @returns how many events went
   */
  async prune(retentionDays: number, told: (through: number) => AuditEvent): Promise<number> {
    return await database.asOwner(async (db) => {
      const { rows: edges } = await sql<{ seq: number | null }>`
        with first as (select min(seq) as seq from audit_seal)
        select coalesce(max(c.seq) filter (where c.seq < first.seq + ${PRUNED_AT_ONCE}), min(c.seq)) as seq
          from audit_checkpoint c, first
         where c.seq >= first.seq and c.at < ${database.now} - ${retentionDays}::float8 * interval '1 day'`.execute(db)
      const through = edges[0]?.seq
      if (through === null || through === undefined) return 0
      await sql`delete from audit_checkpoint where seq < ${through}`.execute(db)
      const { rows } = await sql<{ n: number }>`
        with unsealed as (delete from audit_seal where seq <= ${through} returning event_id),
        gone as (delete from audit_event e using unsealed u where e.id = u.event_id returning e.id),
        ${auditing(told(through), database.now, sql`(select 1 from unsealed limit 1) as any_gone`)}
        select count(*) as n from unsealed`.execute(db)
      return rows[0]?.n ?? 0
    })
  },

  /**
   * Erases the personal data beside the events of a user. The events stay, and so does the chain; and where another user acted
   * on them, it stays from where: else an administrator would cover their tracks by deleting whom they harmed.
   */
  async eraseSubject(userId: string): Promise<void> {
    const isByAnother = sql`(e.actor like 'user:%' and e.actor <> 'user:' || e.user_id::text)`
    await database.asOwner((db) =>
      sql`
        with kept as (
          update audit_subject s set personal = null from audit_event e
           where e.id = s.event_id and e.user_id = ${userId}::uuid and ${isByAnother})
        delete from audit_subject s using audit_event e
         where e.id = s.event_id and e.user_id = ${userId}::uuid and not ${isByAnother}`.execute(db),
    )
  },
})
