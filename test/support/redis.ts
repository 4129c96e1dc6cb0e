// A real Redis for tests: Debian's redis-server on loopback, with nothing on disk, ended with the suite.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Why tests that need one are skipped; `false` where there is one. */
export const NO_REDIS: false | string =
  spawnSync('redis-server', ['--version']).status === 0
    ? false
    : 'no redis-server on this machine: install Debian\'s package "redis-server"'

export interface TestRedis {
  readonly url: string
  /** Ends it at once, or starts it again at the same port, empty. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Every key that it holds. */
  discard(): Promise<void>
}

export async function startRedis(port: number): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  const password = 'a-password-of-the-tests'
  let running: ReturnType<typeof launch> | undefined
  const launch = () =>
    spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--requirepass', password],
        ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
  const start = async () => {
    running = launch()
    for await (const line of createInterface({ input: running.stdout })) if (line.includes('Ready to accept')) break
    running.stdout.resume()
  }
  const stop = async () => {
    if (!running) return
    const ended = once(running, 'close')
    running.kill('SIGKILL')
    await ended
    running = undefined
  }
  await start()
  return {
    url: `redis://:${password}@127.0.0.1:${port}/1`,
    start,
    stop,
    discard: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
