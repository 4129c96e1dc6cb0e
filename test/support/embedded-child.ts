// A process of its own on a data folder, for tests of what happens between processes: it says how it went in a line, and
// stays. `write` also says the number of rows that it was told are written.
import pg from 'pg'
import { attachEmbedded, startEmbedded } from '../../src/store/embedded.ts'

const [how, folder = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

try {
  const embedded = await (how === 'attach' ? attachEmbedded(folder) : startEmbedded(folder))
  const client = new pg.Client({ host: embedded.socketFolder, port: embedded.port, user: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('select 1')
  if (how === 'write') {
    await client.query('create table apple (id integer)')
    for (let rows = 1; ; rows++) {
      await client.query('insert into apple values ($1)', [rows])
      say(`${rows}`)
    }
  }
  say('serving')
} catch (error) {
  say(error instanceof Error ? error.name : String(error))
}
