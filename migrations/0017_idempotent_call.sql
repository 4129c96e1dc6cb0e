-- A creation that is sent again under the same Idempotency-Key is answered as it was, and done once.
create table idempotent_call (
  key        uuid primary key,                      -- from who asked, for what, and the key that they chose
  request    bytea not null,                        -- keyed digest of what was asked and may be told: the key is good for nothing else
  attempt    bytea not null,                        -- the call that took the key
  answer     bytea,                                 -- sealed to this row, as it may tell a secret; null while it is being done
  expires_at timestamptz not null
);
create index idempotent_call_expires_at on idempotent_call (expires_at);
comment on table idempotent_call is 'Answers to creations, kept for a day';
