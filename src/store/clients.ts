import { sql } from 'kysely'
import type { Digest } from '../base/digest.ts'
import type { Client, ClientSecret } from '../protocol/client.ts'
import type { ClientPolicy } from '../protocol/client-metadata.ts'
import { type AuditEvent, auditing } from './audit.ts'
import { clientSecretStore, type NewSecret } from './client-secrets.ts'
import type { Database } from './database.ts'
import { mayInsert, mayUpdate, type Precondition, versionOf } from './precondition.ts'

const clientColumns = sql`
  c.client_id as "clientId", c.client_name as "clientName", c.token_endpoint_auth_method as "tokenEndpointAuthMethod",
  c.redirect_uris as "redirectUris", c.post_logout_redirect_uris as "postLogoutRedirectUris", c.allowed_origins as "allowedOrigins",
  c.backchannel_logout_uri as "backchannelLogoutUri", c.backchannel_logout_session_required as "backchannelLogoutSessionRequired",
  c.grant_types as "grantTypes", c.scope, c.resources, c.first_party as "firstParty", c.require_pkce as "requirePkce", c.require_mfa as "requireMfa",
  c.allowed_networks as "allowedNetworks", c.require_compliant_device as "requireCompliantDevice",
  c.client_uri as "clientUri", c.logo_uri as "logoUri", c.policy_uri as "policyUri", c.tos_uri as "tosUri", c.contacts,
  c.access_token_lifetime_seconds as "accessTokenLifetimeSeconds", c.refresh_token_lifetime_seconds as "refreshTokenLifetimeSeconds",
  c.refresh_token_idle_seconds as "refreshTokenIdleSeconds", c.refresh_retry_seconds as "refreshRetrySeconds",
  c.refresh_rotation as "refreshRotation", c.tokens_valid_from as "tokensValidFrom", c.disabled_at as "disabledAt",
  (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'digest', encode(s.digest, 'hex'), 'expiresAt', s.expires_at,
     'lastUsedAt', s.last_used_at) order by s.id), '[]')
     from client_secret s where s.client_id = c.client_id) as secrets`

const storedColumns = sql`
  ${clientColumns}, ${versionOf(sql`c.updated_at`)} as version, c.created_at as "createdAt", c.updated_at as "updatedAt"`

type Row = {
  [K in keyof Omit<Client, 'secrets'>]: Client[K] extends infer V
    ? undefined extends V
      ? Exclude<V, undefined> | null
      : V
    : never
} & {
  readonly secrets: readonly {
    readonly id: string
    readonly digest: string
    readonly expiresAt: string | null
    readonly lastUsedAt: string | null
  }[]
}

/** A client as administrators see it. */
export interface StoredClient extends Client {
  readonly version: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

type StoredRow = Row & Pick<StoredClient, 'version' | 'createdAt' | 'updatedAt'>

/** Which clients, by their id. */
export interface ClientQuery {
  /** A part of the id or the name, in any case. */
  readonly query?: string | undefined
  readonly state?: 'enabled' | 'disabled' | undefined
  /** The id of the last one that was seen. */
  readonly after?: string | undefined
  readonly limit: number
}

function clientOf<Stored extends Row>({ secrets, ...row }: Stored): Client & Omit<Stored, keyof Row> {
  const known = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined]))
  return {
    ...(known as Omit<Client, 'secrets'> & Omit<Stored, keyof Row>),
    secrets: secrets.map(
      ({ id, digest, expiresAt, lastUsedAt }): ClientSecret => ({
        id,
        digest: Buffer.from(digest, 'hex') as Digest,
        expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
        lastUsedAt: lastUsedAt === null ? undefined : new Date(lastUsedAt),
      }),
    ),
  }
}

export const clientStore = (database: Database) => ({
  ...clientSecretStore(database),

  async find(clientId: string): Promise<Client | undefined> {
    const { rows } = await database.run((db) =>
      sql<Row>`select ${clientColumns} from client c where c.client_id = ${clientId}`.execute(db),
    )
    return rows[0] ? clientOf(rows[0]) : undefined
  },

  /** A client with its version. */
  async findStored(clientId: string): Promise<StoredClient | undefined> {
    const { rows } = await database.run((db) =>
      sql<StoredRow>`select ${storedColumns} from client c where c.client_id = ${clientId}`.execute(db),
    )
    return rows[0] && clientOf(rows[0])
  },

  /** Clients by id, with their versions. What is looked for is text, and no pattern. */
  async search({ query, state, after, limit }: ClientQuery): Promise<readonly StoredClient[]> {
    const part = sql`lower(${query ?? ''}::text)`
    const { rows } = await database.run((db) =>
      sql<StoredRow>`
        select ${storedColumns} from client c
         where c.client_id > ${after ?? ''} and (c.disabled_at is null) = coalesce(${state && state === 'enabled'}::boolean, c.disabled_at is null)
           and (strpos(lower(c.client_id), ${part}) > 0 or strpos(lower(c.client_name), ${part}) > 0)
         order by c.client_id limit ${limit}`.execute(db),
    )
    return rows.map(clientOf)
  },

  /** Clients by id, from after a given one. */
  async list(after: string | undefined, limit: number): Promise<readonly Client[]> {
    const { rows } = await database.run((db) =>
      sql<Row>`select ${clientColumns} from client c where c.client_id > ${after ?? ''} order by c.client_id limit ${limit}`.execute(
        db,
      ),
    )
    return rows.map(clientOf)
  },

  /** Whether any enabled client has registered an origin. */
  async hasOrigin(origin: string): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`select 1 from client where allowed_origins @> ${[origin]}::text[] and disabled_at is null limit 1`.execute(
        db,
      ),
    )
    return rows.length > 0
  },

  /**
   * Makes a client, with a first secret where one is given, or replaces its policy, where the precondition holds.
   * @returns whether it did
   */
  async put(
    policy: ClientPolicy,
    event: AuditEvent,
    condition: Precondition & { readonly secret?: NewSecret | undefined } = {},
  ): Promise<boolean> {
    const { secret } = condition
    const { rows } = await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        put as (
          insert into client as c (client_id, client_name, token_endpoint_auth_method, redirect_uris, post_logout_redirect_uris,
            backchannel_logout_uri, backchannel_logout_session_required, allowed_origins, grant_types, scope, resources, first_party, require_pkce, require_mfa, allowed_networks, require_compliant_device, client_uri, logo_uri, policy_uri, tos_uri, contacts,
            access_token_lifetime_seconds, refresh_token_lifetime_seconds, refresh_token_idle_seconds, refresh_retry_seconds,
            refresh_rotation, disabled_at, created_at, updated_at)
          select ${policy.clientId}, ${policy.clientName}, ${policy.tokenEndpointAuthMethod}, ${policy.redirectUris}::text[],
            ${policy.postLogoutRedirectUris}::text[], ${policy.backchannelLogoutUri ?? null}::text, ${policy.backchannelLogoutSessionRequired}, ${policy.allowedOrigins}::text[], ${policy.grantTypes}::text[], ${policy.scope}::text[],
            ${policy.resources}::text[], ${policy.firstParty}, ${policy.requirePkce}, ${policy.requireMfa}, ${policy.allowedNetworks}::text[], ${policy.requireCompliantDevice}, ${policy.clientUri ?? null}::text, ${policy.logoUri ?? null}::text,
            ${policy.policyUri ?? null}::text, ${policy.tosUri ?? null}::text, ${policy.contacts}::text[],
            ${policy.accessTokenLifetimeSeconds ?? null}::int, ${policy.refreshTokenLifetimeSeconds ?? null}::int,
            ${policy.refreshTokenIdleSeconds ?? null}::int, ${policy.refreshRetrySeconds ?? null}::int, ${policy.refreshRotation},
            case when ${policy.disabled} then t.now end, t.now, t.now
            from t where ${mayInsert(condition, sql`exists (select 1 from client where client_id = ${policy.clientId})`)}
          on conflict (client_id) do update set
            client_name = excluded.client_name, token_endpoint_auth_method = excluded.token_endpoint_auth_method,
            redirect_uris = excluded.redirect_uris, post_logout_redirect_uris = excluded.post_logout_redirect_uris,
            backchannel_logout_uri = excluded.backchannel_logout_uri,
            backchannel_logout_session_required = excluded.backchannel_logout_session_required,
            allowed_origins = excluded.allowed_origins, grant_types = excluded.grant_types, scope = excluded.scope,
            resources = excluded.resources, first_party = excluded.first_party, require_pkce = excluded.require_pkce, require_mfa = excluded.require_mfa,
            allowed_networks = excluded.allowed_networks, require_compliant_device = excluded.require_compliant_device,
            client_uri = excluded.client_uri, logo_uri = excluded.logo_uri, policy_uri = excluded.policy_uri, tos_uri = excluded.tos_uri,
            contacts = excluded.contacts, access_token_lifetime_seconds = excluded.access_token_lifetime_seconds,
            refresh_token_lifetime_seconds = excluded.refresh_token_lifetime_seconds,
            refresh_token_idle_seconds = excluded.refresh_token_idle_seconds, refresh_retry_seconds = excluded.refresh_retry_seconds,
            refresh_rotation = excluded.refresh_rotation,
            disabled_at = case when ${policy.disabled} then coalesce(c.disabled_at, excluded.updated_at) end,
            updated_at = excluded.updated_at
            where ${mayUpdate(condition, sql`c.updated_at`)}
          returning c.client_id),
        first as (
          insert into client_secret (id, client_id, digest, created_at)
          select ${secret?.id ?? null}::uuid, put.client_id, ${secret?.digest ?? null}::bytea, t.now
            from put, t where ${secret !== undefined}::boolean),
        ${auditing(event, database.now, sql`put`)}
        select 1 from put`.execute(db),
    )
    return rows.length > 0
  },

  /** Disables or enables a client. */
  async setDisabled(clientId: string, disabled: boolean, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        changed as (
          update client c set disabled_at = case when ${disabled} then t.now end, updated_at = t.now
            from t where c.client_id = ${clientId} and (c.disabled_at is not null) <> ${disabled} returning c.client_id),
        ${auditing(event, database.now, sql`changed`)}
        select 1 from changed`.execute(db),
    )
    return rows.length > 0
  },

  /** Ends every grant that a client has been given until now. */
  async endGrants(clientId: string, event: AuditEvent): Promise<void> {
    await database.run((db) =>
      sql`
        with changed as (update client set tokens_valid_from = ${database.now} where client_id = ${clientId} returning client_id),
        ${auditing(event, database.now, sql`changed`)}
        select 1`.execute(db),
    )
  },

  /** Deletes a client with its secrets, grants and consents. */
  async remove(clientId: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with gone as (delete from client where client_id = ${clientId} returning client_id),
        ${auditing(event, database.now, sql`gone`)}
        select 1 from gone`.execute(db),
    )
    return rows.length > 0
  },

  /** Whether there is any client. */
  async exist(): Promise<boolean> {
    const row = await database.run((db) => db.selectFrom('client').select('client_id').limit(1).executeTakeFirst())
    return row !== undefined
  },
})
