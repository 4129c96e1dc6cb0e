import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { generateSync } from 'otplib'
import pg from 'pg'
import { checkpointAudit } from '../../src/jobs/checkpoint-audit.ts'
import { sealAudit } from '../../src/jobs/seal-audit.ts'
import { linkIn, mailsTo, NEW_PASSWORD } from '../mail/mails.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { freshDatabase } from '../support/postgres.ts'
import {
  type Cluster,
  freePort,
  postern,
  type ServerProcess,
  type Settings,
  startCluster,
  startProcess,
} from '../support/processes.ts'
import { codeForm, obtainCode, obtainTokens, refresh, type TestClient, type Tokens } from '../support/server.ts'

const STEP_SECONDS = 30
/** A backup: the rows of every table, each as PostgreSQL writes it. */
type Backup = ReadonlyMap<string, readonly string[]>

async function connected<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const tablesOf = async (client: pg.Client): Promise<readonly string[]> => {
  const tables = `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`
  return (await client.query<{ name: string }>(tables)).rows.map(({ name }) => name)
}

/** One moment of a database that is in use. */
const backUp = (url: string): Promise<Backup> =>
  connected(url, async (client) => {
    await client.query('begin isolation level repeatable read read only')
    const backup = new Map<string, readonly string[]>()
    for (const name of await tablesOf(client)) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`)
      backup.set(
        name,
        rows.map(({ row }) => row),
      )
    }
    return backup
  })

/** Puts it into a database that has the tables and nothing else of its own. */
const restore = (url: string, backup: Backup): Promise<void> =>
  connected(url, async (client) => {
    await client.query('begin')
    await client.query('set local session_replication_role = replica') // the order of tables is no matter then
    assert.deepEqual((await tablesOf(client)).toSorted(), [...backup.keys()].toSorted())
    for (const name of backup.keys()) await client.query(`delete from ${name}`)
    for (const [name, rows] of backup) {
      await client.query(`insert into ${name} select (x::${name}).* from unnest($1::text[]) x`, [rows])
    }
    await client.query('commit')
  })

suite('a backup, restored into a new database', () => {
  const masterKey = randomBytes(32).toString('base64url')
  let cluster: Cluster
  let client: TestClient
  let restored: ServerProcess
  let settings: Settings
  let discard = async (): Promise<void> => {}
  let secret = ''
  let recovery: readonly string[] = []
  let user: Awaited<ReturnType<Cluster['makeUser']>>
  let atBackup: Tokens
  let retried: Tokens
  let afterwards: { readonly sameFamily: Tokens; readonly newFamily: Tokens }
  let checkpoint = ''

  const codeFor = (steps: number): string =>
    generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP_SECONDS })

  const givePassword = (browser: BrowserSession, page: LightMyRequestResponse) =>
    browser.submit(page, { username: user.username, password: user.password })

  async function enrol(browser: BrowserSession): Promise<void> {
    const signIn = await browser.follow(await browser.get('/account/second-factor/new'))
    const start = await browser.follow(await givePassword(browser, signIn))
    const scan = await browser.follow(await browser.submit(start, { name: 'My phone' }))
    secret = /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(scan.body)?.[1] ?? ''
    const codes = await browser.follow(await browser.submit(scan, { code: codeFor(0) }))
    recovery = codes.body.match(/(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])/g) ?? []
    assert.equal(recovery.length, 10)
  }

  before(async () => {
    cluster = await startCluster({ size: 1, settings: { MASTER_KEY: masterKey } })
    client = await cluster.register({ token_endpoint_auth_method: 'client_secret_basic' })
    user = await cluster.makeUser()
    const browser = cluster.browser()
    await enrol(browser)
    const { tokens } = await obtainTokens(cluster, client, user, {}, browser)
    retried = tokens
    atBackup = (await refresh(cluster, client, tokens.refresh_token)).json<Tokens>()
    const asking = cluster.browser()
    await asking.submit(await asking.get('/forgot-password'), { login: user.email })
    await sealAudit.run(cluster.deps)
    await checkpointAudit.run(cluster.deps)
    checkpoint = (await cluster.deps.store.auditChain.lastCheckpoint())?.statement ?? ''
    const backup = await backUp(cluster.databaseUrl)
    await pause(1_001) // tokens tell their time in whole seconds
    const sameFamily = (await refresh(cluster, client, atBackup.refresh_token)).json<Tokens>()
    const newFamily = (await obtainTokens(cluster, client, user, {}, browser)).tokens
    afterwards = { sameFamily, newFamily }

    const folder = await mkdtemp(join(tmpdir(), 'postern-restore-'))
    const fresh = await freshDatabase({ migrated: true })
    await restore(fresh.url, backup)
    const { issuer } = cluster
    const common = { SIGN_UP: 'open', LIMIT_AUTH_PER_MINUTE: '1000', DATA_DIR: folder }
    settings = {
      ...common,
      ISSUER: issuer,
      MASTER_KEY: masterKey,
      DATABASE_URL: fresh.url,
      PORT: String(await freePort()),
    }
    restored = await startProcess(settings)
    discard = async () => {
      await restored.end('SIGKILL')
      await fresh.drop()
      await rm(folder, { recursive: true, force: true })
    }
  })
  after(async () => {
    await discard()
    await cluster.close()
  })

  const reasonsOf = (type: string) =>
    connected(settings.DATABASE_URL ?? '', async (database) => {
      const found = await database.query<{ reason: string }>('select reason from audit_event where type = $1', [type])
      return found.rows.map(({ reason }) => reason)
    })

  test('is no use under another master key: the server says so and does not start (design.md §3)', async () => {
    const other = { ...settings, MASTER_KEY: randomBytes(32).toString('base64url'), PORT: String(await freePort()) }
    await assert.rejects(startProcess(other), /MASTER_KEY does not open this database/)
  })

  test('knows its audit: nothing was changed, not even since the last checkpoint outside (design.md §7)', async () => {
    const whole = await postern(['audit', 'verify'], settings)
    assert.equal(whole.code, 0, whole.stdout + whole.stderr)
    assert.match(whole.stdout, /Nothing was changed, removed, moved or put in/)
    const since = await postern(['audit', 'verify', '--since', checkpoint], settings)
    assert.equal(since.code, 0, since.stdout + since.stderr)
  })

  test('publishes the keys of before: what was signed is verified (RFC 7517)', async () => {
    const keys = createLocalJWKSet((await restored.ask({ url: '/jwks' })).json())
    const options = { issuer: cluster.issuer }
    for (const tokens of [atBackup, afterwards.newFamily]) {
      assert.ok(await jwtVerify(tokens.id_token, keys, options))
      assert.ok(await jwtVerify(tokens.access_token, keys, options))
    }
  })

  test('lets its users in by password and code, and by a recovery code', async () => {
    for (const [code, link] of [
      [codeFor(1), undefined],
      [recovery[0] ?? '', 'use-recovery'],
    ] as const) {
      const browser = restored.browser()
      const signIn = await browser.follow(await browser.get('/account'))
      const due = await browser.follow(await givePassword(browser, signIn))
      const href = link && new RegExp(`id="${link}" href="([^"]+)"`).exec(due.body)?.[1]?.replaceAll('&amp;', '&')
      const page = href === undefined ? due : await browser.get(href)
      const inside = await browser.follow(await browser.submit(page, { code }))
      assert.match(inside.body, /id="overview"/)
      const { code: granted, verifier } = await obtainCode(restored, client, user, {}, browser)
      const answer = await restored.post('/token', codeForm(client, granted, verifier), { authorization: client.basic })
      assert.equal(answer.statusCode, 200, answer.body)
      assert.equal((await refresh(restored, client, answer.json<Tokens>().refresh_token)).statusCode, 200)
    }
  })

  test('refuses tokens of a time that it has not seen, and alarms its operators (design.md §4.2)', async () => {
    for (const { refresh_token } of [afterwards.sameFamily, afterwards.newFamily]) {
      const answer = await refresh(restored, client, refresh_token)
      assert.deepEqual([answer.statusCode, answer.json().error], [400, 'invalid_grant'])
    }
    const alarm = /"level":"error".*a refresh token is younger than the database/
    await restored.said(new RegExp(`${alarm.source}[^]*${alarm.source}`))
  })

  test('renews the tokens that were good at the backup, though others have been refused (design.md §4.2)', async () => {
    const answer = await refresh(restored, client, atBackup.refresh_token)
    assert.equal(answer.statusCode, 200, answer.body)
    assert.equal((await refresh(restored, client, answer.json<Tokens>().refresh_token)).statusCode, 200)
    assert.deepEqual(await reasonsOf('refresh_token.reused'), ['lost-timeline'])
    assert.equal((await refresh(restored, client, retried.refresh_token)).json().error, 'invalid_grant')
  })

  test('honours the link to a new password that was on its way (A113)', async () => {
    const mails = await mailsTo(cluster.deps, user.email)
    const mail = mails.findLast(({ topic }) => topic === 'reset-password')
    assert.ok(mail)
    const browser = restored.browser()
    const done = await browser.submit(await browser.get(linkIn(mail)), { password: NEW_PASSWORD })
    assert.equal(done.statusCode, 200, done.body)
  })

  test('has no envelope that does not open: all of them are sealed anew (design.md §3)', async () => {
    const keys = { MASTER_KEY: randomBytes(32).toString('base64url'), MASTER_KEY_PREVIOUS: masterKey }
    const { code, stdout, stderr } = await postern(['rekey', '--json'], { ...settings, ...keys })
    assert.equal(code, 0, stdout + stderr)
    const { resealed, unopened } = JSON.parse(stdout)
    assert.deepEqual(unopened, [])
    assert.ok(resealed >= 5, stdout) // signing keys, the checkpoints' key, an authenticator, codes to save, mails
  })
})
