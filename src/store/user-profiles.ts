import { type RawBuilder, sql } from 'kysely'
import type { UserClaims } from '../protocol/standard-claims.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { IS_SHUT } from './known-devices.ts'
import { heldRoles } from './liveness.ts'
import { isTaken } from './mail-links.ts'
import { mailing, type Outgoing } from './outbox.ts'
import { mayUpdate, versionOf } from './precondition.ts'
import { canonical, type User, type UserWithRights, userColumns } from './users.ts'

/** A user in a list. */
export interface ListedUser extends User {
  readonly hasFactor: boolean
}

/** A user with what administrators have to know to help them. */
export interface UserProfile extends UserWithRights {
  /** `null`: there is none. */
  readonly passwordChangedAt: Date | null
  readonly factors: number
  readonly recoveryCodesLeft: number
  /** Whether devices that the account does not know are turned away. */
  readonly isShutToStrangers: boolean
}

/** Which users are looked for; what is absent doesn't matter. */
export interface UserFilter {
  /** How the user name or the e-mail address begins. */
  readonly query?: string | undefined
  /** A role that they hold now. */
  readonly role?: string | undefined
  readonly state?: 'enabled' | 'disabled' | undefined
}

/** What a user's profile is to say; password and roles are their own facts. */
export interface ProfileChange {
  /** Left as it is where nothing is said of it. */
  readonly username?: string | undefined
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly claims: UserClaims
}

const hasFactor = sql`exists (select 1 from totp x where x.user_id = u.id and x.confirmed_at is not null)`

/** A pattern for what begins with a text: nothing in it is a wildcard. */
const beginningWith = (text: string): string => `${canonical(text).replaceAll(/[\\%_]/g, '\\$&')}%`

function matching({ query, role, state }: UserFilter, now: RawBuilder<unknown>): RawBuilder<unknown> {
  const pattern = query === undefined ? undefined : beginningWith(query)
  return sql.join(
    [
      sql`true`,
      ...(pattern === undefined ? [] : [sql`(u.username_key like ${pattern} or u.email_key like ${pattern})`]),
      ...(role === undefined ? [] : [sql`exists (select 1 from ${heldRoles(sql`u.id`, now)} where r.name = ${role})`]),
      ...(state === undefined ? [] : [sql`(u.disabled_at is null) = ${state === 'enabled'}::boolean`]),
    ],
    sql` and `,
  )
}

/** The users as administrators find, read and change them. */
export const userProfileStore = (database: Database) => ({
  /** Users by their name, from after a given one in its canonical form. */
  async search(filter: UserFilter, after: string | undefined, limit: number): Promise<readonly ListedUser[]> {
    const { rows } = await database.run((db) =>
      sql<ListedUser>`
        select ${userColumns(database.now)}, ${hasFactor} as "hasFactor" from "user" u
         where u.username_key > ${after ?? ''} and ${matching(filter, database.now)} order by u.username_key limit ${limit}`.execute(
        db,
      ),
    )
    return rows
  },

  async find(id: string): Promise<UserProfile | undefined> {
    const { rows } = await database.run((db) =>
      sql<UserProfile>`
        select ${userColumns(database.now)}, u.updated_at as "updatedAt", ${versionOf(sql`u.updated_at`)} as version,
          array(select distinct p from ${heldRoles(sql`u.id`, database.now)}, unnest(r.permissions) p order by p) as permissions,
          (select p.changed_at from password p where p.user_id = u.id) as "passwordChangedAt",
          (select count(*)::int from totp x where x.user_id = u.id and x.confirmed_at is not null) as factors,
          (select count(*)::int from recovery_code r where r.user_id = u.id and r.used_at is null) as "recoveryCodesLeft",
          exists (select 1 from guessing g where g.user_id = u.id and ${IS_SHUT}) as "isShutToStrangers"
        from "user" u where u.id = ${id}`.execute(db),
    )
    return rows[0]
  },

  /** Replaces what a profile says, where it is still the version that the change was made from. */
  async update(
    userId: string,
    { username, email, emailVerified, claims }: ProfileChange,
    event: AuditEvent,
    { version, mails = [] }: { readonly version?: string | undefined; readonly mails?: readonly Outgoing[] } = {},
  ): Promise<'changed' | 'version-changed' | 'username-taken' | 'email-taken'> {
    const name = username ?? null
    const key = {
      username: username === undefined ? null : canonical(username),
      email: email === undefined ? null : canonical(email),
    }
    const change = () =>
      database.run((db) =>
        sql<{ outcome: 'changed' | 'version-changed' | 'username-taken' | 'email-taken' }>`
        with taken as (
          select bool_or(o.username_key = ${key.username}::text) as name, bool_or(o.email_key = ${key.email}::text) as address
            from "user" o where o.id <> ${userId} and (o.username_key = ${key.username}::text or o.email_key = ${key.email}::text)),
        changed as (
          update "user" u set username = coalesce(${name}::text, u.username), username_key = coalesce(${key.username}::text, u.username_key),
            email = ${email ?? null}::text, email_key = ${key.email}::text, email_verified = ${emailVerified},
            claims = ${JSON.stringify(claims)}::jsonb, updated_at = ${database.now}
            from taken
           where u.id = ${userId} and taken.name is not true and taken.address is not true and ${mayUpdate({ version }, sql`u.updated_at`)}
          returning u.id),
        ${mailing(mails, database.now, sql`changed`)},
        ${auditing(event, database.now, sql`changed`)}
        select case when exists (select 1 from changed)
                      or exists (select 1 from audit_event where id = ${event.id}) -- an earlier try of this very call
                    then 'changed' when taken.name then 'username-taken' when taken.address then 'email-taken'
                    else 'version-changed' end as outcome
          from taken`.execute(db),
      )
    const { rows } = await change().catch((error: unknown) => {
      if (isTaken(error)) return change() // by somebody at the same time: now it shows
      throw error
    })
    return rows[0]?.outcome ?? 'version-changed'
  },
})
