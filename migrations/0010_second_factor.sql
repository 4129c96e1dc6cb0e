-- What a user has beside the password, and who must have it.
create table totp (
  id           uuid primary key,                    -- UUIDv7
  user_id      uuid not null references "user" on delete cascade,
  name         text not null,                       -- what its user calls it
  secret       bytea not null,                      -- 160 bits, sealed to this row
  session_id   uuid not null,                       -- the session that enrolled it: it alone may confirm
  created_at   timestamptz not null,
  confirmed_at timestamptz,                         -- null: not active; an unconfirmed one dies after ten minutes
  last_step    bigint,                              -- the last time step that was accepted: none is accepted twice (RFC 6238 §5.2)
  last_used_at timestamptz
);
create index totp_user_id on totp (user_id);
comment on table totp is 'Authenticator apps';

create table recovery_code (
  id         uuid primary key,
  user_id    uuid not null references "user" on delete cascade,
  lookup     bytea not null,                        -- keyed digest that finds the one row whose hash is worth computing
  phc        text not null,                         -- argon2id
  created_at timestamptz not null,
  used_at    timestamptz                            -- single use: set by the statement that spends it
);
create index recovery_code_user_id on recovery_code (user_id);
comment on table recovery_code is 'One-time codes for who has lost the authenticator';

create table recovery_reveal (
  user_id    uuid primary key references "user" on delete cascade,
  session_id uuid not null,                         -- the only session that is shown them
  codes      bytea not null,                        -- sealed; erased when their owner says they are saved
  expires_at timestamptz not null
);
create index recovery_reveal_expires_at on recovery_reveal (expires_at);
comment on table recovery_reveal is 'Recovery codes that their owner has not yet said to have saved';

create table known_device (
  id            uuid primary key,
  user_id       uuid not null references "user" on delete cascade,
  digest        bytea not null unique,              -- SHA-256 of the device cookie
  name          text not null,                      -- browser and system, as far as it told
  failures      integer not null default 0,         -- wrong passwords from it; void after ten
  posture       text,                               -- compliant, or as the operator's inventory says
  posture_until timestamptz,                        -- an older statement counts for nothing
  created_at    timestamptz not null,
  last_seen_at  timestamptz not null
);
create index known_device_user_id on known_device (user_id);
comment on table known_device is 'Browsers that a user has fully signed in from';

alter table session add column device_id uuid;      -- the known device that it is bound to, by its cookie
alter table role add column require_mfa boolean not null default false;
alter table role add column allowed_networks text[] not null default '{}';     -- CIDR; empty: any
alter table client add column require_mfa boolean not null default false;
alter table client add column allowed_networks text[] not null default '{}';   -- CIDR; empty: any
alter table client add column require_compliant_device boolean not null default false;
alter table interaction alter column client_id drop not null;  -- null: for a page of our own
insert into role (name, description, require_mfa, created_at)
  values ('administrator', 'May do everything', true, clock_timestamp())
  on conflict (name) do update set require_mfa = true;
