// The embedded PostgreSQL in its own thread: its queries would stall the event loop of the server.
import { chmodSync, fsyncSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { serveSession } from './embedded-wire.ts'

/** What the thread is started with. */
export interface WorkerInput {
  readonly clusterFolder: string
  readonly socketPath: string
  readonly idleInTransactionSeconds: number
}

/** What the thread tells: it serves; it has written everything; or the engine wrote that it cannot go on. */
export type WorkerNews = { readonly kind: 'serving' | 'closed' } | { readonly kind: 'fatal'; readonly line: string }

const START_PARAMETERS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), // -F would turn fsync off
  ...settings({
    wal_sync_method: 'fsync', // fdatasync, the default, does nothing in this build
    shared_buffers: '8MB',
    max_wal_size: '16MB',
    timezone: 'UTC',
  }),
]

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** The folder on disk. The package's own has no fsync: what PostgreSQL believes to be on disk would only be in memory. */
class DurableFolder extends NodeFS {
  override async init(engine: PGlite, options: Parameters<NodeFS['init']>[1]) {
    const { emscriptenOpts } = await super.init(engine, options)
    const preRun = [...(emscriptenOpts.preRun ?? [])]
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, giveFsync] } }
  }
}

function giveFsync(engine: { readonly FS: unknown }): void {
  nodeFiles(engine.FS).stream_ops.fsync = (stream) => {
    fsyncSync(stream.nfd)
    return 0
  }
}

interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: { readonly nfd: number }) => number }
}

/** The file system that Emscripten's own types leave out. */
function nodeFiles(fs: unknown): NodeFiles {
  return (fs as { readonly filesystems: { readonly NODEFS: NodeFiles } }).filesystems.NODEFS
}

async function serve(input: WorkerInput, tell: (news: WorkerNews) => void): Promise<() => Promise<void>> {
  const onStderr = (line: string) => {
    if (/\b(?:PANIC|FATAL): /.test(line)) tell({ kind: 'fatal', line })
    return false
  }
  const options: PGliteOptions = { fs: new DurableFolder(input.clusterFolder), startParams: START_PARAMETERS, onStderr }
  const engine = await PGlite.create(options)
  const server = serveSession(
    {
      speak: (messages, answer) => engine.execProtocolRawStream(messages, { syncToFs: false, onRawData: answer }),
      isInTransaction: () => engine.isInTransaction(),
    },
    input.idleInTransactionSeconds,
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(input.socketPath, resolve)
  })
  chmodSync(input.socketPath, 0o600)
  return async () => {
    server.close() // takes the socket away; connections that are still open die with the thread
    await engine.close() // writes the last checkpoint
  }
}

if (parentPort !== null) {
  const port = parentPort
  const tell = (news: WorkerNews) => port.postMessage(news)
  const close = await serve(workerData, tell)
  port.once('message', () => {
    close().then(
      () => tell({ kind: 'closed' }),
      () => tell({ kind: 'closed' }), // what was acknowledged is in the log; the next start recovers it
    )
  })
  tell({ kind: 'serving' })
}
