import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../support/postgres.ts'
import { freePort, postern, type Settings, startProcess } from '../support/processes.ts'

const key = () => randomBytes(32).toString('base64url')
const LOOPBACK_DATABASE = 'postgres://postern:x@127.0.0.1:1/postern'
const REMOTE = 'postgres://postern:aG9yc2U@database.example/postern'

/** Settings that no start may accept, and what it has to name. */
const UNSAFE: readonly (readonly [string, Settings, RegExp])[] = [
  ['a plain http issuer off this machine', { ISSUER: 'http://gate.example' }, /ISSUER: .*https/],
  ['a database without a key', { DATABASE_URL: LOOPBACK_DATABASE }, /MASTER_KEY: .*no key/],
  ['a placeholder for a key', { MASTER_KEY: 'change-me-change-me-change-me' }, /MASTER_KEY: .*placeholder/],
  ['a key of one byte repeated', { MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }, /MASTER_KEY: /],
  ['a remote database without TLS', { DATABASE_URL: REMOTE, MASTER_KEY: key() }, /DATABASE_URL: .*no TLS/],
  [
    'a database with a default password',
    { DATABASE_URL: 'postgres://postern:postgres@database.example/postern?sslmode=verify-full', MASTER_KEY: key() },
    /DATABASE_URL: .*well-known default/,
  ],
  ['the demo off this machine', { ISSUER: 'https://gate.example', DEMO: 'on' }, /DEMO: .*loopback/],
  ['a secret file that is not there', { MASTER_KEY_FILE: '/nowhere/at/all' }, /MASTER_KEY_FILE: /],
]

suite('a start that is refused ends with 1, says what to mend, and changes nothing', { concurrency: 2 }, () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-refusals-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const dataDir = () => join(folder, randomBytes(6).toString('hex'))

  async function refused(settings: Settings, said: RegExp, args: readonly string[] = []): Promise<string> {
    const { code, stdout, stderr } = await postern(['start', ...args], { PORT: String(await freePort()), ...settings })
    assert.equal(code, 1, stdout + stderr)
    assert.match(stderr, said)
    assert.doesNotMatch(stderr, /\n\s+at .*[:(]\d+:\d+/, 'a stack is nothing for an operator')
    for (const secret of [settings.MASTER_KEY, settings.DATABASE_URL && new URL(settings.DATABASE_URL).password])
      if (secret !== undefined && secret.length > 3)
        assert.ok(!(stdout + stderr).includes(secret), 'a secret was printed')
    return stderr
  }

  test('settings that are not safe, all faults of them at once (A172)', async () => {
    for (const [name, settings, said] of UNSAFE) {
      const path = dataDir()
      const stderr = await refused({ DATA_DIR: path, ...settings }, said)
      assert.match(stderr, /Fix: /, name)
      assert.ok(!existsSync(path), name)
    }
    const path = dataDir()
    const stderr = await refused(
      { DATA_DIR: path, ISSUER: 'http://gate.example', PORT: 'x', LOG_LEVEL: 'loud' },
      /ISSUER/,
    )
    for (const name of ['ISSUER', 'PORT', 'LOG_LEVEL']) assert.match(stderr, new RegExp(`^ {2}${name}: `, 'm'))
    assert.ok(!existsSync(path))
  })

  test('a database that cannot be reached (design: configuration)', async () => {
    const settings = { DATA_DIR: dataDir(), DATABASE_URL: LOOPBACK_DATABASE, MASTER_KEY: key() }
    await refused(settings, /database cannot be reached.*DATABASE_URL/s)
  })

  test('a database that refuses the password', async () => {
    const url = new URL((await startPostgres()).url)
    url.password = 'not-the-password'
    await refused({ DATA_DIR: dataDir(), DATABASE_URL: url.href, MASTER_KEY: key() }, /password|DATABASE_URL/)
  })

  suite('over a database that is in use', { concurrency: 1 }, () => {
    let url: string
    let drop: () => Promise<void>
    let settings: Settings
    let reader: pg.Client
    before(async () => {
      ;({ url, drop } = await (await startPostgres()).createDatabase())
      settings = { DATABASE_URL: url, MASTER_KEY: key(), DATA_DIR: dataDir() }
      const server = await startProcess(settings)
      await server.end()
      reader = new pg.Client({ connectionString: url })
      await reader.connect()
    })
    after(async () => {
      await reader.end()
      await drop()
    })

    /** Every row of every table, as text. */
    async function contents(): Promise<string> {
      const { rows } = await reader.query<{ all: string }>(
        `select query_to_xml(format('select * from %s t order by t::text', c.oid::regclass), true, false, '')::text as all
           from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname`,
      )
      return rows.map(({ all }) => all).join('\n')
    }

    async function unchanged(refusal: () => Promise<unknown>): Promise<void> {
      const whole = await contents()
      assert.ok(whole.length > 1000)
      await refusal()
      assert.equal(await contents(), whole)
    }

    test('with another master key', () =>
      unchanged(() => refused({ ...settings, MASTER_KEY: key() }, /MASTER_KEY does not open this database/)))

    test('with another passphrase', () =>
      unchanged(() =>
        refused({ ...settings, MASTER_KEY: 'seven white horses ran to Ghent' }, /MASTER_KEY does not open/),
      ))

    test('that a later release has migrated', async () => {
      const later = `insert into schema_migration (version, name, checksum, applied_at) values (9999, '9999_later.sql', 'x', now())`
      await reader.query(later)
      await unchanged(() => refused(settings, /migrated by a later release/))
      await reader.query('delete from schema_migration where version = 9999')
    })

    test('whose migrations are not the ones of this release', async () => {
      await reader.query(`update schema_migration set checksum = 'x' || checksum where version = 1`)
      await unchanged(() => refused(settings, /changed since/))
      await reader.query(`update schema_migration set checksum = substr(checksum, 2) where version = 1`)
    })

    test('with a set-up file that is wrong, by its lines', async () => {
      const file = join(folder, 'wrong.yaml')
      await writeFile(
        file,
        'clients:\n  - client_id: app\n    redirect_uris: [http://app.example/cb]\n    colour: red\n',
      )
      await unchanged(async () => {
        const stderr = await refused(settings, /line 3/, ['--apply', file])
        assert.match(stderr, /colour/)
      })
    })

    test('with a set-up file that is not there', () =>
      unchanged(() => refused(settings, /nowhere\.yaml/, ['--apply', join(folder, 'nowhere.yaml')])))

    test('with words that mean nothing', () =>
      unchanged(() => refused(settings, /usage: postern start/, ['--aply', 'x'])))

    test('on a port that somebody else has', async (t) => {
      const other = createServer().listen(0, '127.0.0.1')
      t.after(() => other.close())
      await new Promise((resolve) => other.once('listening', resolve))
      const address = other.address()
      const port = typeof address === 'object' && address !== null ? String(address.port) : ''
      await unchanged(() => refused({ ...settings, PORT: port }, new RegExp(`PORT.*${port}|${port}.*PORT`, 's')))
    })
  })

  test('an embedded database that another process serves, which goes on serving (design: two commands)', async () => {
    const settings = { DATA_DIR: dataDir() }
    const server = await startProcess(settings)
    await refused(settings, /in use by another process/)
    assert.equal((await server.ask({ url: '/readyz' })).statusCode, 200)
    await server.end()
  })
})
