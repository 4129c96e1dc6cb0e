-- Clients are told when a session that they take part in has ended (OpenID Connect Back-Channel Logout 1.0).
alter table client add column backchannel_logout_uri text;
alter table client add column backchannel_logout_session_required boolean not null default false;

-- A logout token waits as what it will say; it is signed when it is sent. Nothing is referred to: it has to outlive all three.
alter table outbox add column client_id text;                          -- who is told; channel logout alone, as the next two
alter table outbox add column user_id uuid;
alter table outbox add column session_id uuid;
comment on column outbox.channel is 'mail, logout';
comment on table outbox is 'What waits to be sent, and what became of it';
