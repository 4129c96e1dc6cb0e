import { sql } from 'kysely'
import type { Database } from './database.ts'
import { sessionIsGood } from './sessions.ts'

/** Events of one type in one hour. */
export interface HourlyCount {
  /** Whole hours since 1970, UTC. */
  readonly hour: number
  readonly type: string
  readonly count: number
}

/** How much there is at this moment. */
export interface Totals {
  readonly activeSessions: number
  readonly users: number
  readonly disabledUsers: number
  readonly clients: number
  readonly disabledClients: number
}

/** Something that an administrator or an operator did, or was refused. */
export interface AdministrativeEvent {
  readonly id: string
  readonly at: Date
  readonly type: string
  readonly outcome: string
  /** `operator` or `user:…`. */
  readonly actor: string
  /** `null`: an operator, or a user who is gone. */
  readonly actorName: string | null
  readonly userId: string | null
  readonly userName: string | null
  readonly clientId: string | null
}

export const statisticsStore = (database: Database, sessionIdleSeconds: number) => ({
  /** Counts events of some types by the hour. The instant is a value, so that its index is walked from there. */
  async countByHour(types: readonly string[], since: Date): Promise<readonly HourlyCount[]> {
    const { rows } = await database.run((db) =>
      sql<HourlyCount>`
        select floor(extract(epoch from at) / 3600)::integer as hour, type, count(*)::integer as count
          from audit_event where at >= ${since} and type = any(${types}::text[]) group by 1, 2`.execute(db),
    )
    return rows
  },

  async totals(): Promise<Totals> {
    const { rows } = await database.run((db) =>
      sql<Totals>`
        with t as materialized (select ${database.now} as now),
        people as (select count(*)::integer as total, count(disabled_at)::integer as disabled from "user"),
        apps as (select count(*)::integer as total, count(disabled_at)::integer as disabled from client)
        select people.total as users, people.disabled as "disabledUsers", apps.total as clients, apps.disabled as "disabledClients",
               (select count(*)::integer from session s join "user" u on u.id = s.user_id
                 where s.expires_at > (select now from t) and ${sessionIsGood(sql`(select now from t)`, sessionIdleSeconds)}) as "activeSessions"
          from people, apps`.execute(db),
    )
    return only(rows)
  },

  /** The latest of what operators did, and users to anything but their own account, newest first. */
  async latestAdministration(limit: number, since: Date): Promise<readonly AdministrativeEvent[]> {
    const { rows } = await database.run((db) =>
      sql<AdministrativeEvent>`
        select e.id, e.at, e.type, e.outcome, e.actor, a.username as "actorName", e.user_id as "userId", u.username as "userName",
               e.client_id as "clientId"
          from (select *, case when actor like 'user:%' then substr(actor, 6)::uuid end as actor_id
                  from audit_event
                 where at >= ${since}
                   and (actor = 'operator' or type = 'administration.denied'
                        or (actor like 'user:%' and actor is distinct from 'user:' || user_id))
                 order by id desc limit ${limit}) e
          left join "user" a on a.id = e.actor_id
          left join "user" u on u.id = e.user_id
         order by e.id desc`.execute(db),
    )
    return rows
  },
})

function only<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error('a select without a condition gives a row')
  return row
}
