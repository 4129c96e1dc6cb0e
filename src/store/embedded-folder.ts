import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize } from 'node:v8'
import { brotliDecompressSync } from 'node:zlib'

/** The major version of the embedded PostgreSQL: another one can't read a cluster of this one. */
export const EMBEDDED_MAJOR = '18'
export const EMBEDDED_PORT = 5432 // names the socket only; nothing listens on the network

const SEED = new URL('./embedded-seed.bin', import.meta.url)
const LONGEST_SOCKET_PATH = 100 // bytes; a longer one is cut without a word by the system call

/** Where the embedded database of a data folder lives. */
export interface EmbeddedFolder {
  readonly root: string
  readonly cluster: string
  readonly socketFolder: string
  readonly socketPath: string
}

/** The data folder is held by another process of ours. */
export class EmbeddedInUse extends Error {
  override readonly name = 'EmbeddedInUse'
  constructor() {
    super('the data folder is in use by another process: stop that one, or give this one a DATA_DIR of its own')
  }
}

/** The data folder holds a database that this version can't read. It was left as it is. */
export class EmbeddedVersionMismatch extends Error {
  override readonly name = 'EmbeddedVersionMismatch'
  constructor() {
    super(
      'the data folder holds the database of another PostgreSQL version, and was left untouched: run the release that made it, or start with an empty DATA_DIR',
    )
  }
}

/** Another user of this machine could reach the socket of the database. */
class EmbeddedUnsafeFolder extends Error {
  override readonly name = 'EmbeddedUnsafeFolder'
  constructor() {
    super(
      'the temporary folder for the socket of the database belongs to somebody else: choose a shorter DATA_DIR, so that none is needed',
    )
  }
}

/** The places inside a data folder. Creates the folders that hold them, closed to other users; reads nothing else. */
export function embeddedFolder(dataDir: string): EmbeddedFolder {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const root = join(realpathSync(dataDir), 'database')
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const socketFolder = shortEnough(root) ? root : shortFolder(root)
  return { root, cluster: join(root, 'cluster'), socketFolder, socketPath: socketPathIn(socketFolder) }
}

const socketPathIn = (folder: string): string => join(folder, `.s.PGSQL.${EMBEDDED_PORT}`)
const shortEnough = (folder: string): boolean => Buffer.byteLength(socketPathIn(folder)) <= LONGEST_SOCKET_PATH

/** A folder with a short name that each process derives from the long one. Anybody may write beside it, so its owner is checked. */
function shortFolder(root: string): string {
  const folder = join(tmpdir(), `postern-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0)
    throw new EmbeddedUnsafeFolder()
  return folder
}

/**
 * Holds the folder for this process. PGlite has no lock of its own, and two of them corrupt one cluster. SQLite's lock on
 * an empty file is the kernel's: it ends with the process, however that ends, so there is no stale one to judge.
 * @throws EmbeddedInUse
 */
export function holdFolder(folder: EmbeddedFolder): () => void {
  const lock = new DatabaseSync(join(folder.root, 'lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw isBusy(cause) ? new EmbeddedInUse() : cause
  }
  return () => lock.close()
}

const SQLITE_BUSY = 5
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY

/**
 * Makes the held folder ready to start from: unpacks an empty cluster where there is none. The cluster appears under its
 * name only when all of it is on disk.
 * @throws EmbeddedVersionMismatch
 */
export function prepareCluster(folder: EmbeddedFolder): void {
  if (existsSync(folder.cluster)) {
    if (majorOf(folder.cluster) !== EMBEDDED_MAJOR) throw new EmbeddedVersionMismatch()
    return
  }
  const half = `${folder.cluster}.half`
  rmSync(half, { recursive: true, force: true })
  unpackSeed(half)
  renameSync(half, folder.cluster)
  syncFolder(folder.root)
}

function majorOf(cluster: string): string | undefined {
  const file = join(cluster, 'PG_VERSION')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** An entry of the seed: the path in the cluster, and what the file holds, or null for a folder. */
export type SeedEntry = readonly [path: string, content: Uint8Array | null]

function unpackSeed(cluster: string): void {
  mkdirSync(cluster, { mode: 0o700 })
  const folders = [cluster]
  for (const [path, content] of readSeed()) {
    const place = join(cluster, path)
    if (content !== null) {
      writeFileSync(place, content, { mode: 0o600, flush: true })
    } else {
      mkdirSync(place, { mode: 0o700 })
      folders.push(place)
    }
  }
  for (const each of folders) syncFolder(each)
}

/** The files of an empty cluster, as `test/support/make-embedded-seed.ts` packed them: folders before what they hold. */
export function readSeed(): readonly SeedEntry[] {
  return deserialize(brotliDecompressSync(readFileSync(SEED)))
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
