-- The chain over the audit events. A seal holds the text of its event and a hash over that text and the hash before it,
-- so that a change, a gap, another order or an addition shows.
create table audit_head (
  id   boolean primary key default true check (id), -- there is one row
  seq  bigint not null,                             -- the last seal
  hash bytea not null
);
insert into audit_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'));
comment on table audit_head is 'The end of the chain: who seals moves it by compare-and-set, so two who seal do no harm';

-- No foreign key to the event: when that has been removed, the seal still tells what it was.
create table audit_seal (
  seq      bigint primary key,                      -- from 1, without gaps
  event_id uuid not null unique,
  text     text not null,                           -- the event in canonical JSON
  hash     bytea not null                           -- SHA-256 of the hash before and the text
);
comment on table audit_seal is 'The links of the chain';

create table audit_checkpoint (
  seq       bigint primary key,                     -- the seal that it vouches for, and so for all before it
  at        timestamptz not null,
  statement text not null                           -- signed; also told to the log, outside the database
);
comment on table audit_checkpoint is 'Signed statements of how the chain stood';
