// The embedded PostgreSQL: PGlite in a worker thread, spoken to over a unix socket in the data folder, so that the store
// has one driver for both engines and a command works while the server runs. One process at a time owns a data folder.
import { rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import {
  EMBEDDED_PORT,
  type EmbeddedFolder,
  EmbeddedInUse,
  embeddedFolder,
  holdFolder,
  prepareCluster,
} from './embedded-folder.ts'
import { startUpkeep } from './embedded-upkeep.ts'
import type { WorkerInput, WorkerNews } from './embedded-worker.ts'

export { EmbeddedInUse, EmbeddedVersionMismatch } from './embedded-folder.ts'

export interface Embedded {
  readonly socketFolder: string
  readonly port: number
  /** Whether the database runs in this process, or was found running in another. */
  readonly owner: boolean
  close(): Promise<void>
}

export interface EmbeddedOptions {
  /** Told when the engine died by itself (a full disk, most likely) and is being started again, and of failed upkeep. */
  readonly onError?: (error: Error) => void
}

/** The engine ended by itself. */
class EmbeddedFailed extends Error {
  override readonly name = 'EmbeddedFailed'
  constructor(cause: unknown) {
    super('the embedded database stopped: look at the free space and the rights of the data folder', { cause })
  }
}

const IDLE_IN_TRANSACTION_SECONDS = 30
const RESTART_AFTER_MS = 2_000
const CLOSE_WITHIN_MS = 10_000 // what was acknowledged is in the log in any case
const ATTACH_TRIES = 300
const ATTACH_EVERY_MS = 50

/**
 * Starts the embedded PostgreSQL of a data folder, which is made when it is missing.
 * @throws EmbeddedInUse when another process serves it
 * @throws EmbeddedVersionMismatch when it holds the database of another PostgreSQL
 */
export async function startEmbedded(dataDir: string, { onError }: EmbeddedOptions = {}): Promise<Embedded> {
  const folder = embeddedFolder(dataDir)
  const release = holdFolder(folder)
  try {
    prepareCluster(folder)
    const engine = await keepRunning(folder, onError)
    const stopUpkeep = startUpkeep({ host: folder.socketFolder, port: EMBEDDED_PORT }, onError)
    const close = async () => {
      await stopUpkeep()
      await engine.close()
      if (folder.socketFolder !== folder.root) rmSync(folder.socketFolder, { recursive: true, force: true })
      release()
    }
    return { socketFolder: folder.socketFolder, port: EMBEDDED_PORT, owner: true, close }
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Attaches to the database that another process serves on the folder, else starts it for as long as the command lasts.
 * @throws EmbeddedInUse when another process holds the folder and doesn't answer for 15 s
 */
export async function attachEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  const { socketFolder, socketPath } = embeddedFolder(dataDir)
  for (let tries = ATTACH_TRIES; ; tries--) {
    if (await answers(socketPath))
      return { socketFolder, port: EMBEDDED_PORT, owner: false, close: async () => undefined }
    try {
      return await startEmbedded(dataDir, options)
    } catch (error) {
      if (!(error instanceof EmbeddedInUse) || tries === 0) throw error
      await pause(ATTACH_EVERY_MS) // the other one is on its way up, or down
    }
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

interface Engine {
  close(): Promise<void>
}

/** Runs the worker, and another one whenever it dies without having been told to: PostgreSQL then recovers from its log. */
async function keepRunning(folder: EmbeddedFolder, onError: EmbeddedOptions['onError']): Promise<Engine> {
  const closing = new AbortController()
  const isClosing = () => closing.signal.aborted
  let running = await startWorker(folder)
  const watch = async () => {
    while (!isClosing()) {
      const cause = await running.ended
      if (isClosing()) return
      onError?.(new EmbeddedFailed(cause))
      await pause(RESTART_AFTER_MS, undefined, { ref: false, signal: closing.signal }).catch(() => undefined)
      if (isClosing()) return
      running = await startWorker(folder).catch(dead)
    }
    await running.close() // it came up while the others were being told to go
  }
  const watching = watch()
  return {
    close: async () => {
      closing.abort()
      await running.close()
      await watching
    },
  }
}

interface RunningWorker extends Engine {
  /** Settles when the worker is gone, with the reason where there is one. */
  readonly ended: Promise<unknown>
}

/** Stands for the worker that could not be started. */
const dead = (failure: Error): RunningWorker => ({
  ended: Promise.resolve(failure.cause),
  close: async () => undefined,
})

function startWorker(folder: EmbeddedFolder): Promise<RunningWorker> {
  setFlagsFromString('--wasm-num-compilation-tasks=1') // saves 20 to 50 MB: compilers that run side by side keep their memory
  const input: WorkerInput = {
    clusterFolder: folder.cluster,
    socketPath: folder.socketPath,
    idleInTransactionSeconds: IDLE_IN_TRANSACTION_SECONDS,
  }
  rmSync(folder.socketPath, { force: true }) // of one that was killed: who holds the folder is the only one to listen there
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js' // the build compiles the worker beside this file
  const worker = new Worker(new URL(`./embedded-worker.${extension}`, import.meta.url), { workerData: input })
  let reason: unknown
  const ended = new Promise<unknown>((resolve) => worker.once('exit', () => resolve(reason)))
  worker.once('error', (error) => {
    reason = error
  })
  const close = async () => {
    worker.ref()
    worker.postMessage('close')
    const late = setTimeout(() => worker.terminate(), CLOSE_WITHIN_MS)
    await ended
    clearTimeout(late)
  }
  return new Promise((resolve, reject) => {
    worker.on('message', (news: WorkerNews) => {
      if (news.kind === 'fatal') {
        reason = new Error(news.line)
        worker.terminate() // the engine is dead, and the thread would spin on it
      } else if (news.kind === 'closed') {
        worker.terminate() // with the connections that are still open
      } else {
        worker.unref()
        resolve({ ended, close })
      }
    })
    ended.then((cause) => reject(new EmbeddedFailed(cause)), reject)
  })
}
