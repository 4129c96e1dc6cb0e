import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { heldRoles } from './liveness.ts'
import { mayInsert, mayUpdate, type Precondition, versionOf } from './precondition.ts'

export interface Role {
  readonly name: string
  readonly description: string
  /** Who holds it needs a second factor. */
  readonly requireMfa: boolean
  /** CIDR; empty: any. */
  readonly allowedNetworks: readonly string[]
  /** What it allows in the administration of this server. `*`: everything. */
  readonly permissions: readonly string[]
  /** The scopes that it allows at each resource that goes by roles. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
}

export interface StoredRole extends Role {
  readonly version: string
  /** How many users hold it now. */
  readonly holders: number
}

/** A role as it is to be; what it demands and allows is left as it is stored where nothing is said of it. */
export type RoleChange = Pick<Role, 'name' | 'description'> & Partial<Role>

/** More than anybody has; a list without pages ends there. */
const MOST_ROLES = 10_000

export const roleStore = (database: Database) => {
  const roles = (which = sql`true`, limit = MOST_ROLES) => sql<StoredRole>`
    select r.name, r.description, r.require_mfa as "requireMfa", r.allowed_networks as "allowedNetworks", r.permissions,
           (select coalesce(jsonb_object_agg(x.resource, x.scopes), '{}') from (
              select s.resource, jsonb_agg(s.scope order by s.scope) as scopes from role_scope s where s.role = r.name group by s.resource) x) as scopes,
           (select count(*)::int from user_role g where g.role = r.name and (g.expires_at is null or g.expires_at > ${database.now})) as holders,
           ${versionOf(sql`r.updated_at`)} as version
      from role r where ${which} order by r.name limit ${limit}`
  return {
    async list(): Promise<readonly StoredRole[]> {
      const { rows } = await database.run((db) => roles().execute(db))
      return rows
    },

    /** Roles by name, from after a given one. */
    async page(after: string | undefined, limit: number): Promise<readonly StoredRole[]> {
      const { rows } = await database.run((db) => roles(sql`r.name > ${after ?? ''}`, limit).execute(db))
      return rows
    },

    async find(name: string): Promise<StoredRole | undefined> {
      const { rows } = await database.run((db) => roles(sql`r.name = ${name}`).execute(db))
      return rows[0]
    },

    /** Who holds a role now: one for each set of permissions that they have in all. */
    async listHolders(name: string): Promise<readonly { readonly id: string; readonly permissions: string[] }[]> {
      const { now } = database
      const { rows } = await database.run((db) =>
        sql<{ id: string; permissions: string[] }>`
          select distinct on (h.permissions) h.user_id as id, h.permissions from (
            select x.user_id, array(select distinct p from ${heldRoles(sql`x.user_id`, now)}, unnest(r.permissions) p order by p) as permissions
              from user_role x where x.role = ${name} and (x.expires_at is null or x.expires_at > ${now})) h`.execute(
          db,
        ),
      )
      return rows
    },

    /** Makes a role, or changes it, where the precondition holds. @returns whether it did */
    async put(role: RoleChange, event: AuditEvent, condition: Precondition = {}): Promise<boolean> {
      const mfa = sql`${role.requireMfa ?? null}::boolean`
      const networks = sql`${role.allowedNetworks ?? null}::text[]`
      const permissions = sql`${role.permissions ?? null}::text[]`
      const scopes =
        role.scopes && Object.entries(role.scopes).flatMap(([at, names]) => names.map((name) => [at, name]))
      const wanted = sql`jsonb_array_elements(${JSON.stringify(scopes ?? [])}::jsonb) w`
      const { rows } = await database.run((db) =>
        sql`
          with t as (select ${database.now} as now),
          put as (
            insert into role as r (name, description, require_mfa, allowed_networks, permissions, created_at, updated_at)
            select ${role.name}, ${role.description}, coalesce(${mfa}, false), coalesce(${networks}, '{}'), coalesce(${permissions}, '{}'), t.now, t.now
              from t where ${mayInsert(condition, sql`exists (select 1 from role where name = ${role.name})`)}
            on conflict (name) do update set description = excluded.description, updated_at = excluded.updated_at,
                require_mfa = coalesce(${mfa}, r.require_mfa), allowed_networks = coalesce(${networks}, r.allowed_networks),
                permissions = coalesce(${permissions}, r.permissions)
              where ${mayUpdate(condition, sql`r.updated_at`)}
            returning r.name),
          gone as (
            delete from role_scope s using put where s.role = put.name and ${scopes !== undefined}::boolean
               and not exists (select 1 from ${wanted} where w ->> 0 = s.resource and w ->> 1 = s.scope)),
          allowed as (
            insert into role_scope (role, resource, scope) select put.name, w ->> 0, w ->> 1 from put, ${wanted} on conflict do nothing),
          ${auditing(event, database.now, sql`put`)}
          select 1 from put`.execute(db),
      )
      return rows.length > 0
    },

    /** Deletes a role: nobody holds it any more. */
    async remove(name: string, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql`
          with gone as (delete from role where name = ${name} returning name),
          ${auditing(event, database.now, sql`gone`)}
          select 1 from gone`.execute(db),
      )
      return rows.length > 0
    },
  }
}
