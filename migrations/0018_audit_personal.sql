-- What an event tells of a person beyond where they were: it can be erased, and the chain does not cover it.
alter table audit_subject add column personal jsonb;

-- Users are searched by the beginning of their names.
create index user_username_key_prefix on "user" (username_key text_pattern_ops);
create index user_email_key_prefix on "user" (email_key text_pattern_ops);
