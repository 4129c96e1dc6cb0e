-- Clients and the resources that they may ask tokens for. A client row is its whole policy.
create table client (
  client_id                      text primary key,
  client_name                    text not null,
  token_endpoint_auth_method     text not null,     -- none, client_secret_basic, client_secret_post
  redirect_uris                  text[] not null default '{}',
  post_logout_redirect_uris      text[] not null default '{}',
  allowed_origins                text[] not null default '{}',  -- CORS; already derived when none were given
  grant_types                    text[] not null,
  scope                          text[] not null default '{}',  -- what it may ask; all of it when it asks nothing
  resources                      text[] not null default '{}',
  first_party                    boolean not null default false,-- no consent page
  require_pkce                   boolean not null default true,
  client_uri                     text,
  logo_uri                       text,
  policy_uri                     text,
  tos_uri                        text,
  contacts                       text[] not null default '{}',
  access_token_lifetime_seconds  integer,           -- null: the deployment's
  refresh_token_lifetime_seconds integer,           -- absolute life of a family; null: the deployment's
  refresh_token_idle_seconds     integer,           -- null: no idle end
  refresh_retry_seconds          integer,           -- null: the deployment's
  refresh_rotation               boolean not null default true,
  tokens_valid_from              timestamptz,       -- grants made earlier are dead
  disabled_at                    timestamptz,
  created_at                     timestamptz not null,
  updated_at                     timestamptz not null
);
create index client_allowed_origins on client using gin (allowed_origins);
comment on table client is 'An application that may ask for tokens (RFC 7591 §2)';

create table client_secret (
  id           uuid primary key,
  client_id    text not null references client on delete cascade,
  digest       bytea not null,                      -- SHA-256 of a secret of at least 32 characters
  created_at   timestamptz not null,
  expires_at   timestamptz,
  last_used_at timestamptz                          -- written at most once an hour
);
create index client_secret_client_id on client_secret (client_id);
comment on table client_secret is 'The secrets of a client; at most two are live at once';

create table resource (
  identifier            text primary key,           -- absolute URI; the tokens' aud (RFC 8707)
  name                  text not null default '',
  scopes                jsonb not null default '{}',-- scope to a description in plain words
  introspection_clients text[] not null default '{}',
  created_at            timestamptz not null,
  updated_at            timestamptz not null
);
comment on table resource is 'An API that tokens are for';
