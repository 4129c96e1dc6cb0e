import { Refused } from '../administration/refused.ts'
import { equalInConstantTime, hmac } from '../base/digest.ts'
import type { Deps } from '../deps.ts'

type CursorDeps = Pick<Deps, 'derived'>

/** What a list shows: the cursor of one is good for no other. */
export interface Listing {
  readonly name: string
  /** What was asked of it, but for the cursor and the size of a page. */
  readonly filter: Readonly<Record<string, unknown>>
}

const SIGNATURE_BYTES = 16
const LONGEST_POSITION = 2048

/** A cursor that leads on from a position. It is signed for its list and filter: nobody else's position gets into a statement. */
function writeCursor(deps: CursorDeps, listing: Listing, position: string): string {
  return Buffer.concat([signature(deps, listing, position), Buffer.from(position)]).toString('base64url')
}

/** The position of a cursor. @throws Refused for one that this server did not write for this list */
function readCursor(deps: CursorDeps, listing: Listing, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const bytes = Buffer.from(cursor.slice(0, LONGEST_POSITION * 2), 'base64url')
  const position = bytes.subarray(SIGNATURE_BYTES).toString()
  const isOurs = equalInConstantTime(bytes.subarray(0, SIGNATURE_BYTES), signature(deps, listing, position))
  if (!isOurs || writeCursor(deps, listing, position) !== cursor) {
    throw new Refused('invalid_request', 'the cursor is not one of this list', [
      { field: 'cursor', message: 'is not one of this list' },
    ])
  }
  return position
}

const signature = ({ derived }: CursorDeps, { name, filter }: Listing, position: string): Buffer =>
  hmac(derived.cursor, JSON.stringify([name, Object.entries(filter).sort(), position])).subarray(0, SIGNATURE_BYTES)

/** One page of a list, with the cursor of the next where there is one. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | undefined
}

/**
 * Reads one page of a list by its key.
 * @param read gives rows from after a position, in the order of the key
 * @param keyOf the position of a row
 */
export async function pageOf<Item>(
  deps: CursorDeps,
  listing: Listing,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  read: (after: string | undefined, limit: number) => Promise<readonly Item[]>,
  keyOf: (item: Item) => string,
): Promise<Page<Item>> {
  const rows = await read(readCursor(deps, listing, cursor), limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? writeCursor(deps, listing, keyOf(last)) : undefined }
}
