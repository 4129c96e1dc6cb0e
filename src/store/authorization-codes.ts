import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import {
  type AccessFacts,
  accessFacts,
  accessFactsOf,
  grantStands,
  type StoredAccessFacts,
  type UserSnapshot,
  userSnapshot,
} from './liveness.ts'
import { type Family, familyColumns } from './refresh-families.ts'

/** What a code stands for. */
export interface CodeGrant {
  readonly familyId: string
  readonly clientId: string
  readonly userId: string
  readonly userEpoch: number
  readonly sessionId: string
  readonly redirectUri: string
  readonly codeChallenge: string | null
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  readonly nonce: string | null
  readonly claims: ClaimsRequest
  readonly authTime: Date
  readonly acr: string
  readonly amr: readonly string[]
}

export interface FoundCode extends CodeGrant {
  readonly spent: boolean
  /** Inside its 60 seconds, by the database's time. */
  readonly alive: boolean
  /** User, session, client and consent are as they have to be. */
  readonly stands: boolean
  readonly user: UserSnapshot
  readonly access: AccessFacts
}

/** What the family of a code begins with; drawn once. */
export interface FamilyBirth {
  readonly attempt: Buffer
  /** The first refresh token; `undefined` when the client gets none. */
  readonly jti: Buffer | undefined
  readonly kid: string
  readonly lifetimeSeconds: number
  readonly idleSeconds: number | undefined
  /** The network prefix that it is given to. */
  readonly address: string
}

export const authorizationCodeStore = (database: Database) => ({
  /**
   * Issues a code. One interaction has one live code: issuing again replaces it, so that a double submit is harmless. Where
   * there was no interaction, the family stands for it, so that this call done again finds its own code.
   * @returns whether it was issued: not when the interaction's code has already been redeemed, nor when the session, the
   *   user or the client no longer stands
   */
  async issue(
    digest: Digest,
    interactionId: string | undefined,
    grant: CodeGrant,
    lifetimeSeconds: number,
    event: AuditEvent,
  ): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        issued as (
          insert into authorization_code as a (digest, interaction_id, family_id, client_id, user_id, user_epoch, session_id,
            redirect_uri, code_challenge, scope, resources, nonce, claims, auth_time, acr, amr, issued_at, expires_at)
          select ${digest}::bytea, ${interactionId ?? grant.familyId}::uuid, ${grant.familyId}::uuid, c.client_id, u.id, u.epoch, s.id,
            ${grant.redirectUri}, ${grant.codeChallenge}, ${grant.scope}::text[], ${grant.resources}::text[],
            ${grant.nonce}, ${JSON.stringify(grant.claims)}::jsonb, ${grant.authTime}::timestamptz, ${grant.acr}, ${grant.amr}::text[],
            t.now, t.now + ${lifetimeSeconds}::float8 * interval '1 second'
            from t, "user" u, session s, client c
           where u.id = ${grant.userId} and u.epoch = ${grant.userEpoch} and u.disabled_at is null
             and s.id = ${grant.sessionId} and s.user_id = u.id and s.ended_at is null
             and c.client_id = ${grant.clientId} and c.disabled_at is null
          on conflict (interaction_id) do update set
            digest = excluded.digest, family_id = excluded.family_id, issued_at = excluded.issued_at, expires_at = excluded.expires_at,
            session_id = excluded.session_id, user_id = excluded.user_id, user_epoch = excluded.user_epoch,
            auth_time = excluded.auth_time, acr = excluded.acr, amr = excluded.amr
            where a.spent_at is null
          returning a.digest),
        ${auditing(event, database.now, sql`issued`)}
        select 1 from issued`.execute(db),
    )
    return rows.length > 0
  },

  /** The grant behind a code. Changes nothing. */
  async find(digest: Digest): Promise<FoundCode | undefined> {
    const { rows } = await database.run((db) =>
      sql<Omit<FoundCode, 'access'> & { readonly access: StoredAccessFacts }>`
        select f.family_id as "familyId", f.client_id as "clientId", f.user_id as "userId", f.user_epoch as "userEpoch",
          f.session_id as "sessionId", f.redirect_uri as "redirectUri", f.code_challenge as "codeChallenge", f.scope,
          f.resources, f.nonce, f.claims, f.auth_time as "authTime", f.acr, f.amr,
          f.spent_at is not null as spent, f.expires_at > ${database.now} as alive, ${grantStands} as stands,
          ${userSnapshot(sql`f.user_id`, database.now)} as "user", ${accessFacts(database.now)} as access
        from (select a.*, a.issued_at as granted_at, null::timestamptz as revoked_at, 'offline_access' = any(a.scope) as offline
                from authorization_code a where a.digest = ${digest}) f`.execute(db),
    )
    const [row] = rows
    return row && { ...row, access: accessFactsOf(row.access) }
  },

  /**
   * Spends a code and founds its family, as one statement: neither can be without the other. design.md §4.1
   * @returns the family, or `undefined` when somebody else had spent the code, or its time was over
   */
  async spend(digest: Digest, birth: FamilyBirth, event: AuditEvent): Promise<Family | undefined> {
    const { rows } = await database.run((db) =>
      sql<Family>`
        with t as (select ${database.now} as now),
        spent as (
          update authorization_code a set spent_at = coalesce(a.spent_at, t.now), spent_by = ${birth.attempt}::bytea
            from t
           where a.digest = ${digest} and a.expires_at > t.now and (a.spent_at is null or a.spent_by = ${birth.attempt}::bytea)
          returning a.*, t.now, t.now + ${birth.lifetimeSeconds}::float8 * interval '1 second' as family_expires_at),
        f as (
          insert into refresh_family (id, client_id, user_id, user_epoch, session_id, scope, resources, claims, auth_time, acr,
            amr, offline, granted_at, jti, rotated_at, kid, token_expires_at, expires_at, rotated_from)
          select family_id, client_id, user_id, user_epoch, session_id, scope, resources, claims, auth_time, acr,
            amr, 'offline_access' = any(scope), issued_at, ${birth.jti ?? null}::bytea, now, ${birth.kid}::text,
            least(family_expires_at, now + ${birth.idleSeconds ?? null}::float8 * interval '1 second'), family_expires_at, ${birth.address}::text
            from spent
          on conflict (id) do update set id = excluded.id
          returning *),
        ${auditing(event, database.now, sql`spent`)}
        select ${familyColumns(database.now)}, f.rotated_at as now from f`.execute(db),
    )
    return rows[0]
  },

  /** Makes a code useless without founding anything: a wrong proof of possession burns it. RFC 7636 §4.6, RFC 9700 §2.1.1 */
  async burn(digest: Digest, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with burnt as (
          update authorization_code set spent_at = ${database.now} where digest = ${digest} and spent_at is null returning digest),
        ${auditing(event, database.now, sql`burnt`)}
        select 1`.execute(db),
    )
  },
})
