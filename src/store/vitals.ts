import { sql } from 'kysely'
import type { Database } from './database.ts'

/** What waits in the database, and how old its keys are. */
export interface Vitals {
  readonly outbox: readonly { readonly channel: string; readonly waiting: number }[]
  readonly auditQueue: number
  readonly keys: readonly {
    readonly state: string
    readonly alg: string
    readonly count: number
    /** Since the oldest came into this state. */
    readonly ageSeconds: number
  }[]
}

export const vitalsStore = (database: Database) => ({
  /** One statement over what is short: what was delivered is in no index that it looks at, and keys are few. */
  async read(): Promise<Vitals> {
    const { rows } = await database.run((db) =>
      sql<Vitals>`
        select (select coalesce(json_agg(o), '[]') from (
                  select channel, count(*)::integer as waiting from outbox
                   where next_attempt_at is not null group by channel) o) as outbox,
               (select count(*) from audit_queue) as "auditQueue",
               (select coalesce(json_agg(k), '[]') from (
                  select state, alg, count(*)::integer as count,
                         extract(epoch from ${database.now} - min(coalesce(retired_at, activated_at, created_at)))::float8 as "ageSeconds"
                    from signing_key group by state, alg order by alg, state) k) as keys`.execute(db),
    )
    const [row] = rows
    if (!row) throw new Error('a select without a condition gives a row')
    return row
  },
})
