import { type RawBuilder, sql } from 'kysely'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import {
  type AccessFacts,
  accessFacts,
  accessFactsOf,
  grantStands,
  hasNetworks,
  type StoredAccessFacts,
  type UserSnapshot,
  userSnapshot,
} from './liveness.ts'

/** A grant of a user to a client, with the refresh token that continues it. */
export interface Family {
  readonly id: string
  readonly clientId: string
  readonly sessionId: string
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  readonly claims: ClaimsRequest
  readonly authTime: Date
  readonly acr: string
  readonly amr: readonly string[]
  readonly offline: boolean
  /** The refresh token that is good now; `null` when none was issued. */
  readonly jti: Buffer | null
  readonly rotatedAt: Date
  readonly kid: string
  readonly tokenExpiresAt: Date
  readonly retries: number
  /** The network that it was given to. */
  readonly rotatedFrom: string | null
  /** When the statement ran, by the database's time. */
  readonly now: Date
  readonly user: UserSnapshot
}

/** What happened to a presented refresh token. */
export type Rotation =
  | { readonly outcome: 'rotated' | 'retried'; readonly family: Family }
  | { readonly outcome: 'held'; readonly access: AccessFacts }
  | { readonly outcome: 'reused' | 'ended' | 'lost-timeline'; readonly reason: string }

/** A refresh token whose signature, expiry, client and key binding were checked. */
export interface PresentedRefreshToken {
  readonly familyId: string
  readonly clientId: string
  readonly jti: Buffer
  readonly issuedAtSeconds: number
}

/** What is drawn once, before the statement may run more than once. */
export interface Successor {
  readonly jti: Buffer
  readonly kid: string
  readonly attempt: Buffer
  /** The network prefix that asks for it. */
  readonly address: string
}

export interface RotationPolicy {
  /** How long the parent of the current token still gets that same token; 0 for never. */
  readonly retrySeconds: number
  /** The idle end of each new token; `undefined` for none. */
  readonly idleSeconds: number | undefined
  /** False where the client's policy keeps one token for the whole life of the family. */
  readonly rotates: boolean
  /** Whether the client restricts where, or on what, its tokens are had, as a role of the user may do too. */
  readonly isRestricted: boolean
  /** Whether the access policy has been asked; else a restricted token is held until it was. */
  readonly isJudged: boolean
}

export const familyColumns = (now: RawBuilder<unknown>) => sql`
  f.id, f.client_id as "clientId", f.session_id as "sessionId", f.scope, f.resources, f.claims, f.auth_time as "authTime",
  f.acr, f.amr, f.offline, f.jti, f.rotated_at as "rotatedAt", f.kid, f.token_expires_at as "tokenExpiresAt", f.retries,
  f.rotated_from as "rotatedFrom",
  ${userSnapshot(sql`f.user_id`, now)} as "user"`

export const refreshFamilyStore = (database: Database) => ({
  /**
   * Judges a presented refresh token against its family and moves, keeps or ends the row, as one statement. design.md §4.2
   * @returns `rotated`; `retried` for the parent of the current token inside the window; `reused` for any other, the family
   *   now being ended; `ended` when it had ended before; `held`, and nothing changed, for one
   *   that would be rotated or retried when the access policy allows it, which has to be asked first; `lost-timeline` when the token is younger than the row.
   *   Does not check the client's authentication or the key binding.
   */
  async rotate(
    token: PresentedRefreshToken,
    successor: Successor,
    policy: RotationPolicy,
    event: AuditEvent,
  ): Promise<Rotation> {
    const { rows } = await database.run((db) =>
      rotateStatement(database.now, token, successor, policy, event).execute(db),
    )
    const [row] = rows
    if (!row) return { outcome: 'lost-timeline', reason: 'unknown family' }
    const { outcome, reason, access, ...family } = row
    if (outcome === 'held') return { outcome, access: accessFactsOf(access) }
    return outcome === 'rotated' || outcome === 'retried' ? { outcome, family } : { outcome, reason: reason ?? outcome }
  },

  /** The family of a user's access token, when its grant still stands. Does not check the token's own expiry. */
  async findStanding(id: string): Promise<Family | undefined> {
    const { rows } = await database.run((db) =>
      sql<Family>`select ${familyColumns(database.now)}, ${database.now} as now from refresh_family f where f.id = ${id} and ${grantStands}`.execute(
        db,
      ),
    )
    return rows[0]
  },

  /** The same, with what the access policy looks at. */
  async findWithAccess(id: string): Promise<{ readonly family: Family; readonly access: AccessFacts } | undefined> {
    const { rows } = await database.run((db) =>
      sql<Family & { readonly access: StoredAccessFacts }>`
        select ${familyColumns(database.now)}, ${database.now} as now, ${accessFacts(database.now)} as access
          from refresh_family f where f.id = ${id} and ${grantStands}`.execute(db),
    )
    const [row] = rows
    if (!row) return undefined
    const { access, ...family } = row
    return { family, access: accessFactsOf(access) }
  },

  /** Whether a refresh token would be accepted now, for introspection; changes nothing. */
  async isCurrent(id: string, jti: Buffer): Promise<Family | undefined> {
    const { rows } = await database.run((db) =>
      sql<Family>`select ${familyColumns(database.now)}, ${database.now} as now from refresh_family f
        where f.id = ${id} and f.jti = ${jti} and f.token_expires_at > ${database.now} and ${grantStands}`.execute(db),
    )
    return rows[0]
  },

  /** Ends a family for good. The first reason wins. Gives whether it ended now. */
  async revoke(id: string, reason: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with ended as (
          update refresh_family set revoked_at = ${database.now}, revoked_reason = ${reason}
           where id = ${id} and revoked_at is null returning id),
        ${auditing(event, database.now, sql`ended`)}
        select id from ended`.execute(db),
    )
    return rows.length > 0
  },
})

function rotateStatement(
  now: RawBuilder<Date>,
  token: PresentedRefreshToken,
  successor: Successor,
  policy: RotationPolicy,
  event: AuditEvent,
) {
  const next = sql`${successor.jti}::bytea`
  // An earlier try of this very call, whose answer was lost. Its token may have moved on since: another call of the client
  // that sent the same one was given it, and went on with it.
  const isOurs = sql`coalesce(${next} in (f.jti, f.previous_jti), false)`
  const isCurrent = sql`coalesce(f.jti = ${token.jti}::bytea, false)`
  const isParent = sql`coalesce(f.previous_jti = ${token.jti}::bytea, false)`
  const inWindow = sql`(t.now < f.rotated_at + ${policy.retrySeconds}::float8 * interval '1 second')`
  const isYounger = sql`(${token.issuedAtSeconds}::float8 > floor(extract(epoch from f.rotated_at)))`
  const isLive = sql`(${grantStands} and f.expires_at > t.now and (not ${isCurrent} or f.token_expires_at > t.now))`
  const isHeld = sql`(not ${policy.isJudged}::boolean and (${policy.isRestricted}::boolean or ${hasNetworks(sql`t.now`)}))`
  const moves = sql`(${isLive} and ${isCurrent} and ${policy.rotates}::boolean and not ${isHeld})`
  const retries = sql`(${isLive} and ${isParent} and ${inWindow} and ${policy.retrySeconds}::float8 > 0 and not ${isOurs})`
  const reuses = sql`(${isLive} and not ${isCurrent} and not ${retries} and not ${isOurs} and (${isParent} or not ${isYounger}))`
  const rotatedAt = sql`greatest(t.now, f.rotated_at)` // never backwards, whichever call began first
  const idle = policy.idleSeconds ?? null
  return sql<Family & { outcome: Rotation['outcome']; reason: string | null; access: StoredAccessFacts }>`
    with t as (select ${now} as now),
    moved as (
      update refresh_family f set
        jti              = case when ${moves} then ${next} else f.jti end,
        previous_jti     = case when ${moves} then f.jti else f.previous_jti end,
        rotated_at       = case when ${moves} then ${rotatedAt} else f.rotated_at end,
        kid              = case when ${moves} then ${successor.kid}::text else f.kid end,
        token_expires_at = case when ${moves}
                             then least(f.expires_at, ${rotatedAt} + ${idle}::float8 * interval '1 second')
                             else f.token_expires_at end,
        rotated_from     = case when ${moves} then ${successor.address} else f.rotated_from end,
        retries          = case when ${moves} then 0 when ${retries} and not ${isHeld} then f.retries + 1 else f.retries end,
        revoked_at       = case when ${reuses} then t.now else f.revoked_at end,
        revoked_reason   = case when ${reuses} then case when ${isParent} then 'late-retry' else 'reuse' end
                             else f.revoked_reason end,
        revoked_by       = case when ${reuses} then ${successor.attempt}::bytea else f.revoked_by end
      from t
      where f.id = ${token.familyId} and f.client_id = ${token.clientId}
      returning ${familyColumns(sql`t.now`)}, t.now, f.revoked_reason as reason, case when ${isHeld} then ${accessFacts(sql`t.now`)} end as access,
        case when ${isOurs} then 'rotated'
             when f.revoked_by = ${successor.attempt}::bytea then 'reused'
             when not ${isLive} then 'ended'
             when (${isParent} or ${isCurrent}) and ${isHeld} then 'held'
             when ${isParent} or ${isCurrent} then 'retried'
             when ${isYounger} then 'lost-timeline'
             else 'ended' end as outcome),
    ${auditing(event, now, sql`moved where outcome in ('reused', 'lost-timeline')`, sql`coalesce(moved.reason, moved.outcome)`)}
    select * from moved`
}
