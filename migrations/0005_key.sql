-- Keys. Private parts are sealed under the master key, bound to their row.
create table signing_key (
  kid          text primary key,                    -- RFC 7638 thumbprint
  alg          text not null,
  state        text not null check (state in ('next', 'current', 'retired')),
  public_jwk   jsonb not null,
  private_key  bytea,                               -- sealed PKCS#8; null once no retry can need it
  created_at   timestamptz not null,                -- published since
  activated_at timestamptz,
  retired_at   timestamptz
);
create unique index signing_key_one_current on signing_key (alg) where state = 'current';
create unique index signing_key_one_next on signing_key (alg) where state = 'next';
comment on table signing_key is 'The keys that sign tokens';

create table deployment_secret (
  name       text primary key,                      -- pepper; opening it proves the master key
  sealed     bytea not null,
  created_at timestamptz not null
);
comment on table deployment_secret is 'Random secrets of this deployment, sealed under the master key';

create table lease (
  name       text primary key,
  holder     uuid not null,
  expires_at timestamptz not null
);
comment on table lease is 'Which node does a periodic job now';
