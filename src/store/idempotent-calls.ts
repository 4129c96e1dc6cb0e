import { sql } from 'kysely'
import type { Database } from './database.ts'

/** What is known of a call under a key. */
export type CallState =
  | { readonly state: 'new' | 'running' | 'another' }
  | { readonly state: 'done'; readonly answer: Buffer }

export const idempotentCallStore = (database: Database) => ({
  /**
   * Takes a key for a call that is about to be made, unless it is taken: of many at once, one is told `new`.
   * @param runningSeconds after which a call that never ended is forgotten
   */
  async begin(key: string, request: Buffer, attempt: Buffer, runningSeconds: number): Promise<CallState> {
    const isLapsed = sql`(c.expires_at < excluded.expires_at - ${runningSeconds}::float8 * interval '1 second')`
    const { rows } = await database.run((db) =>
      sql<{ isNew: boolean; isSame: boolean; answer: Buffer | null }>`
        with t as (select ${database.now} as now)
        insert into idempotent_call as c (key, request, attempt, expires_at)
        select ${key}::uuid, ${request}::bytea, ${attempt}::bytea, t.now + ${runningSeconds}::float8 * interval '1 second' from t
        on conflict (key) do update set
          request    = case when ${isLapsed} then excluded.request else c.request end,
          attempt    = case when ${isLapsed} then excluded.attempt else c.attempt end,
          answer     = case when ${isLapsed} then null else c.answer end,
          expires_at = case when ${isLapsed} then excluded.expires_at else c.expires_at end
        returning c.attempt = ${attempt}::bytea as "isNew", c.request = ${request}::bytea as "isSame", c.answer`.execute(
        db,
      ),
    )
    const [row] = rows
    if (!row) throw new Error('an upsert without a condition gives a row')
    if (!row.isSame) return { state: 'another' }
    if (row.answer) return { state: 'done', answer: row.answer }
    return { state: row.isNew ? 'new' : 'running' }
  },

  /** Keeps the answer of a call for a day. */
  async end(key: string, attempt: Buffer, answer: Buffer): Promise<void> {
    await database.run((db) =>
      sql`update idempotent_call set answer = ${answer}, expires_at = ${database.now} + interval '1 day'
           where key = ${key} and attempt = ${attempt}::bytea`.execute(db),
    )
  },

  /** Frees the key of a call that was refused: it may be mended and sent again. */
  async forget(key: string, attempt: Buffer): Promise<void> {
    await database.run((db) =>
      sql`delete from idempotent_call where key = ${key} and attempt = ${attempt}::bytea and answer is null`.execute(
        db,
      ),
    )
  },
})
