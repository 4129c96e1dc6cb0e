import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { ending } from './ending.ts'
import { mailing, type Outgoing } from './outbox.ts'

/** An authenticator app of a user, its secret still sealed. */
export interface Totp {
  readonly id: string
  readonly name: string
  readonly secret: Buffer
  readonly sessionId: string
  readonly createdAt: Date
  readonly confirmedAt: Date | null
  readonly lastStep: number | null
  readonly lastUsedAt: Date | null
}

/** How a session is raised once a second factor was proved: both secrets are new, as its rights are. */
export interface RaisedSession {
  readonly id: string
  readonly strictDigest: Digest
  readonly laxDigest: Digest
  readonly acr: string
  readonly amr: readonly string[]
}

const totpColumns = sql`
  x.id, x.name, x.secret, x.session_id as "sessionId", x.created_at as "createdAt", x.confirmed_at as "confirmedAt",
  x.last_step as "lastStep", x.last_used_at as "lastUsedAt"`

/** How long an enrolment may wait for its first code. */
export const ENROLMENT = sql`interval '10 minutes'`

export const raising = (userId: string, session: RaisedSession, proved: ReturnType<typeof sql>) => sql`
  raised as (
    update session s set strict_digest = ${session.strictDigest}::bytea, lax_digest = ${session.laxDigest}::bytea,
           acr = ${session.acr}, amr = ${session.amr}::text[]
     where s.id = ${session.id} and s.user_id = ${userId} and s.ended_at is null and exists (select 1 from ${proved})
    returning s.id)`

export const secondFactorStore = (database: Database) => ({
  /** The authenticators of a user that count, oldest first. */
  async listTotp(userId: string): Promise<readonly Totp[]> {
    const { rows } = await database.run((db) =>
      sql<Totp>`select ${totpColumns} from totp x where x.user_id = ${userId} and x.confirmed_at is not null order by x.id`.execute(
        db,
      ),
    )
    return rows
  },

  /** The enrolment that a session has begun and not finished. */
  async findEnrolment(userId: string, sessionId: string): Promise<Totp | undefined> {
    const { rows } = await database.run((db) =>
      sql<Totp>`
        select ${totpColumns} from totp x
         where x.user_id = ${userId} and x.session_id = ${sessionId} and x.confirmed_at is null and x.created_at > ${database.now} - ${ENROLMENT}
         order by x.id desc limit 1`.execute(db),
    )
    return rows[0]
  },

  /** Begins an enrolment, in place of any that was not finished. The authenticator does not count before it is confirmed. */
  async beginTotp(
    userId: string,
    totp: { id: string; name: string; secret: Buffer; sessionId: string },
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with dropped as (delete from totp where user_id = ${userId} and confirmed_at is null and id <> ${totp.id})
        insert into totp (id, user_id, name, secret, session_id, created_at)
        values (${totp.id}, ${userId}, ${totp.name}, ${totp.secret}, ${totp.sessionId}, ${database.now}) on conflict (id) do nothing`.execute(
        db,
      ),
    )
  },

  /**
   * Makes an authenticator count, by its first code, and raises the session that proved it.
   * @returns false when it was confirmed before, or took too long
   */
  async confirmTotp(
    userId: string,
    id: string,
    step: number,
    session: RaisedSession,
    event: AuditEvent,
    mails: readonly Outgoing[] = [],
  ): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with confirmed as (
          update totp set confirmed_at = ${database.now}, last_step = ${step}, last_used_at = ${database.now}
           where id = ${id} and user_id = ${userId} and session_id = ${session.id} and confirmed_at is null
             and created_at > ${database.now} - ${ENROLMENT}
          returning id),
        ${raising(userId, session, sql`confirmed`)},
        ${mailing(mails, database.now, sql`confirmed`)},
        ${auditing(event, database.now, sql`confirmed`)}
        select 1 from confirmed`.execute(db),
    )
    return rows.length > 0
  },

  /**
   * Spends a time step and raises the session, as one statement. A step is accepted once. RFC 6238 §5.2
   * @returns false when this or a later step was spent before
   */
  async spendTotp(
    userId: string,
    id: string,
    step: number,
    session: RaisedSession,
    event: AuditEvent,
  ): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with used as (
          update totp set last_step = ${step}, last_used_at = ${database.now}
           where id = ${id} and user_id = ${userId} and confirmed_at is not null and (last_step is null or last_step < ${step})
          returning id),
        ${raising(userId, session, sql`used`)},
        ${auditing(event, database.now, sql`used`)}
        select 1 from used`.execute(db),
    )
    return rows.length > 0
  },

  async renameTotp(userId: string, id: string, name: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with renamed as (
          update totp set name = ${name} where id = ${id} and user_id = ${userId} and confirmed_at is not null returning id),
        ${auditing(event, database.now, sql`renamed`)}
        select 1 from renamed`.execute(db),
    )
    return rows.length > 0
  },

  /** Removes an authenticator; with the last one go the recovery codes, which stand for it. */
  async removeTotp(userId: string, id: string, event: AuditEvent, mails: readonly Outgoing[] = []): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with gone as (delete from totp where id = ${id} and user_id = ${userId} returning id),
        codes as (
          delete from recovery_code where user_id = ${userId} and exists (select 1 from gone)
             and not exists (select 1 from totp x where x.user_id = ${userId} and x.id <> ${id} and x.confirmed_at is not null)),
        ${mailing(mails, database.now, sql`gone`)},
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db),
    )
    return rows.length > 0
  },

  /** Removes every factor of a user, for who has lost them all. What began with one is dead. */
  async reset(userId: string, event: AuditEvent, mails: readonly Outgoing[] = []): Promise<void> {
    await database.run((db) =>
      sql`
        with moved as (update "user" u set epoch = u.epoch + 1 where u.id = ${userId} returning u.id),
        gone as (delete from totp where user_id = ${userId}),
        codes as (delete from recovery_code where user_id = ${userId}),
        unsaved as (delete from recovery_reveal where user_id = ${userId}),
        ${ending(sql`s.user_id in (select id from moved)`, database.now)},
        ${mailing(mails, database.now, sql`moved`)},
        ${auditing(event, database.now, sql`moved`)}
        select 1`.execute(db),
    )
  },
})
