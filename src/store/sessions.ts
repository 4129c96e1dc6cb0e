import { type RawBuilder, sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { AuthenticationEvent } from '../protocol/authentication-context.ts'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'
import { ending } from './ending.ts'
import { type NewDevice, remembering, reopening } from './known-devices.ts'
import { heldRoles, type RoleRights, roleNetworks, roleRights } from './liveness.ts'
import type { Outgoing } from './outbox.ts'

/** A browser in which a user is signed in, and still good. */
export interface Session extends AuthenticationEvent {
  readonly id: string
  readonly createdAt: Date
  readonly lastSeenAt: Date
  readonly address: string
  readonly userAgent: string
  /** The known device it is bound to, by the cookie of that device. */
  readonly device:
    | { readonly id: string; readonly posture: string | null; readonly postureUntil: Date | null }
    | undefined
}

/** The user behind a session. */
export interface SessionUser extends RoleRights {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly epoch: number
  readonly hasFactor: boolean
  /** A role of theirs demands a second factor. */
  readonly mustHaveFactor: boolean
  /** One list for each role that allows certain networks only. */
  readonly allowedNetworks: readonly (readonly string[])[]
}

/** What a user has allowed a client before, as far as it still counts. */
export interface RememberedConsent {
  readonly scope: readonly string[]
  readonly resources: readonly string[]
}

/** Who is at a browser, and what they had allowed a client: all that `nextStep` asks of the store, from one statement. */
export interface Standing {
  readonly now: Date
  readonly session: Session | undefined
  readonly user: SessionUser | undefined
  readonly consent: RememberedConsent | undefined
}

/** A session that begins or is renewed. */
export interface SignIn extends AuthenticationEvent {
  readonly sessionId: string
  readonly userId: string
  /** The epoch that the password was checked under: a change in between makes this sign-in void. */
  readonly userEpoch: number
  readonly strictDigest: Digest
  readonly laxDigest: Digest
  readonly address: string
  readonly userAgent: string
  readonly maxSeconds: number
  /** The interaction that asked for it. */
  readonly interactionId: string | undefined
  /** The device it is bound to; remembered, unless a second factor is still due. */
  readonly device: NewDevice | undefined
  /** Whether the account knew it before, so that its password was tried in the lane of owners. */
  readonly isKnownDevice: boolean
  /** Written when this is a full sign-in from a device that the account did not know. */
  readonly notices?: readonly Outgoing[]
}

/** Whether a session `s` of a user `u` is good at an instant. */
export const sessionIsGood = (now: RawBuilder<unknown>, idleSeconds: number) => sql`(
  s.ended_at is null and s.expires_at > ${now} and s.last_seen_at + ${idleSeconds}::float8 * interval '1 second' > ${now}
  and u.disabled_at is null and s.user_epoch = u.epoch)`

export const standingColumns = (now: RawBuilder<unknown>) => sql`
  case when s.id is null then null else jsonb_build_object('id', s.id, 'authTime', s.auth_time, 'acr', s.acr, 'amr', s.amr,
    'createdAt', s.created_at, 'lastSeenAt', s.last_seen_at, 'address', s.address, 'userAgent', s.user_agent,
    'device', (select jsonb_build_object('id', d.id, 'posture', d.posture, 'postureUntil', d.posture_until)
                 from known_device d where d.id = s.device_id and d.user_id = s.user_id)) end as session,
  case when s.id is null then null else jsonb_build_object('id', u.id, 'username', u.username, 'email', u.email, 'epoch', u.epoch,
    ${roleRights(sql`u.id`, now)},
    'hasFactor', exists (select 1 from totp x where x.user_id = u.id and x.confirmed_at is not null),
    'mustHaveFactor', exists (select 1 from ${heldRoles(sql`u.id`, now)} where r.require_mfa),
    'allowedNetworks', ${roleNetworks(sql`u.id`, now)}) end as "user",
  case when k.user_id is null then null else jsonb_build_object('scope', k.scope, 'resources', k.resources) end as consent`

type Instants = 'authTime' | 'createdAt' | 'lastSeenAt'

interface StandingRow {
  readonly now: Date
  readonly session:
    | (Omit<Session, Instants | 'device'> &
        Record<Instants, string> & {
          readonly device: { id: string; posture: string | null; postureUntil: string | null } | null
        })
    | null
  readonly user: SessionUser | null
  readonly consent: RememberedConsent | null
}

export const standingOf = ({ now, session, user, consent }: StandingRow): Standing => ({
  now,
  session: session
    ? {
        ...session,
        authTime: new Date(session.authTime),
        createdAt: new Date(session.createdAt),
        lastSeenAt: new Date(session.lastSeenAt),
        device: session.device
          ? {
              ...session.device,
              postureUntil: session.device.postureUntil === null ? null : new Date(session.device.postureUntil),
            }
          : undefined,
      }
    : undefined,
  user: user ?? undefined,
  consent: consent ?? undefined,
})

/** Which of the two cookies of a session. */
type SessionCookie = 'strict' | 'lax'

/** A consent `k` counts when it was given after the last withdrawal. */
export const consentCounts = sql`(k.withdrawn_at is null or k.withdrawn_at < k.granted_at)`

export const sessionStore = (database: Database, idleSeconds: number) => {
  const seenSeconds = Math.min(60, idleSeconds / 10) // coarser, and a session in use would pass for an idle one

  /** The session behind one of its two cookies. Notes that it was seen, at most once a minute. */
  async function find(
    cookie: SessionCookie,
    digest: Digest,
    clientId?: string,
    counts: RawBuilder<unknown> = sessionIsGood(sql`t.now`, idleSeconds),
  ): Promise<Standing> {
    const is = cookie === 'strict' ? sql`s.strict_digest = ${digest}` : sql`s.lax_digest = ${digest}`
    const { rows } = await database.run((db) =>
      sql<StandingRow>`
        with t as (select ${database.now} as now),
        seen as (
          update session x set last_seen_at = t.now from t, session s join "user" u on u.id = s.user_id
           where x.id = s.id and ${is} and ${sessionIsGood(sql`t.now`, idleSeconds)} and s.last_seen_at < t.now - ${seenSeconds}::float8 * interval '1 second')
        select t.now, ${standingColumns(sql`t.now`)}
          from t left join (session s join "user" u on u.id = s.user_id) on ${is} and ${counts}
          left join consent k on k.user_id = s.user_id and k.client_id = ${clientId ?? null} and ${consentCounts}`.execute(
        db,
      ),
    )
    return rows[0] ? standingOf(rows[0]) : { now: new Date(0), session: undefined, user: undefined, consent: undefined }
  }

  return {
    /** The session of a SameSite=Strict cookie: what every change of state needs. */
    findByStrict: (digest: Digest): Promise<Standing> => find('strict', digest),

    /** The session of a SameSite=Lax cookie, good at /authorize alone, with the user's consent to a client. */
    findByLax: (digest: Digest, clientId?: string): Promise<Standing> => find('lax', digest, clientId),

    /** The session of a cookie that nobody has ended, be it good or long idle: its grants live until it is. */
    findToEnd: (cookie: SessionCookie, digest: Digest): Promise<Standing> =>
      find(cookie, digest, undefined, sql`s.ended_at is null`),

    /**
     * Begins a session, or renews both secrets of the one this user already has in this browser; a session of another user
     * in this browser is put out of reach, as its cookies are about to be overwritten. design.md §5.1
     * @param replaces the session of the browser's Strict cookie
     * @returns the session's id, or `undefined` when the user was disabled or re-passworded meanwhile
     */
    async signIn(signIn: SignIn, replaces: Digest | undefined, event: AuditEvent): Promise<string | undefined> {
      const { rows } = await database.run((db) =>
        sql<{ id: string }>`
          with t as (select ${database.now} as now),
          good as (
            select u.id, u.epoch, u.id as user_id, t.now,
                   ${signIn.isKnownDevice} or not (
                     exists (select 1 from totp x where x.user_id = u.id and x.confirmed_at is not null)
                     or exists (select 1 from ${heldRoles(sql`u.id`, sql`t.now`)} where r.require_mfa)) as full
              from t, "user" u where u.id = ${signIn.userId} and u.epoch = ${signIn.userEpoch} and u.disabled_at is null),
          ${remembering(signIn.device, sql`good where good.full`, signIn.notices ?? [], database.now)},
          ${reopening(signIn.isKnownDevice, sql`good`)},
          renewed as (
            update session s set strict_digest = ${signIn.strictDigest}::bytea, lax_digest = ${signIn.laxDigest}::bytea,
                   auth_time = t.now, acr = ${signIn.acr}, amr = ${signIn.amr}::text[], last_seen_at = t.now,
                   user_epoch = good.epoch, expires_at = t.now + ${signIn.maxSeconds}::float8 * interval '1 second',
                   device_id = (select id from remembered)
              from t, good
             where (s.strict_digest = ${replaces ?? null}::bytea
                    or s.strict_digest = ${signIn.strictDigest}::bytea) -- an earlier try of this very call
               and s.user_id = good.id and s.user_epoch = good.epoch
               and s.ended_at is null and s.expires_at > t.now
            returning s.id),
          replaced as (
            update session s set expires_at = least(s.expires_at, t.now) from t, good
             where s.strict_digest = ${replaces ?? null}::bytea and s.user_id <> good.id),
          begun as (
            insert into session (id, user_id, user_epoch, strict_digest, lax_digest, auth_time, acr, amr, address, user_agent,
              created_at, last_seen_at, expires_at, device_id)
            select ${signIn.sessionId}::uuid, good.id, good.epoch, ${signIn.strictDigest}::bytea, ${signIn.laxDigest}::bytea, t.now, ${signIn.acr},
              ${signIn.amr}::text[], ${signIn.address}, ${signIn.userAgent}, t.now, t.now, t.now + ${signIn.maxSeconds}::float8 * interval '1 second', (select id from remembered)
              from t, good where not exists (select 1 from renewed)
            on conflict (id) do update set id = excluded.id
            returning id),
          now_in as (select id from renewed union all select id from begun),
          noted as ( -- an Allow that was pressed before was somebody else's, or is asked for again
            update interaction i set session_id = now_in.id, signed_in_at = t.now, consented_at = null from now_in, t
             where i.id = ${signIn.interactionId ?? null}::uuid),
          ${auditing(event, database.now, sql`now_in`)}
          select id from now_in`.execute(db),
      )
      return rows[0]?.id
    },

    /** Signs out: the session is over, and so are its families, save those that were to outlive it. */
    async end(sessionId: string, event: AuditEvent): Promise<boolean> {
      const { rows } = await database.run((db) =>
        sql`
          with ${ending(sql`s.id = ${sessionId}`, database.now)},
          ${auditing(event, database.now, sql`ended`)}
          select id from ended`.execute(db),
      )
      return rows.length > 0
    },

    /** The sessions of a user that are good now, newest first. */
    async listOfUser(userId: string): Promise<readonly Omit<Session, 'device'>[]> {
      const { rows } = await database.run((db) =>
        sql<Omit<Session, 'device'>>`
          select s.id, s.auth_time as "authTime", s.acr, s.amr, s.created_at as "createdAt", s.last_seen_at as "lastSeenAt",
                 s.address, s.user_agent as "userAgent"
            from session s join "user" u on u.id = s.user_id
           where s.user_id = ${userId} and ${sessionIsGood(database.now, idleSeconds)} order by s.id desc limit 200`.execute(
          db,
        ),
      )
      return rows
    },
  }
}
