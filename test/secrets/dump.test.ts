import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { issueRecoveryCodes, unsavedRecoveryCodes } from '../../src/accounts/recovery-codes.ts'
import { beginEnrolment, openEnrolment } from '../../src/accounts/totp.ts'
import { newAdministratorLink, newInvitation } from '../../src/cli/administrator-link.ts'
import { leaksIn } from '../../src/cli/dump-check.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import {
  codeForm,
  obtainCode,
  obtainTokens,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
} from '../support/server.ts'

const run = promisify(execFile)

/** What pg_dump would write of every table: the COPY text of all rows. */
async function copied(url: string, byteaOutput: 'hex' | 'escape'): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const chunks: Buffer[] = []
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  connection.on('copyData', ({ chunk }: { chunk: Buffer }) => chunks.push(chunk))
  await client.query(`set bytea_output = ${byteaOutput}`)
  const { rows } = await client.query<{ name: string }>(
    "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'",
  )
  for (const { name } of rows) {
    chunks.push(Buffer.from(`COPY ${name} FROM stdin;\n`))
    await client.query(`copy ${name} to stdout`)
    chunks.push(Buffer.from('\\.\n'))
  }
  await client.end()
  return Buffer.concat(chunks).toString('latin1')
}

/** The pg_dump of the server's own major version, where this machine has one. */
async function pgDump(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  )
  await client.end()
  const folder = '/usr/lib/postgresql'
  const path = `${folder}/${rows[0]?.major}/bin/pg_dump`
  if (!existsSync(folder) || readdirSync(folder).length === 0 || !existsSync(path)) return undefined
  const { stdout } = await run(path, ['--dbname', url, '--no-owner'], { maxBuffer: 2 ** 28, encoding: 'latin1' })
  return stdout
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n')
}

async function leaks(text: string, issued: Issued) {
  const found: { kind: string | undefined; form: string; table: string | undefined }[] = []
  for await (const { table, issuedLine, form } of leaksIn(linesOf(text), issued.values)) {
    found.push({ kind: issued.kinds[issuedLine - 1], form, table })
  }
  return found
}

/** Everything that was ever given out, or must never be, with its kind. */
class Issued {
  readonly values: string[] = []
  readonly kinds: string[] = []
  add(kind: string, ...values: readonly string[]): void {
    for (const value of values) {
      assert.ok(value.length >= 8, kind)
      this.values.push(value)
      this.kinds.push(kind)
    }
  }
}

suite('the database after everything was used once', () => {
  const issued = new Issued()
  const masterKey = randomBytes(32).toString('base64url')
  let server: TestServer
  let spa: TestClient
  let web: TestClient
  let url: string

  before(async () => {
    server = await startServer({ MASTER_KEY: masterKey })
    url = server.config.databaseUrl?.reveal() ?? ''
    const { deps } = server
    spa = await server.register({})
    web = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const machine = await server.register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    issued.add('client secret', web.clientSecret, machine.clientSecret)
    issued.add('master key', masterKey)

    for (const client of [spa, web]) {
      const user = await server.makeUser()
      issued.add('password', user.password)
      const first = await obtainTokens(server, client, user, { scope: 'openid offline_access' })
      issued.add('code', first.code)
      issued.add('verifier', first.verifier)
      issued.add('cookie', ...[...first.browser.cookies.values()].map(({ value }) => value))
      issued.add('token', ...Object.values(first.tokens).filter((value) => /^ey.*\..*\./.test(String(value))))
      const next = await refresh(server, client, first.tokens.refresh_token)
      assert.equal(next.statusCode, 200, next.body)
      issued.add('token', next.json().refresh_token, next.json().access_token)
      const unused = await obtainCode(server, client, user)
      issued.add('code', unused.code)

      const sessionId = (await deps.store.sessions.listOfUser(user.id))[0]?.id ?? ''
      await beginEnrolment(deps, user.id, sessionId, 'phone')
      const enrolment = await openEnrolment(deps, { id: user.id, label: 'x' }, sessionId, 'Postern')
      issued.add('authenticator', enrolment?.secret ?? '')
      const event = administrationEvent(deps, 'recovery_codes.issued', 'system', {})
      assert.equal(await issueRecoveryCodes(deps, user.id, sessionId, event), 'issued')
      const codes = (await unsavedRecoveryCodes(deps, user.id, sessionId)) ?? []
      assert.equal(codes.length, 10)
      issued.add('recovery code', ...codes, ...codes.map((code) => code.replaceAll('-', '')))
    }
    const machineToken = await server.post('/token', {
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: machine.clientSecret,
    })
    issued.add('token', machineToken.json().access_token)
    const links = [await newAdministratorLink(deps), await newInvitation(deps, 'ada@mail.example', [])]
    issued.add('link', ...links.map((link) => [...new URL(link.url).searchParams.values()].join('')))

    const { keys } = await deps.store.signingKeys.list()
    for (const { kid, privateKey } of keys) {
      const pkcs8 = privateKey && deps.sealer.open(privateKey, `signing_key/private_key/${kid}`)
      assert.ok(pkcs8)
      const {
        d = '',
        p = '',
        q = '',
      } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
        format: 'jwk',
      })
      issued.add('private key', pkcs8.toString('base64'), d, p, q)
    }
  })
  after(() => server.close())

  for (const byteaOutput of ['hex', 'escape'] as const) {
    test(`holds no credential in plain, base64, hex or quoted form, with bytea_output = ${byteaOutput} (A173)`, async () => {
      const dump = await copied(url, byteaOutput)
      assert.ok(dump.includes('COPY signing_key') && dump.includes('COPY refresh_family') && dump.length > 10_000)
      assert.deepEqual(await leaks(dump, issued), [])
      const planted = `${dump}${Buffer.from(issued.values[0] ?? '').toString('hex')}\n`
      assert.deepEqual(
        (await leaks(planted, issued)).map(({ kind, form }) => [kind, form]),
        [['client secret', 'hex']],
      )
    })
  }

  test('holds none in what pg_dump writes (A173)', async (t) => {
    const dump = await pgDump(url)
    if (dump === undefined) return t.skip('no pg_dump of the version of this server')
    assert.match(dump, /^COPY public\.signing_key /m)
    assert.deepEqual(await leaks(dump, issued), [])
  })

  test('has told the log none of them, at its most talkative (ASVS 16.2.5)', async () => {
    assert.ok(server.log.length > 20)
    assert.deepEqual(await leaks(server.log.join(''), issued), [])
  })

  test('lets nobody in with a stored digest or ciphertext in the place of what it stands for (A174)', async () => {
    const stored = await everyBytea(url)
    assert.ok(stored.length > 20)
    for (const bytes of stored) {
      for (const spelled of [bytes.toString('base64url'), bytes.toString('hex')]) {
        const answers = [
          await server.post('/token', codeForm(spa, spelled, randomBytes(32).toString('base64url'))),
          await server.post('/token', codeForm(spa, `ac_${spelled}`, randomBytes(32).toString('base64url'))),
          await refresh(server, spa, spelled),
          await server.post(
            '/token',
            { grant_type: 'refresh_token', refresh_token: 'x' },
            { authorization: `Basic ${Buffer.from(`${web.clientId}:${spelled}`).toString('base64')}` },
          ),
        ]
        assert.ok(answers.every(({ statusCode }) => [400, 401, 429].includes(statusCode)))
        const page = await server.app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${spelled}` } })
        assert.equal(page.statusCode, 401)
      }
    }
  })
})

/** What stands in the bytea columns of all tables. */
async function everyBytea(url: string): Promise<readonly Buffer[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ table: string; column: string }>(
    `select quote_ident(table_name) as table, quote_ident(column_name) as column
       from information_schema.columns where table_schema = 'public' and data_type = 'bytea'`,
  )
  const found: Buffer[] = []
  for (const { table, column } of rows) {
    const { rows: values } = await client.query<{ value: Buffer }>(
      `select ${column} as value from ${table} where ${column} is not null limit 4`,
    )
    found.push(...values.map(({ value }) => value))
  }
  await client.end()
  return found
}
