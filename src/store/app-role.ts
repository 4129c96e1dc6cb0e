import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

// The server works as a role that may add to the audit, and neither change nor remove what is in it. The login that
// migrates owns the tables; the role is made by it where it may, and by an administrator of the database elsewhere.

/** What stands between the server and its role. */
export type AppRoleState =
  | 'ready'
  /** There is no such role, and the login may not make it. */
  | 'missing'
  /** It is there, and the login is no member of it. */
  | 'not-granted'
  /** It may do more or less than it should, and the login does not own the tables. */
  | 'wrong-rights'

/** Tables with fewer rights than to read, insert, update and delete. */
const RIGHTS = sql`(values
  ('audit_event', 'select, insert'), ('audit_subject', 'select, insert'), ('audit_seal', 'select, insert'),
  ('audit_checkpoint', 'select, insert'), ('audit_queue', 'select, insert, delete'), ('audit_head', 'select, update'),
  ('schema_migration', 'select')) as r (name, rights)`

/** What the database has to be told until every table has exactly the rights that it should have. */
const STATEMENTS = sql<{ statement: string }>`
  with wanted as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as name, coalesce(r.rights, 'select, insert, update, delete') as rights
      from pg_class c join pg_namespace n on n.oid = c.relnamespace left join ${RIGHTS} on r.name = c.relname
     where n.nspname = current_schema() and c.relkind in ('r', 'p'))
  select format('revoke all on %s from postern_app; grant %s on %s to postern_app', name, rights, name) as statement
    from wanted
   where exists (
     select 1 from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as p (right_name)
      where has_table_privilege('postern_app', wanted.oid, p.right_name)
            <> (p.right_name = any(string_to_array(wanted.rights, ', '))))
  union all
  select format('grant usage on schema %I to postern_app', current_schema())
   where not has_schema_privilege('postern_app', current_schema(), 'usage')`

interface RoleFacts {
  readonly isThere: boolean
  readonly isGranted: boolean
  readonly mayCreate: boolean
}

/** Since PostgreSQL 16 a member need not be one who may become the role. */
const TO_BECOME = sql`case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end`

async function roleFacts(db: Kysely<Schema>): Promise<RoleFacts> {
  const { rows } = await sql<RoleFacts>`
    select r.oid is not null as "isThere",
           r.oid is not null and pg_has_role(session_user, r.oid, ${TO_BECOME}) as "isGranted",
           s.rolsuper or s.rolcreaterole as "mayCreate"
      from pg_roles s left join pg_roles r on r.rolname = 'postern_app' where s.rolname = current_user`.execute(db)
  return rows[0] ?? { isThere: false, isGranted: false, mayCreate: false }
}

/** Whether the server can work as its own role, and else why not. Changes nothing. */
export const appRoleState = (database: Database): Promise<AppRoleState> =>
  database.run(async (db) => {
    const { isThere, isGranted } = await roleFacts(db)
    if (!isThere) return 'missing'
    if (!isGranted) return 'not-granted'
    return (await STATEMENTS.execute(db)).rows.length > 0 ? 'wrong-rights' : 'ready'
  })

/**
 * Makes the role where the login may, gives it its rights on every table there is, and lets this node's connections work
 * as it. Where that is not possible they go on as the login; nothing fails. Any number of nodes may do this at once.
 */
export async function takeAppRole(database: Database): Promise<AppRoleState> {
  const { isThere, isGranted, mayCreate } = await database.asOwner(roleFacts)
  if (!isThere && mayCreate) {
    await tried(() => run(database, 'create role postern_app nologin'))
    // The embedded engine has one session, so what tidies up does it as this role as well.
    if (database.engine === 'embedded') await run(database, 'grant pg_maintain, pg_checkpoint to postern_app')
  }
  // To the owner, which is the login itself unless logins come and go: then every later one is a member through it.
  if (!isGranted && mayCreate) await tried(() => run(database, 'grant postern_app to current_user'))
  const state = await appRoleState(database)
  if (state === 'wrong-rights') await tried(() => giveRights(database))
  const reached = state === 'wrong-rights' ? await appRoleState(database) : state
  if (reached === 'ready') database.workAsAppRole()
  return reached
}

const run = (database: Database, statement: string) =>
  database.asOwner((db) => db.executeQuery(CompiledQuery.raw(statement)))

async function giveRights(database: Database): Promise<void> {
  await database.asOwner(async (db) => {
    // Two nodes that give rights on one table at once would meet in the catalogue.
    await sql`lock table schema_migration in share row exclusive mode`.execute(db)
    for (const { statement } of (await STATEMENTS.execute(db)).rows) await db.executeQuery(CompiledQuery.raw(statement))
  })
}

/** Not allowed, or another node or deployment of the same server was first: what came of it is asked afterwards. */
const EXPECTED = ['42501', '42704', '42710', '23505', 'XX000']

async function tried(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && EXPECTED.includes(String(error.code)))) throw error
  }
}
