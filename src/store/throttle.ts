import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Database } from './database.ts'

/** So many calls in a period; all of them at once, if they come so. */
export interface Limit {
  readonly calls: number
  readonly periodSeconds: number
}

/** Exact limits that every node shares: the generic cell rate algorithm, wherever its one number for each key is kept. */
export interface Throttle {
  /**
   * Charges one call to each key or, where one of them refuses, to none: refusals don't extend the wait.
   * @param attempt drawn once for each call, so that one that is done again after a lost answer is charged once
   * @returns the seconds until a call would be let through; 0 when this one is
   * @throws StoreUnavailable
   */
  take(keys: readonly Digest[], limit: Limit, attempt: Buffer): Promise<number>
  /** Gives one call back to each key. */
  giveBack(keys: readonly Digest[], limit: Limit): Promise<void>
}

interface Charged {
  readonly key: Digest
  /** 0 where the key let the call through. */
  readonly wait: number
}

/** Limits kept in the database: one upsert for each call, which waits for its key and then reads the time. */
export const throttleStore = (database: Database): Throttle => {
  const take: Throttle['take'] = async (keys, limit, attempt) => {
    const interval = limit.periodSeconds / limit.calls
    const tolerance = interval * (limit.calls - 1)
    const step = sql`${interval}::float8 * interval '1 second'`
    const { rows } = await database.run((db) =>
      sql<Charged>`
        with charged as (
          insert into throttle as h (key, tat, granted_by)
          select x, ${database.now} + ${step}, ${attempt}::bytea from unnest(${keys}::bytea[]) x order by x
          on conflict (key) do update set (tat, granted_by) = (
            select case when isFree and not isOurs then greatest(h.tat, now) + ${step} else h.tat end,
                   case when isFree then ${attempt}::bytea else h.granted_by end
              from (select now, h.granted_by = ${attempt}::bytea as isOurs,
                           h.tat <= now + ${tolerance}::float8 * interval '1 second' as isFree
                      from (select ${database.now} as now offset 0) t) c)
          returning key, tat, granted_by = ${attempt}::bytea as allowed)
        select key, case when allowed then 0
                         else greatest(1, ceil(extract(epoch from tat - ${database.now}) - ${tolerance}::float8)) end::float8 as wait
          from charged`.execute(db),
    )
    const wait = Math.max(0, ...rows.map((row) => row.wait))
    const taken = rows.filter((row) => row.wait === 0).map(({ key }) => key)
    if (wait > 0 && taken.length > 0) await giveBack(taken, limit)
    return wait
  }

  const giveBack: Throttle['giveBack'] = async (keys, { calls, periodSeconds }) => {
    await database.run((db) =>
      sql`update throttle set tat = tat - ${periodSeconds / calls}::float8 * interval '1 second' where key = any(${keys}::bytea[])`.execute(
        db,
      ),
    )
  }

  return { take, giveBack }
}
