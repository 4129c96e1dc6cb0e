import { sql } from 'kysely'
import type { Resource } from '../protocol/client.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { mayInsert, mayUpdate, type Precondition, versionOf } from './precondition.ts'

/** A resource as administrators see it. */
export interface StoredResource extends Resource {
  readonly scopesByRole: boolean
  readonly version: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

export const resourceStore = (database: Database) => {
  const resources = (which = sql`true`, limit = sql`all`) => sql<StoredResource>`
    select identifier, name, scopes, introspection_clients as "introspectionClients", scopes_by_role as "scopesByRole",
           ${versionOf(sql`updated_at`)} as version, created_at as "createdAt", updated_at as "updatedAt"
      from resource where ${which} order by identifier limit ${limit}`
  return {
    async list(): Promise<readonly StoredResource[]> {
      const { rows } = await database.run((db) => resources().execute(db))
      return rows
    },

    /** Resources by identifier, from after a given one. */
    async page(after: string | undefined, limit: number): Promise<readonly StoredResource[]> {
      const { rows } = await database.run((db) =>
        resources(sql`identifier > ${after ?? ''}`, sql`${limit}::int`).execute(db),
      )
      return rows
    },

    async find(identifier: string): Promise<StoredResource | undefined> {
      const { rows } = await database.run((db) => resources(sql`identifier = ${identifier}`).execute(db))
      return rows[0]
    },

    /** Makes a resource, or replaces what it says, where the precondition holds. @returns whether it did */
    async put(resource: Resource, event: AuditEvent, condition: Precondition = {}): Promise<boolean> {
      const { identifier } = resource
      const { rows } = await database.run((db) =>
        sql`
          with t as (select ${database.now} as now),
          put as (
            insert into resource as r (identifier, name, scopes, introspection_clients, scopes_by_role, created_at, updated_at)
            select ${identifier}, ${resource.name}, ${JSON.stringify(resource.scopes)}::jsonb, ${resource.introspectionClients}::text[],
                   ${resource.scopesByRole ?? false}, t.now, t.now
              from t where ${mayInsert(condition, sql`exists (select 1 from resource where identifier = ${identifier})`)}
            on conflict (identifier) do update set name = excluded.name, scopes = excluded.scopes,
                introspection_clients = excluded.introspection_clients, scopes_by_role = excluded.scopes_by_role,
                updated_at = excluded.updated_at
              where ${mayUpdate(condition, sql`r.updated_at`)}
            returning r.identifier),
          ${auditing(event, database.now, sql`put`)}
          select 1 from put`.execute(db),
      )
      return rows.length > 0
    },

    /** Deletes a resource that no client may ask tokens for, with what roles allow there. @returns whether it did */
    async remove(identifier: string, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql`
          with gone as (
            delete from resource where identifier = ${identifier}
               and not exists (select 1 from client where resources @> ${[identifier]}::text[])
            returning identifier),
          ${auditing(event, database.now, sql`gone`)}
          select 1 from gone`.execute(db),
      )
      return rows.length > 0
    },
  }
}
