import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'

const BATCH = 1000

/**
 * What is over, table by table. A family stays a day longer, for the access tokens that outlive it; an ended session as long
 * as a family may. What became of a mail can be looked up for a week.
 */
const OVER: Readonly<Record<string, RawBuilder<unknown>>> = {
  authorization_code: sql`authorization_code where ctid in (select ctid from authorization_code where expires_at < (select now from t) limit ${BATCH})`,
  interaction: sql`interaction where ctid in (select ctid from interaction where expires_at < (select now from t) limit ${BATCH})`,
  pushed_request: sql`pushed_request where ctid in (select ctid from pushed_request where expires_at < (select now from t) limit ${BATCH})`,
  action_token: sql`action_token where ctid in (select ctid from action_token where expires_at < (select now from t) limit ${BATCH})`,
  revoked_token: sql`revoked_token where ctid in (select ctid from revoked_token where expires_at < (select now from t) limit ${BATCH})`,
  refresh_family: sql`refresh_family where ctid in (select ctid from refresh_family where expires_at < (select now from t) - interval '1 day' limit ${BATCH})`,
  session: sql`session where ctid in (select ctid from session where expires_at < (select now from t) - interval '9 days' limit ${BATCH})`,
  outbox: sql`outbox where ctid in (select ctid from outbox where expires_at < (select now from t) - interval '7 days' limit ${BATCH})`,
  refusal: sql`refusal where ctid in (select ctid from refusal where at < (select now from t) - interval '7 days' limit ${BATCH})`,
  guessing: sql`guessing where ctid in (select ctid from guessing g where g.password_changed_at < (select now from t) - interval '1 day' and not exists (select 1 from "user" u where u.id = g.user_id) limit ${BATCH})`,
  idempotent_call: sql`idempotent_call where ctid in (select ctid from idempotent_call where expires_at < (select now from t) limit ${BATCH})`,
  throttle: sql`throttle where ctid in (select ctid from throttle where tat < (select now from t) limit ${BATCH})`,
}

export const sweepStore = (database: Database) => ({
  /** Deletes one batch of what is over in each table. @returns how many rows went; call again while there are any */
  async sweep(): Promise<number> {
    let gone = 0
    for (const over of Object.values(OVER)) {
      const { rows } = await database.run((db) =>
        sql<{ n: number }>`
          with t as (select ${database.now} as now) , gone as (delete from ${over} returning 1) select count(*)::int as n from gone`.execute(
          db,
        ),
      )
      gone += rows[0]?.n ?? 0
    }
    return gone
  },
})
