-- What a browser is in the middle of, and who is signed in there.
create table session (
  id            uuid primary key,                   -- UUIDv7; the tokens' sid
  user_id       uuid not null references "user" on delete cascade,
  user_epoch    integer not null,
  strict_digest bytea not null unique,              -- SHA-256 of the SameSite=Strict cookie
  lax_digest    bytea not null unique,              -- SHA-256 of its Lax twin, good at /authorize and /logout alone
  auth_time     timestamptz not null,
  acr           text not null,
  amr           text[] not null,                    -- RFC 8176
  address       text not null,                      -- network prefix of the sign-in
  user_agent    text not null,
  created_at    timestamptz not null,
  last_seen_at  timestamptz not null,               -- written at most once a minute
  expires_at    timestamptz not null,               -- the absolute end
  ended_at      timestamptz                         -- signed out: its families are dead, save the offline ones
);
create index session_user_id on session (user_id);
create index session_expires_at on session (expires_at);
comment on table session is 'A browser in which a user is signed in';

create table interaction (
  id             uuid primary key,
  browser_digest bytea not null,                    -- SHA-256 of the cookie of the browser that began it
  client_id      text not null references client on delete cascade,
  request        jsonb not null,                    -- the authorization request, checked
  session_id     uuid,                              -- the session it acts on
  signed_in_at   timestamptz,                       -- when credentials were given in this very interaction
  consented_at   timestamptz,                       -- when Allow was pressed in this very interaction
  created_at     timestamptz not null,
  expires_at     timestamptz not null
);
create index interaction_browser_digest on interaction (browser_digest);
create index interaction_expires_at on interaction (expires_at);
comment on table interaction is 'An authorization request that waits for its user, one for each tab';

create table consent (
  user_id      uuid not null references "user" on delete cascade,
  client_id    text not null references client on delete cascade,
  scope        text[] not null,
  resources    text[] not null default '{}',
  granted_at   timestamptz not null,
  withdrawn_at timestamptz,                         -- what was granted before this instant is dead
  primary key (user_id, client_id)
);
create index consent_client_id on consent (client_id);
comment on table consent is 'What a user has allowed a client';

create table pushed_request (
  digest     bytea primary key,                     -- SHA-256 of the reference
  kind       text not null,                         -- authorize, logout: parked by a cross-site POST
  parameters jsonb not null,                        -- name and value pairs, as they were sent
  expires_at timestamptz not null,
  used_at    timestamptz
);
create index pushed_request_expires_at on pushed_request (expires_at);
comment on table pushed_request is 'Parameters that wait for the browser to come with their reference';
