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

/** A mail that waits. */
export interface Waiting {
  readonly id: string
  readonly topic: string
  readonly payload: Buffer
  readonly createdAt: Date
  /** This one included, where somebody claimed it. */
  readonly attempts: number
}

/** A logout token that waits to be made and sent. */
export interface WaitingLogout {
  readonly id: string
  readonly clientId: string
  readonly userId: string
  readonly sessionId: string
  /** Where the client wants it now; `null` when it is gone, disabled, or wants none any more. */
  readonly uri: string | null
  readonly attempts: number
  /** When it was claimed, by the time of the database. */
  readonly now: Date
}

/** What was, or is yet to be, sent: all of it but what it says. */
export interface Delivery {
  readonly id: string
  readonly channel: string
  readonly topic: string
  readonly clientId: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly createdAt: Date
  readonly expiresAt: Date
  /** `null`: delivered, refused or given up. */
  readonly nextAttemptAt: Date | null
  readonly attempts: number
  readonly lastError: string | null
  readonly deliveredAt: Date | null
}

/** Which of them, newest first. */
export interface DeliveryQuery {
  readonly channel?: OutboxChannel | undefined
  readonly state?: DeliveryState | undefined
  /** The id of the last one that was seen. */
  readonly after?: string | undefined
  readonly limit: number
}

export type OutboxChannel = 'mail' | 'logout'

/** `failed`: refused, or given up. */
export type DeliveryState = 'waiting' | 'delivered' | 'failed'

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

const deliveryColumns = sql`
  o.id, o.channel, o.topic, o.client_id as "clientId", o.user_id as "userId", o.session_id as "sessionId", o.created_at as "createdAt",
  o.expires_at as "expiresAt", o.next_attempt_at as "nextAttemptAt", o.attempts, o.last_error as "lastError", o.delivered_at as "deliveredAt"`

/** Null for what is not to be sent. */
const deliveryState = sql`
  case when o.delivered_at is not null then 'delivered' when o.next_attempt_at is not null then 'waiting'
       when o.last_error is not null then 'failed' end`

/** A statement that takes what is due of a channel, up to what it returns of each row `o`; `t.now` is when. */
const claiming = (
  channel: OutboxChannel,
  order: RawBuilder<unknown>,
  limit: number,
  claimSeconds: number,
  now: RawBuilder<Date>,
) => sql`
  with t as (select ${now} as now),
  due as (
    select o.id from outbox o
     where o.channel = ${channel} and o.next_attempt_at <= (select now from t) and o.expires_at > (select now from t)
     order by ${order} limit ${limit})
  update outbox o set attempts = o.attempts + 1, next_attempt_at = t.now + ${claimSeconds}::float8 * interval '1 second'
    from t where o.id in (select id from due) and o.next_attempt_at <= t.now -- again, for who was claimed meanwhile
  returning`

export const outboxStore = (database: Database) => ({
  /** Puts mails into the outbox for what another statement has done. Where a change is stored, it does so itself: `mailing`. */
  async add(mails: readonly Outgoing[]): Promise<void> {
    await database.run((db) =>
      sql`with ${mailing(mails, database.now, sql`(select 1) as always`)} select 1`.execute(db),
    )
  },

  /**
   * Takes the mails that are due, oldest first. Nobody else gets one before the claim has run out, which is also when it is
   * tried again if its taker has died.
   */
  async claim(limit: number, claimSeconds: number): Promise<readonly Waiting[]> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`${claiming('mail', sql`o.next_attempt_at`, limit, claimSeconds, database.now)} ${waitingColumns}`.execute(
        db,
      ),
    )
    return rows
  },

  /** Takes the logout tokens that are due, as `claim` takes mails. Clients take turns: one that is slow holds up its own alone. */
  async claimLogouts(limit: number, claimSeconds: number): Promise<readonly WaitingLogout[]> {
    const inTurn = sql`row_number() over (partition by o.client_id order by o.next_attempt_at)`
    const { rows } = await database.run((db) =>
      sql<WaitingLogout>`
        ${claiming('logout', inTurn, limit, claimSeconds, database.now)} o.id, o.client_id as "clientId", o.user_id as "userId",
          o.session_id as "sessionId", o.attempts, t.now,
          (select c.backchannel_logout_uri from client c where c.client_id = o.client_id and c.disabled_at is null) as uri`.execute(
        db,
      ),
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
           where id = ${id} and next_attempt_at is not null`.execute(db),
    )
  },

  /** Notes that it is not wanted, so that it is not tried again, and erases what it said. */
  async giveUp(id: string, error: string): Promise<void> {
    await database.run((db) =>
      sql`update outbox set payload = null, next_attempt_at = null, last_error = ${error}
           where id = ${id} and delivered_at is null`.execute(db),
    )
  },

  /** Gives up what is too old, and erases what it said. @returns what nobody got */
  async bury(): Promise<readonly Delivery[]> {
    const { rows } = await database.run((db) =>
      sql<Delivery>`
        update outbox o set payload = null, next_attempt_at = null, last_error = coalesce(o.last_error, 'expired')
         where o.next_attempt_at <= (select ${database.now}) and o.expires_at <= (select ${database.now})
        returning ${deliveryColumns}`.execute(db),
    )
    return rows
  },

  /** What was sent, failed or waits, newest first. What is there for the time it takes alone was never to be sent. */
  async listDeliveries({ channel, state, after, limit }: DeliveryQuery): Promise<readonly Delivery[]> {
    const { rows } = await database.run((db) =>
      sql<Delivery>`
        select ${deliveryColumns} from outbox o
         where o.channel = coalesce(${channel ?? null}::text, o.channel) and ${deliveryState} = coalesce(${state ?? null}::text, ${deliveryState})
           and o.id < ${after ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff'}::uuid order by o.id desc limit ${limit}`.execute(
        db,
      ),
    )
    return rows
  },

  /** The mails that wait, newest first. */
  async list(limit: number): Promise<readonly Waiting[]> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`
        select ${waitingColumns} from outbox o
         where o.payload is not null and o.expires_at > ${database.now} order by o.id desc limit ${limit}`.execute(db),
    )
    return rows
  },

  /** A mail that waits. */
  async find(id: string): Promise<Waiting | undefined> {
    const { rows } = await database.run((db) =>
      sql<Waiting>`
        select ${waitingColumns} from outbox o
         where o.id = ${id} and o.payload is not null and o.expires_at > ${database.now}`.execute(db),
    )
    return rows[0]
  },
})
