-- Why requests were refused, for `postern explain`. Holds the server's own words alone: nothing that a caller sent.
create table refusal (
  request_id  text primary key,                     -- what the error page and the error answer show
  at          timestamptz not null,
  route       text not null,                        -- its pattern, never the address that was asked
  code        text not null,
  description text not null,                        -- what the client was told; '' where it was a page
  cause       text not null                         -- what nobody was told; '' where there is nothing to add
);
create index refusal_at on refusal (at);
comment on table refusal is 'Refused requests, for a week and no more than a node may write; floods are not in it';
