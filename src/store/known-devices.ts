import { type RawBuilder, sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { mailing, type Outgoing } from './outbox.ts'

/** A browser that a user has fully signed in from, by its cookie. */
export interface NewDevice {
  readonly id: string
  readonly digest: Digest
  /** What it says of itself. */
  readonly name: string
}

export interface KnownDevice {
  readonly id: string
  readonly userId: string
  readonly name: string
  /** Wrong passwords in a row. */
  readonly failures: number
  /** After too many of them it counts as a stranger, until its next full sign-in. */
  readonly isVoid: boolean
  readonly posture: string | null
  readonly postureUntil: Date | null
  readonly createdAt: Date
  readonly lastSeenAt: Date
}

const MOST_DEVICES = 20
const MOST_FAILURES = 10
/** NIST SP 800-63B §5.2.2: no more than 100 consecutive failures. */
const MOST_GUESSES = 100

/** Whether a device `d` has a lane of its own. */
export const hasLane = sql`(d.failures < ${MOST_FAILURES})`

/** Whether strangers are turned away from the account of a count `g`, unless its password has changed since. */
export const IS_SHUT = sql`(g.failures >= ${MOST_GUESSES} and g.password_changed_at >= coalesce((select p.changed_at from password p where p.user_id = g.user_id), g.password_changed_at))`

/**
 * The part of a statement that remembers the device of a sign-in, and drops the one that was quiet longest.
 * @param source what follows `from`: one row with a `user_id` and an instant `now` when it is to be remembered, else none
 * @param notices written when the account did not know it
 */
export const remembering = (
  device: NewDevice | undefined,
  source: RawBuilder<unknown>,
  notices: readonly Outgoing[],
  now: RawBuilder<Date>,
) => sql`
  remembered as (
    insert into known_device (id, user_id, digest, name, created_at, last_seen_at)
    select ${device?.id ?? null}::uuid, user_id, ${device?.digest ?? null}::bytea, ${device?.name ?? null}::text, now, now
      from ${source} and ${device !== undefined}
    on conflict (user_id, digest) do update set failures = 0, name = excluded.name, last_seen_at = excluded.last_seen_at
    returning id, user_id),
  ${mailing(notices, now, sql`(select 1 from remembered where id = ${device?.id ?? null}::uuid) as unknown_before`)},
  dropped as (
    delete from known_device d using (
      select o.id from known_device o join remembered r on r.user_id = o.user_id and r.id <> o.id
       order by o.last_seen_at desc, o.id desc offset ${MOST_DEVICES - 1}) o
     where d.id = o.id)`

/** The part of a statement that forgets what strangers tried: one of them knew the password, or the owner has come back. */
export const reopening = (byOwner: boolean, source: RawBuilder<unknown>) => sql`
  reopened as (
    delete from guessing g using ${source} who
     where g.user_id = who.id and (not ${byOwner} or g.failures >= ${MOST_GUESSES}))`

const deviceColumns = sql`
  d.id, d.user_id as "userId", d.name, d.failures, not ${hasLane} as "isVoid", d.posture, d.posture_until as "postureUntil",
  d.created_at as "createdAt", d.last_seen_at as "lastSeenAt"`

const ownedBy = (owner: string | undefined) => (owner === undefined ? sql`true` : sql`user_id = ${owner}`)

export const knownDeviceStore = (database: Database) => ({
  /**
   * Counts an attempt from a known device before it is made, so that no two can both be the last one.
   * @returns whether it may be made
   */
  async countAttempt(id: string): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`update known_device d set failures = d.failures + 1 where d.id = ${id} and ${hasLane} returning 1`.execute(
        db,
      ),
    )
    return rows.length > 0
  },

  /** Takes back an attempt that was counted and not made. */
  async uncountAttempt(id: string): Promise<void> {
    await database.run((db) =>
      sql`update known_device set failures = failures - 1 where id = ${id} and failures > 0`.execute(db),
    )
  },

  /**
   * Counts a stranger's attempt against an account before it is made. After a hundred in a row strangers are turned away,
   * until the password changes, the owner signs in from a known device, or an operator acts. design.md §6
   * @param userId of an account, or of none: then it is counted for a day, and never turned away
   * @param closed recorded with the first that is turned away
   * @param notices written with it
   * @returns whether it may be made
   */
  async countGuess(userId: string, closed: AuditEvent, notices: readonly Outgoing[] = []): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql<{ isClosed: boolean }>`
        with t as (select ${database.now} as now),
        counted as (
          insert into guessing as g (user_id, password_changed_at, failures)
          select ${userId}::uuid, coalesce((select p.changed_at from password p where p.user_id = ${userId}), t.now), 1 from t
          on conflict (user_id) do update set
            password_changed_at = excluded.password_changed_at,
            failures  = case when g.password_changed_at < excluded.password_changed_at then 1
                             else least(g.failures + 1, ${MOST_GUESSES}) end,
            closed_at = case when g.password_changed_at < excluded.password_changed_at then null
                             when g.failures >= ${MOST_GUESSES} then coalesce(g.closed_at, (select now from t)) end
          returning closed_at),
        closing as (select 1 from counted, t where counted.closed_at = t.now),
        ${mailing(notices, database.now, sql`closing`)},
        ${auditing(closed, database.now, sql`closing`)}
        select closed_at is not null as "isClosed" from counted`.execute(db),
    )
    return !rows[0]?.isClosed
  },

  /** Takes back a guess that was counted and not made. */
  async uncountGuess(userId: string): Promise<void> {
    await database.run((db) =>
      sql`update guessing set failures = failures - 1 where user_id = ${userId} and failures > 0 and closed_at is null`.execute(
        db,
      ),
    )
  },

  /** Lets strangers try again. @returns whether they were turned away */
  async reopen(userId: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql<{ wasClosed: boolean }>`
        with gone as (
          delete from guessing where user_id = ${userId} returning failures >= ${MOST_GUESSES} as "wasClosed"),
        ${auditing(event, database.now, sql`gone where "wasClosed"`)}
        select * from gone`.execute(db),
    )
    return rows[0]?.wasClosed ?? false
  },

  /** Remembers the device of a session whose second factor was just proved, and binds the session to it. */
  async remember(
    userId: string,
    sessionId: string,
    device: NewDevice,
    notices: readonly Outgoing[] = [],
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with here as (
          select s.user_id, ${database.now} as now from session s
           where s.id = ${sessionId} and s.user_id = ${userId} and s.ended_at is null),
        ${remembering(device, sql`here where true`, notices, database.now)}
        update session s set device_id = remembered.id from remembered where s.id = ${sessionId}`.execute(db),
    )
  },

  /** The devices that an account knows, the one that was seen last first. */
  async list(userId: string): Promise<readonly KnownDevice[]> {
    const { rows } = await database.run((db) =>
      sql<KnownDevice>`
        select ${deviceColumns} from known_device d where d.user_id = ${userId} order by d.last_seen_at desc, d.id desc`.execute(
        db,
      ),
    )
    return rows
  },

  /**
   * States what the operator's inventory says of a device, and until when that is to count.
   * @param owner whose it has to be, where that matters
   */
  async setPosture(
    id: string,
    posture: string,
    until: Date | undefined,
    event: AuditEvent,
    owner?: string,
  ): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with stated as (
          update known_device set posture = ${posture}, posture_until = ${until ?? null}::timestamptz
           where id = ${id} and ${ownedBy(owner)} returning id),
        ${auditing(event, database.now, sql`stated`)}
        select 1 from stated`.execute(db),
    )
    return rows.length > 0
  },

  /** Forgets a device: it is a stranger again, also to the sessions that were bound to it. @param owner whose it has to be, where that matters */
  async remove(id: string, event: AuditEvent, owner?: string): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with gone as (delete from known_device where id = ${id} and ${ownedBy(owner)} returning id),
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db),
    )
    return rows.length > 0
  },
})
