import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Database } from './database.ts'

/** So many calls in a period; all of them at once, if they come so. */
export interface Limit {
  readonly calls: number
  readonly periodSeconds: number
}

export const throttleStore = (database: Database) => ({
  /**
   * Charges one call to each key, exactly and for all nodes: the generic cell rate algorithm in one statement. A refused
   * call charges nothing to the key that refused it, so refusals don't extend the wait.
   * @returns the seconds until a call would be let through; 0 when this one is
   */
  async take(keys: readonly Digest[], limit: Limit, attempt: Buffer): Promise<number> {
    const interval = limit.periodSeconds / limit.calls
    const tolerance = interval * (limit.calls - 1)
    const { rows } = await database.run((db) =>
      sql<{ wait: number }>`
        with t as (select ${database.now} as now),
        charged as (
          insert into throttle as h (key, tat, granted_by)
          select x, t.now + ${interval}::float8 * interval '1 second', ${attempt}::bytea from t, unnest(${keys}::bytea[]) x order by x
          on conflict (key) do update set
            tat = case when h.granted_by = ${attempt}::bytea then h.tat
                       when h.tat <= excluded.tat - ${interval - tolerance}::float8 * interval '1 second'
                       then greatest(h.tat + ${interval}::float8 * interval '1 second', excluded.tat) else h.tat end,
            granted_by = case when h.tat <= excluded.tat - ${interval - tolerance}::float8 * interval '1 second'
                              then ${attempt}::bytea else h.granted_by end
          returning h.tat, h.granted_by = ${attempt}::bytea as allowed)
        select max(case when allowed then 0 else extract(epoch from tat - t.now) - ${tolerance}::float8 end)::float8 as wait
          from charged, t`.execute(db),
    )
    return Math.max(0, Math.ceil(rows[0]?.wait ?? 0))
  },

  /** Gives one call back. */
  async giveBack(key: Digest, { calls, periodSeconds }: Limit): Promise<void> {
    await database.run((db) =>
      sql`update throttle set tat = tat - ${periodSeconds / calls}::float8 * interval '1 second' where key = ${key}`.execute(
        db,
      ),
    )
  },
})
