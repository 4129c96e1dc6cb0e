import { type RawBuilder, sql } from 'kysely'
import { type AuditEvent, auditing } from './audit.ts'
import type { Database } from './database.ts'

/** A column that holds sealed values. Each is bound to `table/column/row`, where `row` is the key of its row as text. */
export interface SealedColumn {
  /** `table/column`. */
  readonly place: string
  readonly table: RawBuilder<unknown>
  readonly column: RawBuilder<unknown>
  readonly row: RawBuilder<unknown>
  readonly rowType: RawBuilder<unknown>
  /** Which rows of it are sealed; all, where there is nothing. */
  readonly where?: RawBuilder<unknown>
}

/** Every column that holds sealed values. The last one proves the master key at start, so it is sealed anew last. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    place: 'signing_key/private_key',
    table: sql`signing_key`,
    column: sql`private_key`,
    row: sql`kid`,
    rowType: sql`text`,
  },
  { place: 'totp/secret', table: sql`totp`, column: sql`secret`, row: sql`id`, rowType: sql`uuid` },
  {
    place: 'recovery_reveal/codes',
    table: sql`recovery_reveal`,
    column: sql`codes`,
    row: sql`user_id`,
    rowType: sql`uuid`,
  },
  { place: 'outbox/payload', table: sql`outbox`, column: sql`payload`, row: sql`id`, rowType: sql`uuid` },
  {
    place: 'idempotent_call/answer',
    table: sql`idempotent_call`,
    column: sql`answer`,
    row: sql`key`,
    rowType: sql`uuid`,
  },
  {
    place: 'deployment_secret/sealed',
    table: sql`deployment_secret`,
    column: sql`sealed`,
    row: sql`name`,
    rowType: sql`text`,
    where: sql`name <> 'passphrase-salt'`, // which has to be known before there is a key
  },
]

/** A sealed value as it is stored. */
export interface SealedValue {
  readonly row: string
  readonly envelope: Buffer
}

/** A sealed value and what takes its place. */
export interface Resealed extends SealedValue {
  readonly renewed: Buffer
}

export const rekeyStore = (database: Database) => ({
  /** The next values of a column, in the order of their rows, that do not begin with a header. */
  async listOthers(
    { table, column, row, where = sql`true` }: SealedColumn,
    header: Buffer,
    after: string | undefined,
    limit: number,
  ): Promise<readonly SealedValue[]> {
    const beyond = after === undefined ? sql`true` : sql`${row} > ${after}`
    const { rows } = await database.run((db) =>
      sql<SealedValue>`
        select ${row}::text as row, ${column} as envelope from ${table}
         where ${where} and ${column} is not null and substring(${column} from 1 for ${header.length}::int) <> ${header} and ${beyond}
         order by ${row} limit ${limit}`.execute(db),
    )
    return rows
  },

  /** Puts new envelopes in the place of those that nobody has changed meanwhile. @returns how many */
  async reseal(
    { table, column, row, rowType }: SealedColumn,
    values: readonly Resealed[],
    event: AuditEvent,
  ): Promise<number> {
    const { rows } = await database.run((db) =>
      sql<{ count: number }>`
        with resealed as (
          update ${table} as t set ${column} = given.renewed
            from unnest(${values.map((value) => value.row)}::${rowType}[], ${values.map((value) => value.envelope)}::bytea[],
                        ${values.map((value) => value.renewed)}::bytea[]) as given(key, envelope, renewed)
           where t.${row} = given.key and t.${column} = given.envelope
          returning 1),
        ${auditing(event, database.now, sql`(select 1 from resealed limit 1) as one`)}
        select count(*)::int as count from resealed`.execute(db),
    )
    return rows[0]?.count ?? 0
  },
})
