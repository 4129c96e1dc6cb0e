-- What this server sends by itself, written by the statement that gives the reason for it.
create table outbox (
  id              uuid primary key,                 -- UUIDv7
  channel         text not null,                    -- mail
  topic           text not null,                    -- what it tells of: reset-password, password-changed, …
  payload         bytea,                            -- sealed to this row: it may hold a one-time link; erased when it is sent or too old
  created_at      timestamptz not null,
  expires_at      timestamptz not null,             -- when there is no more use in sending it
  next_attempt_at timestamptz,                      -- who sends it moves this first, so that nobody else does; null: sent, or too old
  attempts        integer not null default 0,
  last_error      text,                             -- why the last attempt failed: a code, and never a word of the mail
  delivered_at    timestamptz
);
create index outbox_next_attempt_at on outbox (next_attempt_at);
create index outbox_expires_at on outbox (expires_at);
comment on table outbox is 'Mails that wait to be sent, and what became of those that were';

-- A user's links are found to be replaced or withdrawn: a pending change of address, say.
create index action_token_user_id on action_token (user_id);
