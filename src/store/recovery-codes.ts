import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { mailing, type Outgoing } from './outbox.ts'
import { ENROLMENT, type RaisedSession, raising } from './second-factors.ts'

export interface NewRecoveryCode {
  readonly id: string
  readonly lookup: Buffer
  readonly phc: string
}

export const recoveryCodeStore = (database: Database) => ({
  /** Issues a new set of recovery codes: the old set is dead. They are kept sealed until their owner has saved them. */
  async replace(
    userId: string,
    codes: readonly NewRecoveryCode[],
    reveal: { readonly sessionId: string; readonly sealed: Buffer },
    event: AuditEvent,
    mails: readonly Outgoing[] = [],
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        gone as (delete from recovery_code where user_id = ${userId} and id <> all (${codes.map(({ id }) => id)}::uuid[])),
        made as (
          insert into recovery_code (id, user_id, lookup, phc, created_at)
          select x.id, ${userId}::uuid, x.lookup, x.phc, t.now
            from t, unnest(${codes.map(({ id }) => id)}::uuid[], ${codes.map(({ lookup }) => lookup)}::bytea[], ${codes.map(({ phc }) => phc)}::text[]) as x(id, lookup, phc)
          on conflict (id) do nothing),
        revealed as (
          insert into recovery_reveal (user_id, session_id, codes, expires_at)
          select ${userId}::uuid, ${reveal.sessionId}::uuid, ${reveal.sealed}::bytea, t.now + ${ENROLMENT} from t
          on conflict (user_id) do update set session_id = excluded.session_id, codes = excluded.codes, expires_at = excluded.expires_at),
        ${mailing(mails, database.now, sql`t`)},
        ${auditing(event, database.now, sql`t`)}
        select 1`.execute(db),
    )
  },

  /** The sealed codes that a session has still to save. */
  async findReveal(userId: string, sessionId: string): Promise<Buffer | undefined> {
    const { rows } = await database.run((db) =>
      sql<{ codes: Buffer }>`
        select codes from recovery_reveal where user_id = ${userId} and session_id = ${sessionId} and expires_at > ${database.now}`.execute(
        db,
      ),
    )
    return rows[0]?.codes
  },

  /** Erases them, once their owner has saved them. */
  async endReveal(userId: string): Promise<void> {
    await database.run((db) => sql`delete from recovery_reveal where user_id = ${userId}`.execute(db))
  },

  async count(userId: string): Promise<number> {
    const { rows } = await database.run((db) =>
      sql<{
        n: number
      }>`select count(*)::int as n from recovery_code where user_id = ${userId} and used_at is null`.execute(db),
    )
    return rows[0]?.n ?? 0
  },

  /** The unused code that a typed one may be, by its keyed digest. */
  async find(userId: string, lookup: Buffer): Promise<{ readonly id: string; readonly phc: string } | undefined> {
    const { rows } = await database.run((db) =>
      sql<{ id: string; phc: string }>`
        select id, phc from recovery_code where user_id = ${userId} and lookup = ${lookup} and used_at is null`.execute(
        db,
      ),
    )
    return rows[0]
  },

  /** Spends a recovery code and raises the session, as one statement. @returns false when it was spent before */
  async spend(
    userId: string,
    id: string,
    session: RaisedSession,
    event: AuditEvent,
    mails: readonly Outgoing[] = [],
  ): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with used as (
          update recovery_code set used_at = ${database.now} where id = ${id} and user_id = ${userId} and used_at is null returning id),
        ${raising(userId, session, sql`used`)},
        ${mailing(mails, database.now, sql`used`)},
        ${auditing(event, database.now, sql`used`)}
        select 1 from used`.execute(db),
    )
    return rows.length > 0
  },
})
