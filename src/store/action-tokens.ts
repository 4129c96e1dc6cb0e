import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Database } from './database.ts'

export type ActionPurpose = 'first-administrator' | 'invitation'

export interface ActionToken {
  readonly purpose: ActionPurpose
  readonly data: Readonly<Record<string, unknown>>
}

export const actionTokenStore = (database: Database) => ({
  async add(digest: Digest, token: ActionToken, lifetimeSeconds: number): Promise<void> {
    await database.run((db) =>
      sql`with t as (select ${database.now} as now)
          insert into action_token (digest, purpose, data, created_at, expires_at)
          select ${digest}::bytea, ${token.purpose}, ${JSON.stringify(token.data)}::jsonb, t.now, t.now + ${lifetimeSeconds}::float8 * interval '1 second' from t
          on conflict (digest) do nothing`.execute(db),
    )
  },

  /** A one-time link that is still good. Looking at it spends nothing. */
  async find(digest: Digest, purpose: ActionPurpose): Promise<ActionToken | undefined> {
    const { rows } = await database.run((db) =>
      sql<ActionToken>`select purpose, data from action_token
         where digest = ${digest} and purpose = ${purpose} and used_at is null and expires_at > ${database.now}`.execute(
        db,
      ),
    )
    return rows[0]
  },
})
