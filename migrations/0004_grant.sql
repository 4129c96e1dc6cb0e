-- What users have granted to clients. Access tokens leave no row.
create table authorization_code (
  digest         bytea primary key,                 -- SHA-256 of the code
  interaction_id uuid unique,                       -- one interaction has one live code
  family_id      uuid not null,                     -- the family that its redemption will make
  client_id      text not null references client on delete cascade,
  user_id        uuid not null references "user" on delete cascade,
  user_epoch     integer not null,
  session_id     uuid not null,
  redirect_uri   text not null,
  code_challenge text,                              -- S256; null only where the client's policy lifts PKCE
  scope          text[] not null,
  resources      text[] not null,
  nonce          text,
  claims         jsonb not null default '{}',       -- the claims parameter (OIDC Core §5.5)
  auth_time      timestamptz not null,
  acr            text not null,
  amr            text[] not null,
  issued_at      timestamptz not null,
  expires_at     timestamptz not null,
  spent_at       timestamptz,
  spent_by       bytea                              -- the attempt that spent it: tells our own retry from a replay
);
create index authorization_code_expires_at on authorization_code (expires_at);
create index authorization_code_user_id on authorization_code (user_id);
create index authorization_code_client_id on authorization_code (client_id);
comment on table authorization_code is 'Codes that wait for their client (RFC 6749 §4.1.2)';

-- One row per code exchange, for its whole life. Tokens are not stored: each carries its family and jti under our signature.
create table refresh_family (
  id               uuid primary key,                -- UUIDv7; the tokens' fid
  client_id        text not null references client on delete cascade,
  user_id          uuid not null references "user" on delete cascade,
  user_epoch       integer not null,                -- dead as soon as the user's epoch has moved on
  session_id       uuid not null,
  scope            text[] not null,
  resources        text[] not null,
  claims           jsonb not null,
  auth_time        timestamptz not null,
  acr              text not null,
  amr              text[] not null,
  offline          boolean not null,                -- outlives the sign-out
  granted_at       timestamptz not null,            -- when the code was issued
  jti              bytea,                           -- the one refresh token that is good now; null when none was issued
  previous_jti     bytea,                           -- its parent, good for a retry inside the window
  rotated_at       timestamptz not null,            -- when jti was minted: fixes its iat
  kid              text not null,                   -- the key that signed jti: a retry signs with it again
  token_expires_at timestamptz not null,            -- the end of jti: idle or absolute, whichever is first
  retries          integer not null default 0,      -- in a row, since the last rotation
  expires_at       timestamptz not null,            -- the absolute end
  revoked_at       timestamptz,
  revoked_reason   text,                            -- the first reason wins
  revoked_by       bytea                            -- the attempt that revoked it: tells its own statement from an earlier one
) with (fillfactor = 80);                           -- rotation stays on the page (HOT): nothing it changes is indexed
create index refresh_family_expires_at on refresh_family (expires_at);
create index refresh_family_user_id on refresh_family (user_id);
create index refresh_family_client_id on refresh_family (client_id);
create index refresh_family_session_id on refresh_family (session_id);
comment on table refresh_family is 'A grant, and the refresh token that continues it';

create table revoked_token (
  jti        text primary key,                      -- of an access token without a family
  client_id  text not null references client on delete cascade,
  expires_at timestamptz not null
);
create index revoked_token_expires_at on revoked_token (expires_at);
comment on table revoked_token is 'Client-credentials tokens that were revoked before their end';
