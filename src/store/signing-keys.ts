import { sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

/** A key that signs tokens, its private part still sealed. */
export interface StoredKey {
  readonly kid: string
  readonly alg: string
  readonly state: 'next' | 'current' | 'retired'
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly privateKey: Buffer | null
  readonly createdAt: Date
  readonly activatedAt: Date | null
  readonly retiredAt: Date | null
}

export interface NewKey {
  readonly kid: string
  readonly alg: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly privateKey: Buffer
}

export const signingKeyStore = (database: Database) => ({
  /** All keys, newest first, with the database's time. */
  async list(): Promise<{ readonly now: Date; readonly keys: readonly StoredKey[] }> {
    const { rows } = await database.run((db) =>
      sql<StoredKey & { now: Date }>`
        select t.now, k.kid, k.alg, k.state, k.public_jwk as "publicJwk", k.private_key as "privateKey", k.created_at as "createdAt",
               k.activated_at as "activatedAt", k.retired_at as "retiredAt"
          from (select ${database.now} as now) t left join signing_key k on true order by k.created_at desc, k.kid`.execute(
        db,
      ),
    )
    return { now: rows[0]?.now ?? new Date(0), keys: rows.filter((row) => row.kid !== null) }
  },

  /** Adds a key in a state that no key of its algorithm is in. @returns whether it was added: another node may have been first */
  async add(key: NewKey, state: 'next' | 'current', event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        added as (
          insert into signing_key (kid, alg, state, public_jwk, private_key, created_at, activated_at)
          select ${key.kid}, ${key.alg}, ${state}, ${JSON.stringify(key.publicJwk)}::jsonb, ${key.privateKey}::bytea, t.now,
                 case when ${state} = 'current' then t.now end from t
          on conflict do nothing returning kid),
        ${auditing(event, database.now, sql`added`)}
        select 1 from added`.execute(db),
    )
    return rows.length > 0
  },

  /**
   * Makes the next key the current one, and the current one retired, when the next has been published long enough.
   * @returns whether it happened: not when another node did it before, or the next key is too young
   */
  async promote(nextKid: string, publishedSeconds: number, event: AuditEvent): Promise<boolean> {
    return await database.transaction(async (db) => {
      const { rows } = await sql<{ alg: string }>`
        select alg from signing_key where kid = ${nextKid} and state = 'next'
           and created_at <= ${database.now} - ${publishedSeconds}::float8 * interval '1 second' for update`.execute(db)
      const [next] = rows
      if (!next) return false
      await sql`update signing_key set state = 'retired', retired_at = ${database.now} where alg = ${next.alg} and state = 'current'`.execute(
        db,
      )
      await sql`
        with promoted as (
          update signing_key set state = 'current', activated_at = ${database.now} where kid = ${nextKid} returning kid),
        ${auditing(event, database.now, sql`promoted`)} select 1`.execute(db)
      return true
    })
  },

  /**
   * The emergency: removes the current key of an algorithm with everything it signed, and puts a new one in its place.
   * @returns the key that is gone
   */
  async replaceAtOnce(key: NewKey, event: AuditEvent): Promise<string | undefined> {
    return await database.transaction(async (db) => {
      // Two such calls take turns, also with a rotation, which begins with the next key too.
      await sql`select 1 from signing_key where alg = ${key.alg} and state in ('next', 'current') order by state desc for update`.execute(
        db,
      )
      const { rows } = await sql<{
        kid: string
      }>`delete from signing_key where alg = ${key.alg} and state = 'current' returning kid`.execute(db)
      await sql`
        with t as (select ${database.now} as now),
        added as (
          insert into signing_key (kid, alg, state, public_jwk, private_key, created_at, activated_at)
          select ${key.kid}, ${key.alg}, 'current', ${JSON.stringify(key.publicJwk)}::jsonb, ${key.privateKey}::bytea, t.now, t.now from t
          returning kid),
        ${auditing(event, database.now, sql`added`)} select 1`.execute(db)
      return rows[0]?.kid
    })
  },

  /** Removes a retired key, with everything it signed. @returns whether there was one */
  async dropRetired(kid: string, event: AuditEvent): Promise<boolean> {
    const { rows } = await database.run((db) =>
      sql`
        with dropped as (delete from signing_key where kid = ${kid} and state = 'retired' returning kid),
        ${auditing(event, database.now, sql`dropped`)}
        select 1 from dropped`.execute(db),
    )
    return rows.length > 0
  },

  /** Forgets the private parts that no retry can need, and the keys whose last token has expired. */
  async tidy(privateSeconds: number, publicSeconds: number): Promise<void> {
    await database.run((db) =>
      sql`
        with t as (select ${database.now} as now),
        blunted as (
          update signing_key k set private_key = null from t
           where k.state = 'retired' and k.private_key is not null and k.retired_at < t.now - ${privateSeconds}::float8 * interval '1 second'
             and k.retired_at >= t.now - ${publicSeconds}::float8 * interval '1 second')
        delete from signing_key k using t where k.state = 'retired' and k.retired_at < t.now - ${publicSeconds}::float8 * interval '1 second'`.execute(
        db,
      ),
    )
  },
})

export const deploymentSecretStore = (database: Database) => ({
  /** The sealed secret of a name; the one given is stored when there is none yet. The first one wins. */
  async findOrAdd(name: string, sealed: Buffer): Promise<Buffer> {
    const { rows } = await database.run((db) =>
      sql<{ sealed: Buffer }>`
        insert into deployment_secret (name, sealed, created_at) values (${name}, ${sealed}, ${database.now})
        on conflict (name) do update set name = excluded.name returning sealed`.execute(db),
    )
    return rows[0]?.sealed ?? sealed
  },

  async find(name: string): Promise<Buffer | undefined> {
    const row = await database.run((db) =>
      db.selectFrom('deployment_secret').select('sealed').where('name', '=', name).executeTakeFirst(),
    )
    return row?.sealed
  },
})
