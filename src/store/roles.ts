import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

export interface Role {
  readonly name: string
  readonly description: string
}

export const roleStore = (database: Database) => ({
  async list(): Promise<readonly Role[]> {
    return await database.run((db) => db.selectFrom('role').select(['name', 'description']).orderBy('name').execute())
  },

  /** Makes a role, or gives it another description. */
  async put(role: Role, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with put as (
          insert into role as r (name, description, created_at) values (${role.name}, ${role.description}, ${database.now})
          on conflict (name) do update set description = excluded.description where r.description <> excluded.description
          returning r.name),
        ${auditing(event, database.now, sql`put`)}
        select 1`.execute(db),
    )
  },
})
