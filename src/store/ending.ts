import { type RawBuilder, sql } from 'kysely'

/** After so long a client that could not be told has found out by itself, or never will. */
const LIFETIME = sql`interval '1 hour'`

/** A UUIDv7 that the database makes, for as many rows as there turn out to be. RFC 9562 §5.7 */
const idAt = (now: RawBuilder<unknown>) => sql`
  (lpad(to_hex((extract(epoch from ${now}) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid`

/**
 * The part of a statement that ends sessions, as `ended`, and has each client that takes part in one be told of it: no
 * client is told of a session that somebody else ended. OIDC Back-Channel Logout 1.0 §2.5
 * A code counts as much as the family that it may be about to found: this statement would not see that one.
 * @param which a condition on the session `s`
 */
export const ending = (which: RawBuilder<unknown>, now: RawBuilder<Date>): RawBuilder<unknown> => sql`
  ended as (
    update session s set ended_at = ${now} where s.ended_at is null and ${which} returning s.id, s.user_id),
  told as (
    insert into outbox (id, channel, topic, client_id, user_id, session_id, created_at, expires_at, next_attempt_at)
    select ${idAt(sql`n.now`)}, 'logout', 'session-ended', p.client_id, p.user_id, p.session_id, n.now, n.now + ${LIFETIME}, n.now
      from (select ${now} as now) n, client c, (
             select f.client_id, e.user_id, e.id as session_id from ended e join refresh_family f on f.session_id = e.id
             union
             select a.client_id, e.user_id, e.id from ended e join authorization_code a on a.user_id = e.user_id and a.session_id = e.id) p
     where c.client_id = p.client_id and c.backchannel_logout_uri is not null and c.disabled_at is null)`
