import { type RawBuilder, sql } from 'kysely'

/**
 * Whether the grant of a family `f` still stands, save for its own end in time: read by every use, so that revoking is a
 * fact and not a sweep (design: revocation is state that every use reads).
 */
export const grantStands: RawBuilder<boolean> = sql<boolean>`(
  f.revoked_at is null
  and (f.offline or not exists (select 1 from session s where s.id = f.session_id and s.ended_at is not null))
  and exists (select 1 from "user" u where u.id = f.user_id and u.disabled_at is null and u.epoch = f.user_epoch)
  and exists (select 1 from client c where c.client_id = f.client_id and c.disabled_at is null
                and (c.tokens_valid_from is null or c.tokens_valid_from <= f.granted_at))
  and not exists (select 1 from consent k where k.user_id = f.user_id and k.client_id = f.client_id
                    and k.withdrawn_at >= f.granted_at))`

/** The roles `r` that a user holds now: what follows `from`. One whose time is over counts no more, at once. */
export const heldRoles = (userId: RawBuilder<unknown>, now: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(select g.user_id, g.role, role.* from user_role g join role on role.name = g.role
        where g.user_id = ${userId} and (g.expires_at is null or g.expires_at > ${now})) r`

/** The networks that the roles of a user allow: one list for each role that names any. */
export const roleNetworks = (userId: RawBuilder<unknown>, now: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(select coalesce(jsonb_agg(r.allowed_networks), '[]') from ${heldRoles(userId, now)} where cardinality(r.allowed_networks) > 0)`

/** What the roles of a user let them do, as the members of a JSON object: where administering, and with which scopes where. */
export const roleRights = (userId: RawBuilder<unknown>, now: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  'roles', (select coalesce(jsonb_agg(r.role order by r.role), '[]') from ${heldRoles(userId, now)}),
  'permissions', (select coalesce(jsonb_agg(distinct p), '[]') from ${heldRoles(userId, now)}, unnest(r.permissions) p),
  'roleScopes', (select coalesce(jsonb_agg(distinct jsonb_build_array(x.resource, x.scope)), '[]')
                   from ${heldRoles(userId, now)} join role_scope x on x.role = r.role)`

/** What the roles of a user let them do. */
export interface RoleRights {
  readonly roles: readonly string[]
  /** In the administration of this server. */
  readonly permissions: readonly string[]
  /** Pairs of a resource and a scope there, where the resource goes by roles. */
  readonly roleScopes: readonly (readonly [resource: string, scope: string])[]
}

/** What the access policy looks at in a grant `f`, read live, as one JSON value. */
export const accessFacts = (
  now: RawBuilder<unknown>,
): RawBuilder<StoredAccessFacts> => sql<StoredAccessFacts>`jsonb_build_object(
  'hasFactor', exists (select 1 from totp x where x.user_id = f.user_id and x.confirmed_at is not null),
  'allowedNetworks', ${roleNetworks(sql`f.user_id`, now)},
  'device', (select jsonb_build_object('id', d.id, 'posture', d.posture, 'postureUntil', d.posture_until)
               from session s join known_device d on d.id = s.device_id and d.user_id = s.user_id where s.id = f.session_id))`

/** Whether a role of the user of `f` allows certain networks only. */
export const hasNetworks = (now: RawBuilder<unknown>): RawBuilder<boolean> => sql<boolean>`exists (
  select 1 from ${heldRoles(sql`f.user_id`, now)} where cardinality(r.allowed_networks) > 0)`

export interface AccessFacts {
  readonly hasFactor: boolean
  readonly allowedNetworks: readonly (readonly string[])[]
  /** The known device of the session. */
  readonly device:
    | { readonly id: string; readonly posture: string | null; readonly postureUntil: Date | null }
    | undefined
}

/** As JSON has it. */
export interface StoredAccessFacts {
  readonly hasFactor: boolean
  readonly allowedNetworks: readonly (readonly string[])[]
  readonly device: { readonly id: string; readonly posture: string | null; readonly postureUntil: string | null } | null
}

export const accessFactsOf = ({ hasFactor, allowedNetworks, device }: StoredAccessFacts): AccessFacts => ({
  hasFactor,
  allowedNetworks,
  device: device
    ? { ...device, postureUntil: device.postureUntil === null ? null : new Date(device.postureUntil) }
    : undefined,
})

/** What tokens say of a user, read live, as one JSON value. */
export const userSnapshot = (
  userId: RawBuilder<unknown>,
  now: RawBuilder<unknown>,
): RawBuilder<UserSnapshot> => sql<UserSnapshot>`(
  select jsonb_build_object(
    'id', u.id, 'username', u.username, 'email', u.email, 'emailVerified', u.email_verified, 'claims', u.claims,
    'updatedAtSeconds', floor(extract(epoch from u.updated_at)),
    ${roleRights(sql`u.id`, now)})
  from "user" u where u.id = ${userId})`

export interface UserSnapshot extends RoleRights {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerified: boolean
  readonly claims: Readonly<Record<string, unknown>>
  readonly updatedAtSeconds: number
}
