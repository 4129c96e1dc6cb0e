import { type RawBuilder, sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { UserClaims } from '../protocol/standard-claims.ts'
import { linking, type UserLink } from './action-tokens.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { ending } from './ending.ts'
import { mailing, type Outgoing } from './outbox.ts'
import { canonical, type StoredPassword } from './users.ts'

/** Whose link it is, as long as it is good. */
export interface LinkOwner {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly claims: UserClaims
}

export interface ResetOwner extends LinkOwner {
  readonly hasFactor: boolean
  /** The interaction in which the link was asked for. */
  readonly interactionId: string | null
}

export interface EmailLink {
  readonly purpose: 'verification' | 'email-change'
  readonly owner: LinkOwner
  /** The address that it proves. */
  readonly email: string
}

/** What makes a link `a` of a user `u` good besides its age: none survives a change of what it was given for. */
const STILL_MEANT = sql`(
  u.disabled_at is null and case a.purpose
    when 'reset' then u.email_key = a.data->>'email' and u.epoch = (a.data->>'epoch')::integer
    when 'verification' then u.email_key = lower(a.data->>'email') and not u.email_verified
    when 'email-change' then u.email_key is not distinct from a.data->>'from' and u.epoch = (a.data->>'epoch')::integer
    else false end)`

const owner = sql`u.id, u.username, u.email, u.claims`

/** Links that are sent by mail: each is good once, for a while, and for as long as what it was given for stays so. */
export const mailLinkStore = (database: Database) => {
  const spending = (digest: Digest): RawBuilder<unknown> => sql`
    spent as (
      update action_token a set used_at = t.now from t
       where a.digest = ${digest} and a.used_at is null and a.expires_at > t.now returning a.user_id, a.purpose, a.data)`
  /** Whether this very call has done it, now or in an earlier try whose answer was lost: its event's id is its own. */
  const isDone = (event: AuditEvent, change: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    exists (select 1 from ${change}) or exists (select 1 from audit_event where id = ${event.id})`

  return {
    /**
     * Makes a link to a new password. For nobody it writes as much: the time that it takes must not tell who has an account.
     * @param event for a user alone
     */
    async addReset(
      userId: string | undefined,
      link: UserLink,
      mails: readonly Outgoing[],
      event: AuditEvent,
    ): Promise<void> {
      await database.run((db) =>
        sql`
          with known as (select u.id from "user" u where u.id = ${userId ?? null}::uuid),
          owner as (select (select id from known) as id),
          ${linking([link], database.now, sql`owner`)},
          ${mailing(mails, database.now, sql`owner`)},
          ${auditing(event, database.now, sql`known`)}
          select 1`.execute(db),
      )
    },

    /** Whose password a link may set. Looking at it spends nothing. */
    async findReset(digest: Digest): Promise<ResetOwner | undefined> {
      const { rows } = await database.run((db) =>
        sql<ResetOwner>`
          select ${owner}, a.data->>'interaction' as "interactionId",
                 exists (select 1 from totp x where x.user_id = u.id and x.confirmed_at is not null) as "hasFactor"
            from action_token a join "user" u on u.id = a.user_id
           where a.digest = ${digest} and a.purpose = 'reset' and a.used_at is null and a.expires_at > ${database.now} and ${STILL_MEANT}`.execute(
          db,
        ),
      )
      return rows[0]
    },

    /**
     * Spends a link and sets the password, as one statement: everything that began under the old password is dead, and every
     * other link to a new one. The address is proved with it.
     * @returns false when the link is not, or no longer, good
     */
    async resetPassword(
      digest: Digest,
      password: StoredPassword,
      event: AuditEvent,
      mails: readonly Outgoing[],
    ): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql<{ done: boolean }>`
          with t as (select ${database.now} as now), ${spending(digest)},
          moved as ( -- judged again on the user's row: two links of one user meet there
            update "user" u set epoch = u.epoch + 1, email_verified = true, updated_at = t.now from spent a, t
             where u.id = a.user_id and a.purpose = 'reset' and ${STILL_MEANT} returning u.id),
          ${ending(sql`s.user_id in (select id from moved)`, database.now)},
          stored as (
            insert into password (user_id, phc, peppered, changed_at)
            select moved.id, ${password.phc}, ${password.peppered}, t.now from moved, t
            on conflict (user_id) do update set phc = excluded.phc, peppered = excluded.peppered, changed_at = excluded.changed_at),
          ${mailing(mails, database.now, sql`moved`)},
          ${auditing(event, database.now, sql`moved`)}
          select ${isDone(event, sql`moved`)} as done`.execute(db),
      )
      return rows[0]?.done ?? false
    },

    /** Makes a link that proves an address of a user, in place of earlier ones for the same. */
    async addEmailLink(userId: string, link: UserLink, mails: readonly Outgoing[], event: AuditEvent): Promise<void> {
      await database.run((db) =>
        sql`
          with known as (select u.id from "user" u where u.id = ${userId}),
          replaced as (
            delete from action_token where user_id = ${userId} and purpose = ${link.purpose} and digest <> ${link.digest}),
          ${linking([link], database.now, sql`known`)},
          ${mailing(mails, database.now, sql`known`)},
          ${auditing(event, database.now, sql`known`)}
          select 1`.execute(db),
      )
    },

    /** Which address a link proves. Looking at it spends nothing. */
    async findEmailLink(digest: Digest): Promise<EmailLink | undefined> {
      const { rows } = await database.run((db) =>
        sql<EmailLink>`
          select a.purpose, a.data->>'email' as email,
                 jsonb_build_object('id', u.id, 'username', u.username, 'email', u.email, 'claims', u.claims) as owner
            from action_token a join "user" u on u.id = a.user_id
           where a.digest = ${digest} and a.purpose in ('verification', 'email-change') and a.used_at is null
             and a.expires_at > ${database.now} and ${STILL_MEANT}`.execute(db),
      )
      return rows[0]
    },

    /** The address that a user has asked to change to, and not proved yet. */
    async findPendingEmail(userId: string): Promise<string | undefined> {
      const { rows } = await database.run((db) =>
        sql<{ email: string }>`
          select a.data->>'email' as email from action_token a join "user" u on u.id = a.user_id
           where a.user_id = ${userId} and a.purpose = 'email-change' and a.used_at is null
             and a.expires_at > ${database.now} and ${STILL_MEANT} limit 1`.execute(db),
      )
      return rows[0]?.email
    },

    /** Withdraws a change of address. @returns whether there was one */
    async cancelEmailChange(userId: string, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql`
          with gone as (delete from action_token where user_id = ${userId} and purpose = 'email-change' and used_at is null returning 1),
          ${auditing(event, database.now, sql`(select 1 from gone limit 1) as one`)}
          select 1 from gone`.execute(db),
      )
      return rows.length > 0
    },

    /** Spends a link and takes the user's own address for proved. @returns false when the link is not, or no longer, good */
    async verifyEmail(digest: Digest, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql<{ done: boolean }>`
          with t as (select ${database.now} as now), ${spending(digest)},
          verified as (
            update "user" u set email_verified = true, updated_at = t.now from spent a, t
             where u.id = a.user_id and a.purpose = 'verification' and ${STILL_MEANT} returning u.id),
          ${auditing(event, database.now, sql`verified`)}
          select ${isDone(event, sql`verified`)} as done`.execute(db),
      )
      return rows[0]?.done ?? false
    },

    /**
     * Spends a link and gives the user the address that it proves.
     * @returns false when the link is not, or no longer, good, or the address has become somebody else's
     */
    async changeEmail(digest: Digest, email: string, event: AuditEvent, mails: readonly Outgoing[]): Promise<boolean> {
      const change = database.run((db) =>
        sql<{ done: boolean }>`
          with t as (select ${database.now} as now), ${spending(digest)},
          changed as (
            update "user" u set email = a.data->>'email', email_key = ${canonical(email)}, email_verified = true, updated_at = t.now
              from spent a, t
             where u.id = a.user_id and a.purpose = 'email-change' and a.data->>'email' = ${email} and ${STILL_MEANT} returning u.id),
          ${mailing(mails, database.now, sql`changed`)},
          ${auditing(event, database.now, sql`changed`)}
          select ${isDone(event, sql`changed`)} as done`.execute(db),
      )
      const { rows } = await change.catch((error: unknown) => {
        if (isTaken(error)) return { rows: [] }
        throw error
      })
      return rows[0]?.done ?? false
    },
  }
}

/** A name or an address became another user's: the unique index says so. */
export const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '23505'
