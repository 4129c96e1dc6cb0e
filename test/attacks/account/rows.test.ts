import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { sql } from 'kysely'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { arrive, ask, closeClean, rowsOf } from '../front-channel.ts'

const HITS = 200
const MOST_OPEN = 10
const MACHINE = { grant_types: ['client_credentials' as const], scope: '' }

suite('rows that strangers cause', () => {
  let server: TestServer
  let client: TestClient
  before(async () => {
    server = await startServer({
      CEILING_ADDRESS_PER_MINUTE: '100000',
      SMTP_URL: 'smtp://127.0.0.1:1',
      LIMIT_AUTH_PER_MINUTE: '10',
    })
    client = await server.register({})
  })
  after(() => closeClean(server))

  /** The rows of every table there is, so that none is forgotten. */
  async function rows(of: TestServer = server): Promise<ReadonlyMap<string, number>> {
    const { db } = of.database
    const tables = await sql<{ name: string }>`
      select table_name as name from information_schema.tables
       where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`.execute(db)
    const counted = new Map<string, number>()
    for (const { name } of tables.rows) {
      const { rows: found } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(db)
      counted.set(name, found[0]?.n ?? 0)
    }
    assert.ok(counted.size > 15, [...counted.keys()].join())
    return counted
  }
  const grown = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) =>
    Object.fromEntries([...after].map(([name, n]) => [name, n - (before.get(name) ?? 0)]).filter(([, n]) => n !== 0))
  async function sweptDry(): Promise<void> {
    while ((await server.deps.store.sweep.sweep()) > 0);
  }

  test('A158 two hundred requests of one browser keep ten rows, and the oldest gave way (design.md §5.2)', async () => {
    await sweptDry()
    const before = await rows()
    const browser = server.browser()
    const first = await arrive(browser, client)
    for (let hit = 0; hit < HITS; hit += 1) await ask(browser, client, { state: `s${hit}` })
    for (const path of ['/account', '/account/sessions', '/account/delete']) await browser.get(path)
    const { interaction, refusal: _refusal, ...more } = grown(before, await rows())
    assert.equal(interaction, MOST_OPEN)
    assert.deepEqual(more, {})
    const [, id = ''] = /\?id=([0-9a-f-]{36})/.exec(first.body) ?? []
    assert.equal((await browser.get(`/login?id=${id}`)).statusCode, 410)
  })

  test('A158 two hundred strangers leave one row each, which is gone after ten minutes (design.md §5.2)', async () => {
    server.clock.advance(7200)
    await sweptDry()
    const before = await rows()
    for (let hit = 0; hit < HITS; hit += 1) {
      const address = `203.0.113.${hit}`
      if (hit % 2 === 0) await ask(server.browser(address), client)
      else await server.browser(address).get('/account')
    }
    const { interaction, refusal: _refusal, ...more } = grown(before, await rows())
    assert.equal(interaction, HITS)
    assert.deepEqual(more, {})
    server.clock.advance(601)
    await sweptDry()
    const { refusal: _noted, ...left } = grown(before, await rows())
    assert.deepEqual(left, {})
  })

  test('A158 strangers who ask for links, sign in as nobody and redeem nonsense leave nothing that lasts (design.md §6)', async () => {
    server.clock.advance(7200)
    await sweptDry()
    const before = await rows()
    for (let hit = 0; hit < 30; hit += 1) {
      const browser = server.browser(`203.0.113.${hit}`)
      await browser.submit(await browser.get('/forgot-password'), { login: `nobody${hit}@mail.example` })
      await browser.submit(await arrive(browser, client), { username: `nobody${hit}`, password: 'x' })
      await server.post('/token', { grant_type: 'authorization_code', client_id: client.clientId, code: `ac_${hit}` })
      await server.post('/revoke', { client_id: client.clientId, token: `t${hit}` })
      await browser.get(`/reset-password?token=rp_${hit}`)
      await browser.get(`/verify-email?token=ve_${hit}`)
    }
    assert.deepEqual(
      [await rowsOf(server, 'session'), await rowsOf(server, 'authorization_code')],
      [before.get('session'), before.get('authorization_code')],
    )
    server.clock.advance(8 * 86_400) // what became of a mail, and why something was refused, can be looked up for a week
    await sweptDry()
    const left: Readonly<Record<string, number>> = grown(before, await rows())
    for (const [table, n] of Object.entries(left)) {
      assert.ok(table.startsWith('audit') || n < 0, `${table} ${n}`)
    }
  })

  test('A158 a flood of unknown clients stops at thirty rows a minute for its network, which lapse but for the audit (design.md §6, §7)', async () => {
    const guarded = await startServer({ CEILING_CLIENT_AUTH_PER_MINUTE: '30' })
    try {
      const machine = await guarded.register({ ...MACHINE, token_endpoint_auth_method: 'client_secret_basic' })
      const other = await guarded.register({ ...MACHINE, token_endpoint_auth_method: 'client_secret_basic' })
      const ask = (authorization: string) =>
        guarded.post('/token', { grant_type: 'client_credentials' }, { authorization })
      guarded.deps.refusals.take()
      const before = await rows(guarded)
      const statuses: number[] = []
      for (let hit = 0; hit < HITS; hit += 1) {
        const answer = await guarded.post('/token', { client_id: `nobody${hit}`, grant_type: 'x' })
        statuses.push(answer.statusCode)
      }
      const heard = statuses.filter((status) => status === 401).length
      assert.ok(heard >= 30 && heard <= 40, String(heard)) // and one more for every two seconds that this took
      assert.ok(statuses.slice(heard).every((status) => status === 429))
      assert.ok(guarded.deps.refusals.take().length <= 12)
      const { throttle, audit_event, audit_subject, audit_queue, ...more } = grown(before, await rows(guarded))
      assert.deepEqual(
        { throttle, audit_event, audit_subject, more },
        {
          throttle: heard,
          audit_event: heard,
          audit_subject: heard,
          more: {},
        },
      )
      assert.ok((audit_queue ?? 0) <= heard)
      // Whoever knows the secret goes on, there and elsewhere; and whoever does not is held up alike, known or not.
      assert.equal((await ask(machine.basic)).statusCode, 200)
      assert.equal((await ask(other.basic.replace(/.{6}$/, 'AAAAAA'))).statusCode, 429)
      const elsewhere = await guarded.app.inject({
        method: 'POST',
        url: '/token',
        remoteAddress: '198.51.100.7',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'client_id=nobody&grant_type=x',
      })
      assert.equal(elsewhere.statusCode, 401)
      guarded.clock.advance(61)
      while ((await guarded.deps.store.sweep.sweep()) > 0);
      assert.equal(grown(before, await rows(guarded))['throttle'], undefined)
    } finally {
      await closeClean(guarded)
    }
  })
})
