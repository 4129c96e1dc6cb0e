import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

export interface Role {
  readonly name: string
  readonly description: string
  /** Who holds it needs a second factor. */
  readonly requireMfa: boolean
  /** CIDR; empty: any. */
  readonly allowedNetworks: readonly string[]
}

/** A role as it is to be; what it demands is left as it is stored where nothing is said of it. */
export type RoleChange = Pick<Role, 'name' | 'description'> & Partial<Role>

export const roleStore = (database: Database) => ({
  async list(): Promise<readonly Role[]> {
    const { rows } = await database.run((db) =>
      sql<Role>`
        select name, description, require_mfa as "requireMfa", allowed_networks as "allowedNetworks" from role order by name`.execute(
        db,
      ),
    )
    return rows
  },

  /** Makes a role, or changes it. */
  async put({ name, description, requireMfa, allowedNetworks }: RoleChange, event: AuditEvent): Promise<void> {
    const mfa = sql`${requireMfa ?? null}::boolean`
    const networks = sql`${allowedNetworks ?? null}::text[]`
    await database.run((db) =>
      sql`
        with put as (
          insert into role as r (name, description, require_mfa, allowed_networks, created_at)
          values (${name}, ${description}, coalesce(${mfa}, false), coalesce(${networks}, '{}'), ${database.now})
          on conflict (name) do update set description = excluded.description,
              require_mfa = coalesce(${mfa}, r.require_mfa), allowed_networks = coalesce(${networks}, r.allowed_networks)
            where (r.description, r.require_mfa, r.allowed_networks)
               <> (excluded.description, coalesce(${mfa}, r.require_mfa), coalesce(${networks}, r.allowed_networks))
          returning r.name),
        ${auditing(event, database.now, sql`put`)}
        select 1`.execute(db),
    )
  },
})
