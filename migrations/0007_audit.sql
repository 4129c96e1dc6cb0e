-- What happened, written by the statement that did it. Personal data stands beside the event, so that it can be erased.
create table audit_event (
  id         uuid primary key,                      -- UUIDv7
  at         timestamptz not null,
  type       text not null,
  outcome    text not null,                         -- success, failure
  actor      text not null,                         -- user:…, client:…, operator, system
  user_id    uuid,
  client_id  text,
  session_id uuid,
  family_id  uuid,
  request_id text,
  reason     text,
  detail     jsonb not null default '{}'
);
create index audit_event_at on audit_event (at);
create index audit_event_user_id on audit_event (user_id);
create index audit_event_client_id on audit_event (client_id);
create index audit_event_request_id on audit_event (request_id);

create table audit_subject (
  event_id   uuid primary key references audit_event on delete cascade,
  address    text,
  user_agent text
);
comment on table audit_subject is 'Personal data of an event';

create table audit_queue (
  event_id uuid primary key references audit_event on delete cascade
);
comment on table audit_queue is 'Events that wait to be sealed into the chain';
