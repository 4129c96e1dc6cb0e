import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { ActionToken } from './action-tokens.ts'
import { type AppRoleState, appRoleState } from './app-role.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { mailing, type Outgoing } from './outbox.ts'

/** A client's secret as operators see it: never the secret. */
export interface ClientSecretFacts {
  readonly id: string
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly expiresAt: Date | null
}

/** What the database is, as far as the session that asks can see. */
export interface DatabaseFacts {
  readonly version: string
  readonly versionNumber: number
  readonly maxConnections: number
  /** `undefined` where the server doesn't tell. */
  readonly hasTls: boolean | undefined
}

/** What operators do and nobody else. */
export const administrationStore = (database: Database) => ({
  /**
   * Makes a secret one of the client's live ones; where two are live already, the oldest goes.
   * @returns false when it was one of them before
   */
  async putSecret(clientId: string, secret: { id: string; digest: Digest }, event: AuditEvent): Promise<boolean> {
    return await database.transaction(async (db) => {
      await sql`select 1 from client where client_id = ${clientId} for update`.execute(db) // two such calls take turns
      const { rows } = await sql`
        with live as (
          select id, digest from client_secret
           where client_id = ${clientId} and (expires_at is null or expires_at > ${database.now})),
        gone as (
          delete from client_secret where client_id = ${clientId} and not exists (select 1 from live where digest = ${secret.digest})
             and id not in (select id from live order by id desc limit 1)),
        added as (
          insert into client_secret (id, client_id, digest, created_at)
          select ${secret.id}::uuid, ${clientId}, ${secret.digest}::bytea, ${database.now}
           where not exists (select 1 from live where digest = ${secret.digest})
          on conflict (id) do nothing returning id),
        ${auditing(event, database.now, sql`added`)}
        select 1 from added`.execute(db)
      return rows.length > 0
    })
  },

  /** The secrets of a client, oldest first. */
  async listSecrets(clientId: string): Promise<readonly ClientSecretFacts[]> {
    const { rows } = await database.run((db) =>
      sql<ClientSecretFacts>`
        select id, created_at as "createdAt", last_used_at as "lastUsedAt", expires_at as "expiresAt"
          from client_secret where client_id = ${clientId} order by id`.execute(db),
    )
    return rows
  },

  /** Makes a one-time link, and says so in the audit. */
  async addLink(
    digest: Digest,
    link: ActionToken,
    lifetimeSeconds: number,
    event: AuditEvent,
    mails: readonly Outgoing[] = [],
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        added as (
          insert into action_token (digest, purpose, data, created_at, expires_at)
          select ${digest}::bytea, ${link.purpose}, ${JSON.stringify(link.data)}::jsonb, t.now,
                 t.now + ${lifetimeSeconds}::float8 * interval '1 second' from t
          on conflict (digest) do nothing returning digest),
        ${mailing(mails, database.now, sql`added`)},
        ${auditing(event, database.now, sql`added`)}
        select 1`.execute(db),
    )
  },

  /** Whether any enabled user has a role. */
  async isRoleHeld(role: string): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`select 1 from user_role r join "user" u on u.id = r.user_id where r.role = ${role} and u.disabled_at is null limit 1`.execute(
        db,
      ),
    )
    return rows.length > 0
  },

  /** Whether the server works as the role that cannot change the audit, and else why not. */
  appRoleState: (): Promise<AppRoleState> => appRoleState(database),

  async databaseFacts(): Promise<DatabaseFacts> {
    const { rows } = await database.run((db) =>
      sql<Omit<DatabaseFacts, 'hasTls'>>`
        select current_setting('server_version') as version, current_setting('server_version_num')::int as "versionNumber",
               current_setting('max_connections')::int as "maxConnections"`.execute(db),
    )
    const [facts] = rows
    if (!facts) throw new Error('a select without a condition gives a row')
    return { ...facts, hasTls: await sessionTls(database) }
  },
})

async function sessionTls(database: Database): Promise<boolean | undefined> {
  try {
    const { rows } = await database.run((db) =>
      sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db),
    )
    return rows[0]?.ssl
  } catch {
    return undefined // a compatible engine need not have this view
  }
}
