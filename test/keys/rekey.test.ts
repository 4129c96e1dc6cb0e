import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { buildApp } from '../../src/app.ts'
import { systemRandom } from '../../src/base/random.ts'
import { sealer, subkey } from '../../src/base/seal.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDeps } from '../../src/deps.ts'
import { SEALED_COLUMNS } from '../../src/store/rekey.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startPostgres } from '../support/postgres.ts'

const POSTERN = fileURLToPath(new URL('../../src/postern.mjs', import.meta.url))
const MIGRATIONS = new URL('../../migrations/', import.meta.url)
const ROWS = 3000

const newKey = () => randomBytes(32).toString('base64url')
const sealerOf = (key: string) => sealer(systemRandom, subkey(Buffer.from(key, 'base64url'), 'seal'))

test('every column that a migration says is sealed is sealed anew with the others (controls.md row 35)', () => {
  const sealed = readdirSync(MIGRATIONS).flatMap((file) => {
    const text = readFileSync(new URL(file, MIGRATIONS), 'utf8')
    return [...text.matchAll(/^create table "?(\w+)"? \(\n([\s\S]*?)^\)/gm)].flatMap(([, table, columns = '']) =>
      [...columns.matchAll(/^ +(\w+) +bytea\b.*?(?:-- (.*))?$/gm)]
        .filter(([, name, comment = '']) => /\bsealed\b/.test(`${name} ${comment}`))
        .map(([, name]) => `${table}/${name}`),
    )
  })
  assert.ok(sealed.length >= 2)
  assert.deepEqual(sealed.sort(), SEALED_COLUMNS.map(({ place }) => place).sort())
})

suite('a change of the master key', () => {
  const [old, now] = [newKey(), newKey()]
  const log = createLog({ level: 'silent' })
  const discarding: (() => Promise<void>)[] = []
  let url: string

  const settings = (keys: Record<string, string>) => ({ DATABASE_URL: url, DATABASE_POOL_SIZE: '3', ...keys })
  const openWith = (keys: Record<string, string>) =>
    openDeps({
      config: loadConfig(settings(keys), () => assert.fail('no file is read')),
      log,
      purpose: 'serve',
    })
  const rekeying = (keys: Record<string, string>) =>
    spawn(process.execPath, [POSTERN, 'rekey', '--json'], {
      env: { PATH: process.env.PATH, ...settings(keys) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  /** The envelopes by row, of what can be many. */
  async function envelopes(): Promise<ReadonlyMap<string, Buffer>> {
    const { database, close } = await openWith({ MASTER_KEY: now, MASTER_KEY_PREVIOUS: old })
    const { rows } = await sql<{ kid: string; private_key: Buffer }>`select kid, private_key from signing_key`.execute(
      database.db,
    )
    await close()
    return new Map(rows.map((row) => [row.kid, row.private_key]))
  }
  const countUnder = (key: string, all: ReadonlyMap<string, Buffer>) =>
    [...all].filter(([kid, envelope]) => sealerOf(key).open(envelope, `signing_key/private_key/${kid}`)).length

  before(async () => {
    const created = await (await startPostgres()).createDatabase()
    url = created.url
    discarding.push(created.drop)
    const { database, close } = await openWith({ MASTER_KEY: old })
    const seal = sealerOf(old)
    for (let from = 0; from < ROWS; from += 500) {
      const kids = Array.from({ length: 500 }, (_, index) => `retired-${String(from + index).padStart(5, '0')}`)
      const keys = kids.map((kid) => seal.seal(Buffer.from(kid), `signing_key/private_key/${kid}`))
      await sql`
        insert into signing_key (kid, alg, state, public_jwk, private_key, created_at, retired_at)
        select kid, 'RS256', 'retired', (select public_jwk from signing_key where state = 'current'), key, now(), now()
          from unnest(${kids}::text[], ${keys}::bytea[]) as given(kid, key)`.execute(database.db)
    }
    await close()
  })
  after(async () => {
    for (const discard of discarding) await discard()
  })

  test('the new key alone does not start, and says which setting mends it (A172)', async () => {
    await assert.rejects(openWith({ MASTER_KEY: now }), /MASTER_KEY_PREVIOUS/)
  })

  test('killed in the middle it leaves every value under one key or the other, and goes on when it is run again (controls.md row 35)', async () => {
    const killed = rekeying({ MASTER_KEY: now, MASTER_KEY_PREVIOUS: old })
    const lines = createInterface({ input: killed.stderr })
    await once(lines, 'line')
    killed.kill('SIGKILL')
    await once(killed, 'exit')

    const between = await envelopes()
    const done = countUnder(now, between)
    assert.ok(done > 0 && done < between.size, `${done} of ${between.size} were sealed anew`)
    assert.equal(countUnder(old, between), between.size - done)
    await assert.rejects(openWith({ MASTER_KEY: now }), /MASTER_KEY_PREVIOUS/)

    const opened = await openWith({ MASTER_KEY: now, MASTER_KEY_PREVIOUS: old })
    const app = await buildApp(opened.deps)
    const jwks = await app.inject({ url: '/.well-known/jwks.json', headers: { host: 'localhost:3000' } })
    assert.equal(jwks.statusCode, 200, jwks.body)
    await (await opened.deps.keys.current()).sign('while both keys are there')
    await app.close()
    await opened.close()

    const resumed = rekeying({ MASTER_KEY: now, MASTER_KEY_PREVIOUS: old })
    const output: Buffer[] = []
    resumed.stdout.on('data', (part: Buffer) => output.push(part))
    const [code] = await once(resumed, 'close')
    assert.equal(code, 0)
    const { resealed, unopened } = JSON.parse(Buffer.concat(output).toString())
    assert.deepEqual(unopened, [])
    const after = await envelopes()
    assert.equal(countUnder(now, after), after.size)
    assert.equal(resealed, between.size - done + 1) // and the pepper, last
  })

  test('done, the old key opens nothing any more, the new one is enough, and doing it again does nothing', async () => {
    await assert.rejects(openWith({ MASTER_KEY: old }), /does not open/)
    const { deps, database, close } = await openWith({ MASTER_KEY: now })
    await (await deps.keys.current()).sign('under the new key')
    const events = await sql<{ values: number; actor: string }>`
      select (detail ->> 'values')::int as values, actor from audit_event where type = 'master_key.rekeyed'`.execute(
      database.db,
    )
    assert.ok(events.rows.every(({ actor }) => actor === 'operator'))
    assert.equal(
      events.rows.reduce((sum, { values }) => sum + values, 0),
      ROWS + 3, // the current and the next key, and the pepper
    )
    await close()
    const again = rekeying({ MASTER_KEY: now })
    const output: Buffer[] = []
    again.stdout.on('data', (part: Buffer) => output.push(part))
    const [code] = await once(again, 'close')
    assert.equal(code, 0)
    assert.equal(JSON.parse(Buffer.concat(output).toString()).resealed, 0)
  })

  test('a value that no key opens is named and left alone, and the previous key stays needed (A175)', async () => {
    const third = newKey()
    const opened = await openWith({ MASTER_KEY: now })
    await sql`
      update signing_key a set private_key = b.private_key from signing_key b
       where (a.kid = 'retired-00001' and b.kid = 'retired-00002') or (a.kid = 'retired-00002' and b.kid = 'retired-00001')`.execute(
      opened.database.db,
    )
    await opened.close()
    const child = rekeying({ MASTER_KEY: third, MASTER_KEY_PREVIOUS: now })
    const output: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => output.push(part))
    const [code] = await once(child, 'close')
    assert.equal(code, 1)
    assert.deepEqual(JSON.parse(Buffer.concat(output).toString()).unopened, [
      'signing_key/private_key/retired-00001',
      'signing_key/private_key/retired-00002',
    ])
    await assert.rejects(openWith({ MASTER_KEY: third }), /MASTER_KEY_PREVIOUS/)
  })
})
