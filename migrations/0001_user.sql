-- People, their passwords and roles. Names and addresses are unique by their canonical form, and shown as they were typed.
create table "user" (
  id             uuid primary key,                  -- UUIDv7; the tokens' sub
  username       text not null,
  username_key   text not null unique,              -- lower case: what sign-in compares
  email          text,
  email_key      text unique,                       -- lower case
  email_verified boolean not null default false,
  claims         jsonb not null default '{}',       -- the other standard claims, by their names (OIDC Core §5.1)
  epoch          integer not null default 0,        -- families and sessions of an earlier epoch are dead
  disabled_at    timestamptz,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);
comment on table "user" is 'A person who can sign in';

create table password (
  user_id    uuid primary key references "user" on delete cascade,
  phc        text not null,                         -- argon2id, PHC string format
  peppered   boolean not null,                      -- false for an imported hash, until the next sign-in
  changed_at timestamptz not null
);
comment on table password is 'The password of a user, hashed';

create table role (
  name        text primary key,
  description text not null default '',
  created_at  timestamptz not null
);
comment on table role is 'What a user may be; named in the roles claim of access tokens';

create table user_role (
  user_id    uuid not null references "user" on delete cascade,
  role       text not null references role on delete cascade,
  granted_at timestamptz not null,
  primary key (user_id, role)
);
create index user_role_role on user_role (role);

create table action_token (
  digest     bytea primary key,                     -- SHA-256 of the token in the link
  purpose    text not null,                         -- first-administrator, invitation
  user_id    uuid references "user" on delete cascade,
  data       jsonb not null default '{}',
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz                            -- single use: set by the statement that spends it
);
create index action_token_expires_at on action_token (expires_at);
comment on table action_token is 'One-time links';
