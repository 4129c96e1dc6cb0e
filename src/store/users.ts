import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { UserClaims } from '../protocol/standard-claims.ts'
import { linking, type UserLink } from './action-tokens.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { ending } from './ending.ts'
import { hasLane } from './known-devices.ts'
import { heldRoles } from './liveness.ts'
import { mailing, type Outgoing } from './outbox.ts'
import { versionOf } from './precondition.ts'
import type { Schema } from './schema.ts'
import { type AdministratorChange, keepingAdministrator } from './user-roles.ts'

export interface User {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerified: boolean
  readonly claims: UserClaims
  readonly epoch: number
  readonly disabledAt: Date | null
  readonly createdAt: Date
  readonly roles: readonly string[]
}

/** A user as administrators see them: with what their roles let them do, and the version of their profile. */
export interface UserWithRights extends User {
  readonly permissions: readonly string[]
  readonly version: string
  readonly updatedAt: Date
}

export interface StoredPassword {
  readonly phc: string
  readonly peppered: boolean
}

/** A user with what signing in compares. */
export interface UserWithPassword extends User {
  readonly password: StoredPassword | null
  /** The device it is tried from, when the account knows it. */
  readonly deviceId: string | null
}

export interface NewUser {
  readonly id: string
  readonly username: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly claims: UserClaims
  readonly password: StoredPassword | undefined
  readonly roles: readonly string[]
}

/**
 * The form of a name or an address by which two of them are the same. ASCII alone loses its case: names hold nothing else,
 * and Unicode would make the Kelvin sign a k, so that another name reached the account.
 */
export const canonical = (text: string): string => text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase())

/** What is read of a user `u`. */
export const userColumns = (now: RawBuilder<unknown>) => sql`
  u.id, u.username, u.email, u.email_verified as "emailVerified", u.claims, u.epoch, u.disabled_at as "disabledAt", u.created_at as "createdAt",
  array(select r.role from ${heldRoles(sql`u.id`, now)} order by r.role) as roles`

/** Which user is meant: by id, user name or e-mail address. */
export type UserKey = { readonly id: string } | { readonly username: string } | { readonly login: string }

function userIs(key: UserKey): RawBuilder<unknown> {
  if ('id' in key) return sql`u.id = ${key.id}`
  if ('username' in key) return sql`u.username_key = ${canonical(key.username)}`
  return key.login.includes('@')
    ? sql`u.email_key = ${canonical(key.login)}`
    : sql`u.username_key = ${canonical(key.login)}`
}

export const userStore = (database: Database) => ({
  async find(key: UserKey): Promise<User | undefined> {
    const { rows } = await database.run((db) =>
      sql<User>`select ${userColumns(database.now)} from "user" u where ${userIs(key)}`.execute(db),
    )
    return rows[0]
  },

  /** The user with what their roles let them do now. */
  async findWithRights(id: string): Promise<UserWithRights | undefined> {
    const { rows } = await database.run((db) =>
      sql<UserWithRights>`
        select ${userColumns(database.now)}, u.updated_at as "updatedAt", ${versionOf(sql`u.updated_at`)} as version,
          array(select distinct p from ${heldRoles(sql`u.id`, database.now)}, unnest(r.permissions) p order by p) as permissions
        from "user" u where u.id = ${id}`.execute(db),
    )
    return rows[0]
  },

  /** The user that somebody wants to sign in as, with the password to compare. @param device that of the browser */
  async findForSignIn(login: string, device?: Digest): Promise<UserWithPassword | undefined> {
    const { rows } = await database.run((db) =>
      sql<UserWithPassword>`
        select ${userColumns(database.now)},
          (select jsonb_build_object('phc', p.phc, 'peppered', p.peppered) from password p where p.user_id = u.id) as password,
          (select d.id from known_device d where d.user_id = u.id and d.digest = ${device ?? null}::bytea and ${hasLane}) as "deviceId"
        from "user" u where ${userIs({ login })}`.execute(db),
    )
    return rows[0]
  },

  /** Users by id, from after a given one. */
  async list(after: string | undefined, limit: number): Promise<readonly User[]> {
    const { rows } = await database.run((db) =>
      sql<User>`
        select ${userColumns(database.now)} from "user" u
         where u.id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by u.id limit ${limit}`.execute(db),
    )
    return rows
  },

  /**
   * Makes a user with everything that belongs to them, or nothing.
   * @returns which name was taken, if any; `link-used` when the one-time link that allows it was spent by somebody else
   */
  async create(
    user: NewUser,
    event: AuditEvent,
    link?: Buffer,
    verification: { readonly links: readonly UserLink[]; readonly mails: readonly Outgoing[] } = {
      links: [],
      mails: [],
    },
  ): Promise<'created' | 'username-taken' | 'email-taken' | 'link-used'> {
    const key = { username: canonical(user.username), email: user.email === undefined ? null : canonical(user.email) }
    const { rows } = await database.run((db) =>
      sql<{ created: boolean }>`
        with t as (select ${database.now} as now),
        link as (
          select a.digest from action_token a, t
           where a.digest = ${link ?? null}::bytea and a.used_at is null and a.expires_at > t.now for update of a),
        made as (
          insert into "user" (id, username, username_key, email, email_key, email_verified, claims, created_at, updated_at)
          select ${user.id}::uuid, ${user.username}, ${key.username}, ${user.email ?? null}::text, ${key.email}::text, ${user.emailVerified},
            ${JSON.stringify(user.claims)}::jsonb, t.now, t.now from t where ${link === undefined} or exists (select 1 from link)
          on conflict do nothing returning id),
        spent as (
          update action_token a set used_at = t.now from t, made where a.digest = ${link ?? null}::bytea),
        secret as (
          insert into password (user_id, phc, peppered, changed_at)
          select made.id, ${user.password?.phc ?? null}::text, ${user.password?.peppered ?? false}, t.now
            from made, t where ${user.password !== undefined}),
        roles as (
          insert into user_role (user_id, role, granted_at, granted_by) select made.id, x, t.now, ${event.actor} from made, t, unnest(${user.roles}::text[]) x),
        ${linking(verification.links, database.now, sql`made`)},
        ${mailing(verification.mails, database.now, sql`made`)},
        ${auditing(event, database.now, sql`made`)}
        select exists (select 1 from made)
            or exists (select 1 from "user" u where u.id = ${user.id}) -- an earlier try of this very call
            as created`.execute(db),
    )
    if (rows[0]?.created) return 'created'
    const taken = await this.find({ username: user.username })
    if (taken) return 'username-taken'
    if (user.email !== undefined && (await this.find({ login: user.email }))) return 'email-taken'
    return 'link-used'
  },

  /** Gives a user a new password: everything that began under the old one is dead. */
  async changePassword(
    userId: string,
    password: StoredPassword,
    event: AuditEvent,
    mails: readonly Outgoing[] = [],
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        moved as (
          update "user" u set epoch = u.epoch + 1, updated_at = t.now from t where u.id = ${userId} returning u.id),
        ${ending(sql`s.user_id in (select id from moved)`, database.now)},
        stored as (
          insert into password (user_id, phc, peppered, changed_at)
          select moved.id, ${password.phc}, ${password.peppered}, t.now from moved, t
          on conflict (user_id) do update set phc = excluded.phc, peppered = excluded.peppered, changed_at = excluded.changed_at),
        ${mailing(mails, database.now, sql`moved`)},
        ${auditing(event, database.now, sql`moved`)}
        select 1`.execute(db),
    )
  },

  /** Disables or enables a user. A disabled one is refused by every use of every grant, at once. */
  setDisabled: (userId: string, disabled: boolean, event: AuditEvent): Promise<AdministratorChange> => {
    const change = async (db: Kysely<Schema>): Promise<AdministratorChange> => {
      const { rows } = await sql`
        with t as (select ${database.now} as now),
        changed as (
          update "user" u set disabled_at = case when ${disabled} then t.now end, epoch = u.epoch + ${disabled ? 1 : 0}, updated_at = t.now
            from t where u.id = ${userId} and (u.disabled_at is not null) <> ${disabled} returning u.id),
        ${ending(sql`${disabled} and s.user_id in (select id from changed)`, database.now)},
        ${auditing(event, database.now, sql`changed`)}
        select 1 from changed`.execute(db)
      return rows.length > 0 ? 'changed' : 'unchanged'
    }
    return disabled ? keepingAdministrator(database, userId, change) : database.run(change)
  },

  /** Ends every session and every grant of a user. */
  async signOutEverywhere(userId: string, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with moved as (update "user" u set epoch = u.epoch + 1 where u.id = ${userId} returning u.id),
        ${ending(sql`s.user_id in (select id from moved)`, database.now)},
        ${auditing(event, database.now, sql`moved`)}
        select 1`.execute(db),
    )
  },

  /** Deletes a user with everything they own. The audit events stay. */
  remove: (userId: string, event: AuditEvent, mails: readonly Outgoing[] = []): Promise<AdministratorChange> =>
    keepingAdministrator(database, userId, async (db): Promise<AdministratorChange> => {
      const { rows } = await sql`
        with gone as (delete from "user" where id = ${userId} returning id),
        ${ending(sql`s.user_id in (select id from gone)`, database.now)},
        ${mailing(mails, database.now, sql`gone`)},
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db)
      return rows.length > 0 ? 'changed' : 'unchanged'
    }),

  /** Whether there is any user. */
  async exist(): Promise<boolean> {
    const row = await database.run((db) => db.selectFrom('user').select('id').limit(1).executeTakeFirst())
    return row !== undefined
  },
})
