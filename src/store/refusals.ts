import { sql } from 'kysely'
import type { Database } from './database.ts'

/** Why a request was refused. All of it is the server's own words. */
export interface RefusalFacts {
  readonly requestId: string
  readonly route: string
  readonly code: string
  readonly description: string
  readonly cause: string
}

export const refusalStore = (database: Database) => ({
  async add(refusals: readonly RefusalFacts[]): Promise<void> {
    await database.run((db) =>
      sql`
        insert into refusal (request_id, at, route, code, description, cause)
        select r."requestId", ${database.now}, r.route, r.code, r.description, r.cause
          from jsonb_to_recordset(${JSON.stringify(refusals)}::jsonb)
                 as r ("requestId" text, route text, code text, description text, cause text)
        on conflict (request_id) do nothing`.execute(db),
    )
  },

  async find(requestId: string): Promise<(RefusalFacts & { readonly at: Date }) | undefined> {
    return await database.run((db) =>
      db
        .selectFrom('refusal')
        .select(['request_id as requestId', 'at', 'route', 'code', 'description', 'cause'])
        .where('request_id', '=', requestId)
        .executeTakeFirst(),
    )
  },
})
