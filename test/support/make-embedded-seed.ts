// Makes src/store/embedded-seed.bin anew: an empty cluster, packed small. Run it after a change of the PGlite version:
//   npx node test/support/make-embedded-seed.ts
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serialize } from 'node:v8'
import { brotliCompressSync, constants } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import type { SeedEntry } from '../../src/store/embedded-folder.ts'

const SEED = fileURLToPath(new URL('../../src/store/embedded-seed.bin', import.meta.url))

/** Everything below a folder, folders before what they hold. */
function entriesOf(folder: string, path = ''): SeedEntry[] {
  return readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry): SeedEntry[] => {
    const inner = join(path, entry.name)
    return entry.isDirectory()
      ? [[inner, null], ...entriesOf(folder, inner)]
      : [[inner, readFileSync(join(folder, inner))]]
  })
}

/** The later files of the log are recycled ones: what they hold is old, and they are made again when they are needed. */
function withoutSpareLog(entries: readonly SeedEntry[]): SeedEntry[] {
  const isLog = (path: string) => /^pg_wal\/[0-9A-F]{24}$/.test(path)
  const [first] = entries
    .map(([path]) => path)
    .filter(isLog)
    .sort()
  return entries.filter(([path]) => !isLog(path) || path === first)
}

const folder = mkdtempSync(join(tmpdir(), 'postern-seed-'))
try {
  // Small log files: sixteen times less to write at the first start, and a data folder that stays small.
  const engine = await PGlite.create(folder, { initDbStartParams: ['--wal-segsize=1'] })
  // Nobody creates databases here, and the templates are two thirds of a cluster.
  await engine.exec('update pg_database set datistemplate = false')
  await engine.exec('drop database template0')
  await engine.exec('drop database template1')
  await engine.exec('vacuum full freeze analyze')
  await engine.exec('checkpoint')
  await engine.exec('select pg_switch_wal()')
  await engine.exec('checkpoint')
  await engine.close()
  const entries = withoutSpareLog(entriesOf(folder))
  const plain = serialize(entries)
  const packed = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  })
  writeFileSync(SEED, packed)
  process.stdout.write(`${entries.length} entries, ${plain.length} bytes, packed ${packed.length}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
