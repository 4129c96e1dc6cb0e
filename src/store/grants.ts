import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { grantStands } from './liveness.ts'
import { type Session, sessionIsGood } from './sessions.ts'

/** A session that is good, with whose it is. */
export interface ListedSession extends Omit<Session, 'device'> {
  readonly userId: string
  readonly username: string
  readonly expiresAt: Date
}

/** A family without its token: what a user has granted a client. */
export interface ListedFamily {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly clientId: string
  readonly clientName: string
  readonly sessionId: string
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  /** Whether it outlives the session. */
  readonly offline: boolean
  readonly grantedAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  /** Whether it is good for anything now. */
  readonly isLive: boolean
}

/** Which families; what is absent doesn't matter. */
export interface FamilyFilter {
  readonly userId?: string | undefined
  readonly clientId?: string | undefined
  readonly state?: 'live' | 'ended' | undefined
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Where people are signed in, and what they have granted, as administrators see it: newest first. */
export const grantStore = (database: Database, idleSeconds: number) => {
  const isLive = sql`(${grantStands} and f.expires_at > ${database.now})`
  return {
    /** The sessions that are good now, from before a given one. */
    async listSessions(
      { userId }: { readonly userId?: string | undefined },
      before: string | undefined,
      limit: number,
    ): Promise<readonly ListedSession[]> {
      const { rows } = await database.run((db) =>
        sql<ListedSession>`
          select s.id, s.auth_time as "authTime", s.acr, s.amr, s.created_at as "createdAt", s.last_seen_at as "lastSeenAt",
                 s.address, s.user_agent as "userAgent", s.expires_at as "expiresAt", u.id as "userId", u.username
            from session s join "user" u on u.id = s.user_id
           where s.id < ${before ?? LAST_ID}::uuid and ${userId === undefined ? sql`true` : sql`s.user_id = ${userId}`}
             and ${sessionIsGood(database.now, idleSeconds)} order by s.id desc limit ${limit}`.execute(db),
      )
      return rows
    },

    /** Whose a session is that nobody has ended. */
    async findSessionOwner(id: string): Promise<string | undefined> {
      const { rows } = await database.run((db) =>
        sql<{ userId: string }>`select user_id as "userId" from session where id = ${id} and ended_at is null`.execute(
          db,
        ),
      )
      return rows[0]?.userId
    },

    /** The families of users and clients, from before a given one. */
    async listFamilies(
      { userId, clientId, state }: FamilyFilter,
      before: string | undefined,
      limit: number,
    ): Promise<readonly ListedFamily[]> {
      const wanted = sql.join(
        [
          sql`f.id < ${before ?? LAST_ID}::uuid`,
          ...(userId === undefined ? [] : [sql`f.user_id = ${userId}`]),
          ...(clientId === undefined ? [] : [sql`f.client_id = ${clientId}`]),
          ...(state === undefined ? [] : [sql`${isLive} = ${state === 'live'}::boolean`]),
        ],
        sql` and `,
      )
      const { rows } = await database.run((db) =>
        sql<ListedFamily>`
          select f.id, f.user_id as "userId", u.username, f.client_id as "clientId", c.client_name as "clientName",
                 f.session_id as "sessionId", f.scope, f.resources, f.offline, f.granted_at as "grantedAt", f.rotated_at as "lastUsedAt",
                 f.expires_at as "expiresAt", f.revoked_at as "revokedAt", f.revoked_reason as "revokedReason", ${isLive} as "isLive"
            from refresh_family f join "user" u on u.id = f.user_id join client c on c.client_id = f.client_id
           where ${wanted} order by f.id desc limit ${limit}`.execute(db),
      )
      return rows
    },

    /** Whose a family is, and which client's. */
    async findFamilyOwner(id: string): Promise<{ readonly userId: string; readonly clientId: string } | undefined> {
      const { rows } = await database.run((db) =>
        sql<{ userId: string; clientId: string }>`
          select user_id as "userId", client_id as "clientId" from refresh_family where id = ${id}`.execute(db),
      )
      return rows[0]
    },

    /** Ends a family of a user for good. @returns false when it is not theirs, or has ended before */
    async revokeFamily(userId: string, id: string, reason: string, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql`
          with ended as (
            update refresh_family set revoked_at = ${database.now}, revoked_reason = ${reason}
             where id = ${id} and user_id = ${userId} and revoked_at is null returning id),
          ${auditing(event, database.now, sql`ended`)}
          select id from ended`.execute(db),
      )
      return rows.length > 0
    },
  }
}
