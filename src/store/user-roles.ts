import { type Kysely, sql, type Transaction } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** The role that has every permission there is. The last one who holds it for good keeps it. */
export const ADMINISTRATOR = 'administrator'

/** A role as a user has it. */
export interface HeldRole {
  readonly role: string
  readonly grantedAt: Date
  /** Who granted it: `user:…` or `operator`; `null` when that was not kept. */
  readonly grantedBy: string | null
  readonly reason: string | null
  /** `null`: for good. */
  readonly expiresAt: Date | null
  /** Whether its time is over. */
  readonly isOver: boolean
}

/** A role that is to be granted. */
export interface RoleGrant {
  readonly role: string
  readonly grantedBy: string
  readonly reason: string | undefined
  /** `undefined`: for good. */
  readonly expiresAt: Date | undefined
}

/** What became of a change that may take the last administrator away. */
export type AdministratorChange = 'changed' | 'unchanged' | 'last-administrator'

/**
 * Makes a change to a user who may be the last administrator, unless it would leave none: two such changes take turns, so
 * that no two administrators can put each other out. Whoever holds the role for a time is not counted.
 */
export async function keepingAdministrator<T>(
  database: Database,
  userId: string,
  change: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T | 'last-administrator'> {
  return await database.transaction(async (trx) => {
    await sql`select 1 from role where name = ${ADMINISTRATOR} for update`.execute(trx)
    return (await isLast(trx, userId)) ? 'last-administrator' : await change(trx)
  })
}

async function isLast(db: Kysely<Schema>, userId: string): Promise<boolean> {
  const inOffice = sql`h.role = ${ADMINISTRATOR} and h.expires_at is null and u.disabled_at is null`
  const { rows } = await sql<{ isOne: boolean; others: number }>`
    select bool_or(h.user_id = ${userId}) as "isOne", count(*) filter (where h.user_id <> ${userId})::int as others
      from user_role h join "user" u on u.id = h.user_id where ${inOffice}`.execute(db)
  return rows[0]?.isOne === true && rows[0].others === 0
}

export const userRoleStore = (database: Database) => ({
  /** The roles of a user, with those whose time is over. */
  async list(userId: string): Promise<readonly HeldRole[]> {
    const { rows } = await database.run((db) =>
      sql<HeldRole>`
        select role, granted_at as "grantedAt", granted_by as "grantedBy", reason, expires_at as "expiresAt",
               coalesce(expires_at <= ${database.now}, false) as "isOver"
          from user_role where user_id = ${userId} order by role`.execute(db),
    )
    return rows
  },

  /** Whether a user is the only one who holds the role administrator for good, and can sign in. */
  isLastAdministrator: (userId: string): Promise<boolean> => database.run((db) => isLast(db, userId)),

  /** Grants a role, for good or for a time; again, in place of what it was. @returns `unchanged` where user or role are not there */
  grant: (userId: string, grant: RoleGrant, event: AuditEvent): Promise<AdministratorChange> => {
    const put = async (db: Transaction<Schema>): Promise<AdministratorChange> => {
      const { rows } = await sql`
        with granted as (
          insert into user_role (user_id, role, granted_at, granted_by, reason, expires_at)
          select u.id, r.name, ${database.now}, ${grant.grantedBy}, ${grant.reason ?? null}::text, ${grant.expiresAt ?? null}::timestamptz
            from "user" u, role r where u.id = ${userId} and r.name = ${grant.role}
          on conflict (user_id, role) do update set granted_at = excluded.granted_at, granted_by = excluded.granted_by,
            reason = excluded.reason, expires_at = excluded.expires_at
          returning user_id),
        ${auditing(event, database.now, sql`granted`)}
        select 1 from granted`.execute(db)
      return rows.length > 0 ? 'changed' : 'unchanged'
    }
    const isForGood = grant.role !== ADMINISTRATOR || grant.expiresAt === undefined
    return isForGood ? database.transaction(put) : keepingAdministrator(database, userId, put)
  },

  /** Takes a role away, at once for every use of every grant. */
  revoke: (userId: string, role: string, event: AuditEvent): Promise<AdministratorChange> => {
    const take = async (db: Transaction<Schema>): Promise<AdministratorChange> => {
      const { rows } = await sql`
        with gone as (delete from user_role where user_id = ${userId} and role = ${role} returning user_id),
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db)
      return rows.length > 0 ? 'changed' : 'unchanged'
    }
    return role === ADMINISTRATOR ? keepingAdministrator(database, userId, take) : database.transaction(take)
  },

  /** Sets which roles a user has for good. Those for a time stay. */
  set: (
    userId: string,
    roles: readonly string[],
    grantedBy: string,
    event: AuditEvent,
  ): Promise<AdministratorChange> => {
    const replace = async (db: Transaction<Schema>): Promise<AdministratorChange> => {
      await sql`
        with gone as (delete from user_role where user_id = ${userId} and expires_at is null and role <> all (${roles}::text[])),
        made as (
          insert into user_role (user_id, role, granted_at, granted_by)
          select ${userId}::uuid, x, ${database.now}, ${grantedBy} from unnest(${roles}::text[]) x
          on conflict (user_id, role) do update set expires_at = null, granted_at = excluded.granted_at, granted_by = excluded.granted_by, reason = null
            where user_role.expires_at is not null),
        ${auditing(event, database.now, sql`(select 1) as always`)}
        select 1`.execute(db)
      return 'changed'
    }
    return roles.includes(ADMINISTRATOR)
      ? database.transaction(replace)
      : keepingAdministrator(database, userId, replace)
  },
})
