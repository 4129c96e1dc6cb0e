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

/** What the access policy looks at in a grant `f`, read live, as one JSON value. */
export const accessFacts: RawBuilder<StoredAccessFacts> = sql<StoredAccessFacts>`jsonb_build_object(
  'allowedNetworks', (select coalesce(jsonb_agg(role.allowed_networks), '[]') from user_role r join role on role.name = r.role
                       where r.user_id = f.user_id and cardinality(role.allowed_networks) > 0),
  'device', (select jsonb_build_object('id', d.id, 'posture', d.posture, 'postureUntil', d.posture_until)
               from session s join known_device d on d.id = s.device_id and d.user_id = s.user_id where s.id = f.session_id))`

/** Whether a role of the user of `f` allows certain networks only. */
export const hasNetworks: RawBuilder<boolean> = sql<boolean>`exists (
  select 1 from user_role r join role on role.name = r.role where r.user_id = f.user_id and cardinality(role.allowed_networks) > 0)`

export interface AccessFacts {
  readonly allowedNetworks: readonly (readonly string[])[]
  /** The known device of the session. */
  readonly device:
    | { readonly id: string; readonly posture: string | null; readonly postureUntil: Date | null }
    | undefined
}

/** As JSON has it. */
export interface StoredAccessFacts {
  readonly allowedNetworks: readonly (readonly string[])[]
  readonly device: { readonly id: string; readonly posture: string | null; readonly postureUntil: string | null } | null
}

export const accessFactsOf = ({ allowedNetworks, device }: StoredAccessFacts): AccessFacts => ({
  allowedNetworks,
  device: device
    ? { ...device, postureUntil: device.postureUntil === null ? null : new Date(device.postureUntil) }
    : undefined,
})

/** What tokens say of a user, read live, as one JSON value. */
export const userSnapshot = (userId: RawBuilder<unknown>): RawBuilder<UserSnapshot> => sql<UserSnapshot>`(
  select jsonb_build_object(
    'id', u.id, 'username', u.username, 'email', u.email, 'emailVerified', u.email_verified, 'claims', u.claims,
    'updatedAtSeconds', floor(extract(epoch from u.updated_at)),
    'roles', (select coalesce(jsonb_agg(r.role order by r.role), '[]') from user_role r where r.user_id = u.id))
  from "user" u where u.id = ${userId})`

export interface UserSnapshot {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerified: boolean
  readonly claims: Readonly<Record<string, unknown>>
  readonly updatedAtSeconds: number
  readonly roles: readonly string[]
}
