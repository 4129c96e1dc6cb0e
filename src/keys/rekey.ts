import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Sealer } from '../base/seal.ts'
import type { Store } from '../store/index.ts'
import { type Resealed, SEALED_COLUMNS, type SealedColumn } from '../store/rekey.ts'
import { administrationEvent } from '../telemetry/audit.ts'

interface RekeyDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'rekey'>
  readonly sealer: Sealer
}

export interface Rekeyed {
  /** How many values now are under the current key that were not. */
  readonly resealed: number
  /** The places whose values no held key opens. They are as they were. */
  readonly unopened: readonly string[]
}

const BATCH = 100

/**
 * Seals anew, under the current master key, everything that another has sealed. It may be killed at any moment and run
 * again: each batch is one statement, and what is done is not done twice. The server may run meanwhile, with both keys.
 * @param onBatch told of every batch that was stored: `table/column`, and how many so far
 */
export async function rekey(deps: RekeyDeps, onBatch: (place: string, resealed: number) => void): Promise<Rekeyed> {
  const unopened: string[] = []
  let resealed = 0
  for (const column of SEALED_COLUMNS) {
    // The last column proves a master key at start. While something does not open, the previous key stays needed.
    if (column === SEALED_COLUMNS.at(-1) && unopened.length > 0) break
    for await (const batch of batches(deps, column, unopened)) {
      const event = administrationEvent(deps, 'master_key.rekeyed', 'operator', {
        detail: { place: column.place, values: batch.length },
      })
      resealed += await deps.store.rekey.reseal(column, batch, event)
      onBatch(column.place, resealed)
    }
  }
  return { resealed, unopened }
}

async function* batches(
  { store, sealer }: RekeyDeps,
  column: SealedColumn,
  unopened: string[],
): AsyncGenerator<readonly Resealed[]> {
  let after: string | undefined
  while (true) {
    const values = await store.rekey.listOthers(column, sealer.currentHeader, after, BATCH)
    after = values.at(-1)?.row
    if (after === undefined) return
    const batch: Resealed[] = []
    for (const { row, envelope } of values) {
      const place = `${column.place}/${row}`
      const plain = sealer.open(envelope, place)
      if (plain) batch.push({ row, envelope, renewed: sealer.seal(plain, place) })
      else unopened.push(place)
    }
    if (batch.length > 0) yield batch
  }
}
