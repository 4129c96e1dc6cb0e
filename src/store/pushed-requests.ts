import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Pairs } from '../protocol/parameters.ts'
import type { Database } from './database.ts'

/** Where a parked request goes on. */
export type ParkedKind = 'authorize' | 'logout'

export const pushedRequestStore = (database: Database) => ({
  /** Keeps the parameters of a cross-site POST until the browser comes with its reference and its cookies. design.md §5.4 */
  async park(digest: Digest, kind: ParkedKind, parameters: Pairs, lifetimeSeconds: number): Promise<void> {
    await database.run((db) =>
      sql`insert into pushed_request (digest, kind, parameters, expires_at)
          values (${digest}, ${kind}, ${JSON.stringify(parameters)}::jsonb, ${database.now} + ${lifetimeSeconds}::float8 * interval '1 second')
          on conflict (digest) do nothing`.execute(db),
    )
  },

  /** Takes parked parameters out, once. */
  async spend(digest: Digest, kind: ParkedKind): Promise<Pairs | undefined> {
    const { rows } = await database.run((db) =>
      sql<{ parameters: Pairs }>`
        update pushed_request set used_at = ${database.now}
         where digest = ${digest} and kind = ${kind} and used_at is null and expires_at > ${database.now} returning parameters`.execute(
        db,
      ),
    )
    return rows[0]?.parameters
  },
})
