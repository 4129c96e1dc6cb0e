-- One browser has one secret, and a device row for each account that has fully signed in there.
alter table known_device drop constraint known_device_digest_key;
drop index known_device_user_id;                    -- the unique index below serves it
alter table known_device add constraint known_device_user_id_digest_key unique (user_id, digest);

create table guessing (
  user_id             uuid primary key references "user" on delete cascade,
  password_changed_at timestamptz not null,         -- the password that was guessed at: against a newer one nothing counts
  failures            integer not null,             -- wrong passwords from devices that the account does not know, in a row
  closed_at           timestamptz                   -- when such devices were first turned away
) with (fillfactor = 80);
comment on table guessing is 'What strangers have tried against an account';
