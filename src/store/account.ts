import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { ending } from './ending.ts'
import { grantStands, heldRoles } from './liveness.ts'
import { mailing, type Outgoing } from './outbox.ts'
import type { RaisedSession } from './second-factors.ts'
import { consentCounts, sessionIsGood } from './sessions.ts'
import type { StoredPassword } from './users.ts'

/** How a person's account stands, as its first page tells. */
export interface AccountSummary {
  readonly email: string | null
  readonly emailVerified: boolean
  readonly claims: Readonly<Record<string, unknown>>
  readonly passwordChangedAt: Date | null
  readonly factors: number
  readonly recoveryCodesLeft: number
  readonly sessions: number
  readonly apps: number
}

/** An app that a user has allowed something. */
export interface ConnectedApp {
  readonly clientId: string
  readonly name: string
  readonly scope: readonly string[]
  readonly since: Date
  readonly lastUsedAt: Date | null
}

const connectedApps = (userId: string) => sql`
  select c.client_id as "clientId", c.client_name as name,
         coalesce((select array_agg(distinct x) from unnest(k.scope || f.scope) x), '{}') as scope,
         least(k.granted_at, f.granted_at) as since, f.rotated_at as "lastUsedAt"
    from client c
    left join consent k on k.client_id = c.client_id and k.user_id = ${userId} and ${consentCounts}
    left join lateral (
      select min(f.granted_at) as granted_at, max(f.rotated_at) as rotated_at,
             (select array_agg(distinct y) from refresh_family g, unnest(g.scope) y where g.client_id = c.client_id and g.user_id = ${userId}
                 and g.revoked_at is null) as scope
        from refresh_family f where f.client_id = c.client_id and f.user_id = ${userId} and f.expires_at > clock_timestamp() and ${grantStands}) f on true
   where k.user_id is not null or f.granted_at is not null`

/** What people do with their own accounts: every statement names its owner. */
export const accountStore = (database: Database, idleSeconds: number) => ({
  async summary(userId: string): Promise<AccountSummary | undefined> {
    const { rows } = await database.run((db) =>
      sql<AccountSummary>`
        select u.email, u.email_verified as "emailVerified", u.claims,
          (select p.changed_at from password p where p.user_id = u.id) as "passwordChangedAt",
          (select count(*)::int from totp x where x.user_id = u.id and x.confirmed_at is not null) as factors,
          (select count(*)::int from recovery_code r where r.user_id = u.id and r.used_at is null) as "recoveryCodesLeft",
          (select count(*)::int from session s where s.user_id = u.id and ${sessionIsGood(database.now, idleSeconds)}) as sessions,
          (select count(*)::int from (${connectedApps(userId)}) a) as apps
        from "user" u where u.id = ${userId}`.execute(db),
    )
    return rows[0]
  },

  /**
   * Changes a password as its owner: every other session and every grant is dead, and the session that did it goes on under
   * new secrets.
   */
  async changePassword(
    userId: string,
    password: StoredPassword,
    keep: Pick<RaisedSession, 'id' | 'strictDigest' | 'laxDigest'>,
    event: AuditEvent,
    mails: readonly Outgoing[],
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        moved as (
          update "user" u set epoch = u.epoch + 1, updated_at = t.now from t where u.id = ${userId} returning u.id, u.epoch),
        kept as (
          update session s set user_epoch = moved.epoch, strict_digest = ${keep.strictDigest}::bytea, lax_digest = ${keep.laxDigest}::bytea
            from moved where s.id = ${keep.id} and s.user_id = moved.id and s.ended_at is null),
        ${ending(sql`s.user_id in (select id from moved) and s.id <> ${keep.id}`, database.now)},
        stored as (
          insert into password (user_id, phc, peppered, changed_at)
          select moved.id, ${password.phc}, ${password.peppered}, t.now from moved, t
          on conflict (user_id) do update set phc = excluded.phc, peppered = excluded.peppered, changed_at = excluded.changed_at),
        ${mailing(mails, database.now, sql`moved`)},
        ${auditing(event, database.now, sql`moved`)}
        select 1`.execute(db),
    )
  },

  /** Changes the named claims of a user, or takes away those that are `null`; no other, and not the address. */
  async changeClaims(
    userId: string,
    claims: Readonly<Record<string, string | null>>,
    event: AuditEvent,
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with changed as (
          update "user" set claims = jsonb_strip_nulls(claims || ${JSON.stringify(claims)}::jsonb), updated_at = ${database.now}
           where id = ${userId} returning id),
        ${auditing(event, database.now, sql`changed`)}
        select 1`.execute(db),
    )
  },

  /** Ends one of a user's own sessions. */
  async endSession(userId: string, sessionId: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with ${ending(sql`s.id = ${sessionId} and s.user_id = ${userId}`, database.now)},
        ${auditing(event, database.now, sql`ended`)}
        select 1 from ended`.execute(db),
    )
    return rows.length > 0
  },

  /** The apps that a user has allowed something, or that hold a grant of theirs. */
  async listApps(userId: string): Promise<readonly ConnectedApp[]> {
    const { rows } = await database.run((db) =>
      sql<ConnectedApp>`select * from (${connectedApps(userId)}) a order by a.name, a."clientId" limit 500`.execute(db),
    )
    return rows
  },

  /** Takes back what a user has allowed an app: what was granted until now is dead, at once. */
  async withdraw(userId: string, clientId: string, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        withdrawn as (
          insert into consent as k (user_id, client_id, scope, resources, granted_at, withdrawn_at)
          select ${userId}::uuid, c.client_id, '{}', '{}', t.now, t.now from t, client c where c.client_id = ${clientId}
          on conflict (user_id, client_id) do update set scope = '{}', resources = '{}', withdrawn_at = excluded.withdrawn_at
          returning k.user_id),
        ${auditing(event, database.now, sql`withdrawn`)}
        select 1`.execute(db),
    )
  },

  /** Everything that is kept about a user, as JSON; no secret, not even hashed. */
  async exportOf(userId: string): Promise<unknown> {
    const { rows } = await database.run((db) =>
      sql<{ data: unknown }>`
        select jsonb_build_object(
          'user', jsonb_build_object('sub', u.id, 'username', u.username, 'email', u.email, 'email_verified', u.email_verified,
            'claims', u.claims, 'created_at', u.created_at, 'updated_at', u.updated_at),
          'roles', (select coalesce(jsonb_agg(r.role order by r.role), '[]') from ${heldRoles(sql`u.id`, database.now)}),
          'authenticators', (select coalesce(jsonb_agg(jsonb_build_object('name', x.name, 'created_at', x.created_at, 'last_used_at', x.last_used_at)), '[]')
                               from totp x where x.user_id = u.id and x.confirmed_at is not null),
          'sessions', (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'address', s.address, 'user_agent', s.user_agent,
                          'created_at', s.created_at, 'last_seen_at', s.last_seen_at, 'ended_at', s.ended_at)), '[]') from session s where s.user_id = u.id),
          'apps', (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from (${connectedApps(userId)}) a),
          'devices', (select coalesce(jsonb_agg(jsonb_build_object('name', d.name, 'created_at', d.created_at, 'last_seen_at', d.last_seen_at)), '[]')
                        from known_device d where d.user_id = u.id),
          'events', (select coalesce(jsonb_agg(e), '[]') from (
                       select jsonb_build_object('at', a.at, 'type', a.type, 'outcome', a.outcome, 'client_id', a.client_id,
                                'address', p.address, 'user_agent', p.user_agent) as e
                         from audit_event a left join audit_subject p on p.event_id = a.id
                        where a.user_id = u.id order by a.id desc limit 1000) as recent)) as data
        from "user" u where u.id = ${userId}`.execute(db),
    )
    return rows[0]?.data
  },
})
