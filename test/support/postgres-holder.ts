// A PostgreSQL for one test process: it says its URL, and stops when the process that asked for it is gone.
import { startPostgres } from '../run/postgres.ts'

const server = await startPostgres()
process.stdout.write(`${server.url}\n`)
for await (const _ of process.stdin) {
  // nothing is ever said here; the end of it is the sign
}
await server.stop()
