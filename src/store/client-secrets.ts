import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

/** A secret that was made: only its digest is kept. */
export interface NewSecret {
  readonly id: string
  readonly digest: Digest
}

export const clientSecretStore = (database: Database) => ({
  /** Adds a secret. @returns false when two are live already */
  async addSecret(clientId: string, secret: NewSecret, event: AuditEvent): Promise<boolean> {
    return await database.transaction(async (db) => {
      // Two such calls take turns: a statement that waits for a lock counts what was there before it waited.
      await sql`select 1 from client where client_id = ${clientId} for update`.execute(db)
      const { rows } = await sql`
        with added as (
          insert into client_secret (id, client_id, digest, created_at)
          select ${secret.id}::uuid, c.client_id, ${secret.digest}::bytea, ${database.now} from client c
           where c.client_id = ${clientId}
             and (select count(*) from client_secret s where s.client_id = ${clientId}
                    and (s.expires_at is null or s.expires_at > ${database.now})) < 2
             and not exists (select 1 from client_secret where id = ${secret.id})
          returning id),
        ${auditing(event, database.now, sql`added`)}
        select 1 from added
        union all select 1 from client_secret where id = ${secret.id} -- an earlier try of this very call
        `.execute(db)
      return rows.length > 0
    })
  },

  async removeSecret(clientId: string, id: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with gone as (delete from client_secret where client_id = ${clientId} and id = ${id} returning id),
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db),
    )
    return rows.length > 0
  },

  /** Notes that a secret was used, at most once an hour. */
  async secretUsed(id: string): Promise<void> {
    await database.run((db) =>
      sql`update client_secret set last_used_at = ${database.now}
           where id = ${id} and (last_used_at is null or last_used_at < ${database.now} - interval '1 hour')`.execute(
        db,
      ),
    )
  },
})
