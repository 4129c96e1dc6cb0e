import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { consentCounts, type Standing, sessionIsGood, standingColumns, standingOf } from './sessions.ts'

/** An authorization request that waits for its user. */
export interface Interaction {
  readonly id: string
  readonly request: AuthorizationRequest
  readonly sessionId: string | undefined
  /** When credentials were given in this very interaction. */
  readonly signedInAt: Date | undefined
  /** When Allow was pressed in this very interaction. */
  readonly consentedAt: Date | undefined
}

/** At most so many tabs wait in one browser; the oldest gives way. design.md §5.2 */
const MOST_OPEN = 10

export const interactionStore = (database: Database, idleSeconds: number) => ({
  /** Stores a request whose user has to be asked something. */
  async begin(
    interaction: Interaction & { readonly browserDigest: Digest; readonly lifetimeSeconds: number },
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        dropped as (
          delete from interaction where id in (
            select id from interaction where browser_digest = ${interaction.browserDigest}
             order by created_at desc, id desc offset ${MOST_OPEN - 1}))
        insert into interaction (id, browser_digest, client_id, request, session_id, created_at, expires_at)
        select ${interaction.id}::uuid, ${interaction.browserDigest}::bytea, ${interaction.request.ownPath === undefined ? interaction.request.clientId : null}::text, ${JSON.stringify(interaction.request)}::jsonb,
          ${interaction.sessionId ?? null}::uuid, t.now, t.now + ${interaction.lifetimeSeconds}::float8 * interval '1 second' from t
        on conflict (id) do nothing`.execute(db),
    )
  },

  /**
   * An open interaction of this browser, with who is at it.
   * @returns `undefined` when it has expired or was never there, `other-browser` when another browser began it
   */
  async find(
    id: string,
    browserDigest: Digest,
  ): Promise<{ interaction: Interaction; standing: Standing } | 'other-browser' | undefined> {
    const { rows } = await database.run((db) =>
      sql<Parameters<typeof standingOf>[0] & StoredInteraction>`
        with t as (select ${database.now} as now)
        select t.now, i.id, i.request, i.session_id as "sessionId", i.signed_in_at as "signedInAt", i.consented_at as "consentedAt",
          i.browser_digest as "browserDigest", ${standingColumns(sql`t.now`)}
          from t, interaction i
          left join (session s join "user" u on u.id = s.user_id) on s.id = i.session_id and ${sessionIsGood(database.now, idleSeconds)}
          left join consent k on k.user_id = s.user_id and k.client_id = i.client_id and ${consentCounts}
         where i.id = ${id} and i.expires_at > t.now`.execute(db),
    )
    const [row] = rows
    if (!row) return undefined
    if (!row.browserDigest.equals(browserDigest)) return 'other-browser'
    const interaction = {
      id: row.id,
      request: row.request,
      sessionId: row.sessionId ?? undefined,
      signedInAt: row.signedInAt ?? undefined,
      consentedAt: row.consentedAt ?? undefined,
    }
    return { interaction, standing: standingOf(row) }
  },

  /**
   * Remembers that the user of the interaction's session allowed its client what it asks for; nothing, when another session
   * has taken its place meanwhile. OIDC Core §3.1.2.4
   */
  async allow(
    id: string,
    grant: {
      userId: string
      clientId: string
      sessionId: string
      scope: readonly string[]
      resources: readonly string[]
    },
    event: AuditEvent,
  ): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        noted as (
          update interaction i set consented_at = t.now from t
           where i.id = ${id} and i.session_id = ${grant.sessionId}::uuid returning i.id),
        given as (
          insert into consent as k (user_id, client_id, scope, resources, granted_at)
          select ${grant.userId}::uuid, ${grant.clientId}, ${grant.scope}::text[], ${grant.resources}::text[], t.now from t, noted
          on conflict (user_id, client_id) do update set
            scope = case when ${consentCounts}
              then (select array_agg(distinct x) from unnest(k.scope || excluded.scope) x) else excluded.scope end,
            resources = case when ${consentCounts}
              then (select coalesce(array_agg(distinct x), '{}') from unnest(k.resources || excluded.resources) x) else excluded.resources end,
            granted_at = excluded.granted_at
          returning k.user_id),
        ${auditing(event, database.now, sql`given`)}
        select 1 from given`.execute(db),
    )
  },
})

interface StoredInteraction {
  readonly id: string
  readonly request: AuthorizationRequest
  readonly sessionId: string | null
  readonly signedInAt: Date | null
  readonly consentedAt: Date | null
  readonly browserDigest: Buffer
}
