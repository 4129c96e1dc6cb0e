import pg from 'pg'

// What a PostgreSQL server does in the background, a single session must be asked to do: without checkpoints the log
// grows for ever, and without vacuum so do the tables.

const EVERY_MS = 60_000
const CHECKPOINT_BYTES = 16 * 1024 * 1024

const LOG_TO_RECOVER = `
  select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()`
/** The tables that autovacuum would take, by its own rule. PostgreSQL documentation, "The Autovacuum Daemon" */
const DUE_FOR_VACUUM = `
  select format('vacuum (analyze) %I.%I', schemaname, relname) as statement from pg_stat_user_tables
  where n_dead_tup > 50 + 0.2 * n_live_tup or n_ins_since_vacuum > 1000 + 0.2 * n_live_tup`

/** Where the embedded database listens. */
export interface UpkeepAddress {
  readonly host: string
  readonly port: number
}

/** Vacuums the tables that need it, and writes a checkpoint when the log since the last one is long. */
export async function upkeep(address: UpkeepAddress): Promise<void> {
  const client = new pg.Client({ ...address, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined) // the statement under way is told as well
  await client.connect()
  try {
    const { rows: due } = await client.query<{ statement: string }>(DUE_FOR_VACUUM)
    for (const { statement } of due) await client.query(statement)
    const { rows: log } = await client.query<{ bytes: number }>(LOG_TO_RECOVER)
    if ((log[0]?.bytes ?? 0) > CHECKPOINT_BYTES) await client.query('checkpoint')
  } finally {
    await client.end()
  }
}

/** Does the upkeep once a minute. Returns the function that ends this, and waits for what is under way. */
export function startUpkeep(address: UpkeepAddress, onError?: (error: Error) => void): () => Promise<void> {
  let underWay: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    underWay = underWay.then(() => upkeep(address)).catch(onError)
  }, EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await underWay
  }
}
