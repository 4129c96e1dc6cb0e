import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

export const revokedTokenStore = (database: Database) => ({
  /** Revokes an access token that no family stands behind, until it would have expired anyway. RFC 7009 §2.1 */
  async add(jti: string, clientId: string, expiresAt: Date, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with added as (
          insert into revoked_token (jti, client_id, expires_at) values (${jti}, ${clientId}, ${expiresAt}) on conflict do nothing returning jti),
        ${auditing(event, database.now, sql`added`)}
        select 1`.execute(db),
    )
  },

  /** Whether a client's own token still stands: not revoked, the client enabled, its tokens not called in since. */
  async stands(jti: string, clientId: string, issuedAt: Date): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`select 1 from client c where c.client_id = ${clientId} and c.disabled_at is null
            and (c.tokens_valid_from is null or c.tokens_valid_from <= ${issuedAt})
            and not exists (select 1 from revoked_token r where r.jti = ${jti})`.execute(db),
    )
    return rows.length > 0
  },
})
