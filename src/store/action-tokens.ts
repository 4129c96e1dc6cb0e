import { type RawBuilder, sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Database } from './database.ts'

export type ActionPurpose = 'first-administrator' | 'invitation' | 'reset' | 'verification' | 'email-change'

export interface ActionToken {
  readonly purpose: ActionPurpose
  readonly data: Readonly<Record<string, unknown>>
}

/** A one-time link of a user. */
export interface UserLink extends ActionToken {
  readonly digest: Digest
  readonly lifetimeSeconds: number
}

/**
 * The part of a statement that makes one-time links for a user.
 * @param source what follows `from`: a CTE of the statement that gives the user's `id`, or no row
 */
export function linking(
  links: readonly UserLink[],
  now: RawBuilder<Date>,
  source: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    linked as (
      insert into action_token (digest, purpose, user_id, data, created_at, expires_at)
      select l.digest, l.purpose, owner.id, l.data::jsonb, n.now, n.now + l.lifetime * interval '1 second'
        from ${source} as owner cross join (select ${now} as now) n,
             unnest(${links.map(({ digest }) => digest)}::bytea[], ${links.map(({ purpose }) => purpose)}::text[],
                    ${links.map(({ data }) => JSON.stringify(data))}::text[], ${links.map((link) => link.lifetimeSeconds)}::float8[])
               as l(digest, purpose, data, lifetime)
      on conflict (digest) do nothing)`
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
