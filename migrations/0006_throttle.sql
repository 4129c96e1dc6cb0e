create table throttle (
  key        bytea primary key,                     -- SHA-256 of what is limited: class, address prefix, account, client
  tat        timestamptz not null,                  -- theoretical arrival time (GCRA)
  granted_by bytea                                  -- the last attempt that was let through
);
create index throttle_tat on throttle (tat);
comment on table throttle is 'Exact limits that every node shares';
