import { sql } from 'kysely'
import type { Database } from './database.ts'

export const leaseStore = (database: Database) => ({
  /** Takes or renews a lease. @returns whether this holder has it now. Nothing that must be right hangs on it: it saves work. */
  async take(name: string, holder: string, seconds: number): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`with t as (select ${database.now} as now)
          insert into lease as l (name, holder, expires_at)
          select ${name}, ${holder}::uuid, t.now + ${seconds}::float8 * interval '1 second' from t
          on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
            where l.holder = excluded.holder or l.expires_at < excluded.expires_at - ${seconds}::float8 * interval '1 second'
          returning name`.execute(db),
    )
    return rows.length > 0
  },
})
