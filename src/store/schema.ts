import type { ColumnType, JSONColumnType } from 'kysely'

/** Read as text[], written as an array. */
type Texts = string[]
type Json<T extends object> = JSONColumnType<T, string, string>
/** Written when the row is made, or left to the column's default. */
type Defaulted<T> = ColumnType<T, T | undefined, T>

export interface UserTable {
  id: string
  username: string
  username_key: string
  email: string | null
  email_key: string | null
  email_verified: boolean
  claims: Json<Record<string, unknown>>
  epoch: Defaulted<number>
  disabled_at: Date | null
  created_at: Date
  updated_at: Date
}

export interface PasswordTable {
  user_id: string
  phc: string
  peppered: boolean
  changed_at: Date
}

export interface RoleTable {
  name: string
  description: string
  require_mfa: Defaulted<boolean>
  allowed_networks: Defaulted<Texts>
  permissions: Defaulted<Texts>
  created_at: Date
  updated_at: Date
}

export interface TotpTable {
  id: string
  user_id: string
  name: string
  secret: Buffer
  session_id: string
  created_at: Date
  confirmed_at: Date | null
  last_step: number | null
  last_used_at: Date | null
}

export interface RecoveryCodeTable {
  id: string
  user_id: string
  lookup: Buffer
  phc: string
  created_at: Date
  used_at: Date | null
}

export interface RecoveryRevealTable {
  user_id: string
  session_id: string
  codes: Buffer
  expires_at: Date
}

export interface KnownDeviceTable {
  id: string
  user_id: string
  digest: Buffer
  name: string
  failures: Defaulted<number>
  posture: string | null
  posture_until: Date | null
  created_at: Date
  last_seen_at: Date
}

export interface UserRoleTable {
  user_id: string
  role: string
  granted_at: Date
  expires_at: Defaulted<Date | null>
  granted_by: Defaulted<string | null>
  reason: Defaulted<string | null>
}

export interface RoleScopeTable {
  role: string
  resource: string
  scope: string
}

export interface ActionTokenTable {
  digest: Buffer
  purpose: string
  user_id: string | null
  data: Json<Record<string, unknown>>
  created_at: Date
  expires_at: Date
  used_at: Date | null
}

export interface OutboxTable {
  id: string
  channel: string
  topic: string
  payload: Buffer | null
  client_id: string | null
  user_id: string | null
  session_id: string | null
  created_at: Date
  expires_at: Date
  next_attempt_at: Date | null
  attempts: Defaulted<number>
  last_error: string | null
  delivered_at: Date | null
}

export interface ClientTable {
  client_id: string
  client_name: string
  token_endpoint_auth_method: string
  redirect_uris: Texts
  post_logout_redirect_uris: Texts
  backchannel_logout_uri: string | null
  backchannel_logout_session_required: Defaulted<boolean>
  allowed_origins: Texts
  grant_types: Texts
  scope: Texts
  resources: Texts
  first_party: boolean
  require_pkce: boolean
  client_uri: string | null
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
  contacts: Texts
  access_token_lifetime_seconds: number | null
  refresh_token_lifetime_seconds: number | null
  refresh_token_idle_seconds: number | null
  refresh_retry_seconds: number | null
  refresh_rotation: boolean
  require_mfa: Defaulted<boolean>
  allowed_networks: Defaulted<Texts>
  require_compliant_device: Defaulted<boolean>
  tokens_valid_from: Date | null
  disabled_at: Date | null
  created_at: Date
  updated_at: Date
}

export interface ClientSecretTable {
  id: string
  client_id: string
  digest: Buffer
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
}

export interface ResourceTable {
  identifier: string
  name: string
  scopes: Json<Record<string, string>>
  introspection_clients: Texts
  scopes_by_role: Defaulted<boolean>
  created_at: Date
  updated_at: Date
}

export interface SessionTable {
  id: string
  user_id: string
  user_epoch: number
  strict_digest: Buffer
  lax_digest: Buffer
  auth_time: Date
  acr: string
  amr: Texts
  address: string
  user_agent: string
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  ended_at: Date | null
  device_id: string | null
}

export interface InteractionTable {
  id: string
  browser_digest: Buffer
  client_id: string | null
  request: Json<object>
  session_id: string | null
  signed_in_at: Date | null
  consented_at: Date | null
  created_at: Date
  expires_at: Date
}

export interface ConsentTable {
  user_id: string
  client_id: string
  scope: Texts
  resources: Texts
  granted_at: Date
  withdrawn_at: Date | null
}

export interface PushedRequestTable {
  digest: Buffer
  kind: string
  parameters: Json<[string, string][]>
  expires_at: Date
  used_at: Date | null
}

export interface AuthorizationCodeTable {
  digest: Buffer
  interaction_id: string | null
  family_id: string
  client_id: string
  user_id: string
  user_epoch: number
  session_id: string
  redirect_uri: string
  code_challenge: string | null
  scope: Texts
  resources: Texts
  nonce: string | null
  claims: Json<object>
  auth_time: Date
  acr: string
  amr: Texts
  issued_at: Date
  expires_at: Date
  spent_at: Date | null
  spent_by: Buffer | null
}

export interface RefreshFamilyTable {
  id: string
  client_id: string
  user_id: string
  user_epoch: number
  session_id: string
  scope: Texts
  resources: Texts
  claims: Json<object>
  auth_time: Date
  acr: string
  amr: Texts
  offline: boolean
  granted_at: Date
  jti: Buffer | null
  previous_jti: Buffer | null
  rotated_at: Date
  kid: string
  token_expires_at: Date
  retries: Defaulted<number>
  rotated_from: string | null
  expires_at: Date
  revoked_at: Date | null
  revoked_reason: string | null
  revoked_by: Buffer | null
}

export interface RevokedTokenTable {
  jti: string
  client_id: string
  expires_at: Date
}

export interface SigningKeyTable {
  kid: string
  alg: string
  state: 'next' | 'current' | 'retired'
  public_jwk: Json<Record<string, unknown>>
  private_key: Buffer | null
  created_at: Date
  activated_at: Date | null
  retired_at: Date | null
}

export interface DeploymentSecretTable {
  name: string
  sealed: Buffer
  created_at: Date
}

export interface LeaseTable {
  name: string
  holder: string
  expires_at: Date
}

export interface GuessingTable {
  user_id: string
  password_changed_at: Date
  failures: number
  closed_at: Date | null
}

export interface IdempotentCallTable {
  key: string
  request: Buffer
  attempt: Buffer
  answer: Buffer | null
  expires_at: Date
}

export interface ThrottleTable {
  key: Buffer
  tat: Date
  granted_by: Buffer | null
}

export interface AuditEventTable {
  id: string
  at: Date
  type: string
  outcome: string
  actor: string
  user_id: string | null
  client_id: string | null
  session_id: string | null
  family_id: string | null
  request_id: string | null
  reason: string | null
  detail: Json<object>
}

export interface AuditSubjectTable {
  event_id: string
  address: string | null
  user_agent: string | null
  personal: Defaulted<unknown>
}

export interface AuditQueueTable {
  event_id: string
}

export interface AuditHeadTable {
  id: Defaulted<boolean>
  seq: number
  hash: Buffer
}

export interface AuditSealTable {
  seq: number
  event_id: string
  text: string
  hash: Buffer
}

export interface AuditCheckpointTable {
  seq: number
  at: Date
  statement: string
}

export interface RefusalTable {
  request_id: string
  at: Date
  route: string
  code: string
  description: string
  cause: string
}

/** Every table by its name, as `migrations/` makes it; a test compares both. */
export interface Schema {
  user: UserTable
  password: PasswordTable
  role: RoleTable
  user_role: UserRoleTable
  role_scope: RoleScopeTable
  totp: TotpTable
  recovery_code: RecoveryCodeTable
  recovery_reveal: RecoveryRevealTable
  known_device: KnownDeviceTable
  guessing: GuessingTable
  idempotent_call: IdempotentCallTable
  action_token: ActionTokenTable
  outbox: OutboxTable
  client: ClientTable
  client_secret: ClientSecretTable
  resource: ResourceTable
  session: SessionTable
  interaction: InteractionTable
  consent: ConsentTable
  pushed_request: PushedRequestTable
  authorization_code: AuthorizationCodeTable
  refresh_family: RefreshFamilyTable
  revoked_token: RevokedTokenTable
  signing_key: SigningKeyTable
  deployment_secret: DeploymentSecretTable
  lease: LeaseTable
  throttle: ThrottleTable
  audit_event: AuditEventTable
  audit_subject: AuditSubjectTable
  audit_queue: AuditQueueTable
  audit_head: AuditHeadTable
  audit_seal: AuditSealTable
  audit_checkpoint: AuditCheckpointTable
  refusal: RefusalTable
}
