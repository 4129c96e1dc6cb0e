import { type RawBuilder, sql } from 'kysely'

/** What has to be true of a row for it to be written; nothing where it is empty. RFC 9110 §13.1 */
export interface Precondition {
  /** Whether the row must not be there yet, or must be. */
  readonly expects?: 'absent' | 'present'
  /** The version that the change was made from: another one means that somebody else was quicker. */
  readonly version?: string | undefined
}

/** The version of a row, from when it was last changed. Opaque to everybody else. */
export const versionOf = (updatedAt: RawBuilder<unknown>): RawBuilder<string> =>
  sql<string>`(extract(epoch from ${updatedAt}) * 1000000)::bigint::text`

/** Whether an upsert may insert. @param isThere a condition that is true when the row exists */
export const mayInsert = ({ expects }: Precondition, isThere: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`(${expects !== 'present'}::boolean or ${isThere})`

/** Whether an upsert may change the row that it meets. */
export const mayUpdate = ({ expects, version }: Precondition, updatedAt: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`(${expects !== 'absent'}::boolean and (${version ?? null}::text is null or ${versionOf(updatedAt)} = ${version ?? null}::text))`
