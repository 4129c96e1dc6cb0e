import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'

/** Something to be sent, sealed for its row. */
export interface Outgoing {
  readonly id: string
  /** What it tells of, for operators. */
  readonly topic: string
  /** Sealed to `outbox/payload/<id>`. Where there is nothing to send, and that must not be noticed by the time it takes: none. */
  readonly payload: Buffer | undefined
  /** After so long there is no more use in sending it. */
  readonly lifetimeSeconds: number
}

/** One that waits. */
export interface Waiting {
  readonly id: string
  readonly topic: string
  readonly payload: Buffer
  readonly createdAt: Date
  /** This one included, where somebody claimed it. */
  readonly attempts: number
}

/**
 * The part of a statement that puts mails into the outbox when, and only when, the change beside it happened: no notice is
 * lost, and none tells of what did not happen.
 * @param source what follows `from`: a CTE of the statement that gives one row or none
 */
export function mailing(
  mails: readonly Outgoing[],
  now: RawBuilder<Date>,
  source: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    mailed as (
      insert into outbox (id, channel, topic, payload, created_at, expires_at, next_attempt_at)
      select m.id, 'mail', m.topic, m.payload, n.now, n.now + m.lifetime * interval '1 second',
             case when m.payload is not null then n.now end
        from ${source} cross join (select ${now} as now) n,
             unnest(${mails.map(({ id }) => id)}::uuid[], ${mails.map(({ topic }) => topic)}::text[],
                    ${mails.map(({ payload }) => payload ?? null)}::bytea[], ${mails.map((mail) => mail.lifetimeSeconds)}::float8[])
               as m(id, topic, payload, lifetime)
      on conflict (id) do nothing)`
}

const waitingColumns = sql`o.id, o.topic, o.payload, o.created_at as "createdAt", o.attempts`

export const outboxStore = (database: Database) => ({
  /** Puts mails into the outbox for what another statement has done. Where a change is stored, it does so itself: `mailing`. */
  async add(mails: readonly Outgoing[]): Promise<void> {
    await database.run((db) =>
      sql`with ${mailing(mails, database.now, sql`(select 1) as always`)} select 1`.execute(db),
    )
  },

  /**
   * Takes what is due, oldest first. Nobody else gets it before the claim has run out, which is also when it is tried again
   * if its taker has died.
   */
  async claim(limit: number, claimSeconds: number): Promise<readonly Waiting[]> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`
        with t as (select ${database.now} as now),
        due as (
          select o.id from outbox o where o.next_attempt_at <= (select now from t) and o.expires_at > (select now from t)
           order by o.next_attempt_at limit ${limit})
        update outbox o set attempts = o.attempts + 1, next_attempt_at = t.now + ${claimSeconds}::float8 * interval '1 second'
          from t where o.id in (select id from due) and o.next_attempt_at <= t.now -- again, for who was claimed meanwhile
        returning ${waitingColumns}`.execute(db),
    )
    return rows
  },

  /** Notes that it is sent, and erases what it said. */
  async deliver(id: string): Promise<void> {
    await database.run((db) =>
      sql`update outbox set delivered_at = ${database.now}, payload = null, next_attempt_at = null, last_error = null
           where id = ${id} and delivered_at is null`.execute(db),
    )
  },

  /** Notes why it could not be sent, and when it is tried again: at the latest when it is to be given up. */
  async postpone(id: string, error: string, seconds: number): Promise<void> {
    await database.run((db) =>
      sql`update outbox set last_error = ${error}, next_attempt_at = least(${database.now} + ${seconds}::float8 * interval '1 second', expires_at)
           where id = ${id} and delivered_at is null and payload is not null`.execute(db),
    )
  },

  /** Gives up what is too old, and erases what it said. @returns what nobody got */
  async bury(): Promise<readonly { readonly id: string; readonly topic: string; readonly lastError: string | null }[]> {
    const { rows } = await database.run((db) =>
      sql<{ id: string; topic: string; lastError: string | null }>`
        update outbox set payload = null, next_attempt_at = null
         where next_attempt_at <= (select ${database.now}) and expires_at <= (select ${database.now})
        returning id, topic, last_error as "lastError"`.execute(db),
    )
    return rows
  },

  /** What waits, newest first. */
  async list(limit: number): Promise<readonly Waiting[]> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`
        select ${waitingColumns} from outbox o
         where o.payload is not null and o.expires_at > ${database.now} order by o.id desc limit ${limit}`.execute(db),
    )
    return rows
  },

  /** One that waits. */
  async find(id: string): Promise<Waiting | undefined> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`
        select ${waitingColumns} from outbox o
         where o.id = ${id} and o.payload is not null and o.expires_at > ${database.now}`.execute(db),
    )
    return rows[0]
  },
})
