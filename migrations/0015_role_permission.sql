-- What a role allows: in the administration of this server, and at resources that go by roles. And roles for a time.
alter table role add column permissions text[] not null default '{}';  -- constants of the code; *: all there are
update role set permissions = '{*}' where name = 'administrator';
alter table role add column updated_at timestamptz;
update role set updated_at = created_at;
alter table role alter column updated_at set not null;

create table role_scope (
  role     text not null references role on delete cascade,
  resource text not null references resource on delete cascade,
  scope    text not null,
  primary key (role, resource, scope)
);
create index role_scope_resource on role_scope (resource);
comment on table role_scope is 'The scopes that who holds a role may have at a resource that goes by roles';

alter table resource add column scopes_by_role boolean not null default false; -- users get there what their roles allow, and no more

alter table user_role add column expires_at timestamptz;               -- null: for good; a role counts until then, and no sweep is needed for that
alter table user_role add column granted_by text;                      -- user:…, operator; null: before this was kept
alter table user_role add column reason text;
