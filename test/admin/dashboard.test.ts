import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { PERMISSIONS } from '../../src/protocol/permission.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { apiAs, registerAdminClient, signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { ENGINE_NAMES, obtainTokens, PASSWORD, startServer, type TestServer } from '../support/server.ts'

interface Period {
  readonly from: string
  readonly sign_ins: number
  readonly failed_sign_ins: number
  readonly codes_redeemed: number
}

interface Statistics {
  readonly at: string
  readonly hours: readonly Period[]
  readonly days: readonly Period[]
  readonly active_sessions?: number
  readonly users?: { readonly total: number; readonly disabled: number }
  readonly clients?: { readonly total: number; readonly disabled: number }
}

const HOUR = 3600
const DAY = 24 * HOUR

for (const engine of ENGINE_NAMES) {
  suite(`how the server does, on ${engine}`, () => {
    let server: TestServer
    before(async () => {
      server = await startServer({}, engine)
    })
    after(() => server.close())
    const event = () => administrationEvent(server.deps, 'test', 'operator', {})
    const role = (name: string, permissions: readonly string[]) =>
      server.deps.store.roles.put({ name, description: '', permissions }, event())

    test('sign-ins, failed ones and codes are counted by hour and by day, and sessions while they live', async () => {
      const client = await server.register({})
      const user = await server.makeUser()
      const signInBadly = async () => {
        const browser = server.browser()
        const page = await browser.follow(await browser.get('/account'))
        await browser.submit(page, { username: user.username, password: `${PASSWORD}x` })
      }
      const intoTheHour = Math.floor(server.clock.now().getTime() / 1000) % HOUR
      server.clock.advance(HOUR - intoTheHour + 60) // no hour ends while it is looked at
      await obtainTokens(server, client, user)
      await signInBadly()
      server.clock.advance(2 * HOUR)
      await signInBadly()
      await signInBadly()

      const admin = await registerAdminClient(server)
      const { call } = await apiAs(server, admin, ['administrator'])
      const read = async () => (await call('GET', '/statistics')).json<Statistics>()
      const now = await read()
      const [ago, earlier, last] = now.hours.slice(-3)
      assert.equal(now.hours.length, 24)
      assert.deepEqual([ago?.sign_ins, ago?.failed_sign_ins, ago?.codes_redeemed], [1, 1, 1])
      assert.deepEqual([earlier?.sign_ins, earlier?.failed_sign_ins, earlier?.codes_redeemed], [0, 0, 0])
      assert.deepEqual([last?.sign_ins, last?.failed_sign_ins, last?.codes_redeemed], [1, 2, 1]) // the administrator's own
      assert.equal(new Date(last?.from ?? '').getTime() % (HOUR * 1000), 0)
      assert.ok(new Date(last?.from ?? '') <= new Date(now.at))
      assert.equal(now.days.length, 14)
      const sum = (periods: readonly Period[]) => periods.reduce((all, one) => all + one.failed_sign_ins, 0)
      assert.equal(sum(now.days), 3)
      assert.ok(now.days.every(({ from }) => from.endsWith('T00:00:00.000Z')))
      assert.equal(now.active_sessions, 1, 'the other one has been idle for two hours')
      assert.deepEqual(
        [now.users, now.clients],
        [
          { total: 2, disabled: 0 },
          { total: 2, disabled: 0 },
        ],
      )

      server.clock.advance(13 * DAY)
      const { call: later } = await apiAs(server, admin, ['administrator'])
      const then = (await later('GET', '/statistics')).json<Statistics>()
      assert.ok(sum(then.days) <= 3)
      server.clock.advance(DAY)
      const { call: latest } = await apiAs(server, admin, ['administrator'])
      assert.equal(sum((await latest('GET', '/statistics')).json<Statistics>().days), 0)
    })

    test('the dashboard shows the numbers as charts that say what they show, with a table beside', async () => {
      const { browser } = await signInAsAdministrator(server)
      const page = await browser.get('/admin')
      assert.equal(page.statusCode, 200, page.body)
      assert.match(page.body, /<svg [^>]*role="img" aria-label="Failed sign-ins by hour: \d+ in all/)
      assert.equal(page.body.match(/<figure class="chart"/g)?.length, 6)
      assert.match(page.body, /<table id="hours">/)
      assert.match(page.body, /<table id="days">/)
      assert.match(page.body, /id="totals"/)
    })

    test('what doctor finds, the keys and the last changes stand on it', async () => {
      await server.register({
        client_id: 'lax',
        token_endpoint_auth_method: 'client_secret_basic',
        require_pkce: false,
      })
      const { browser, user } = await signInAsAdministrator(server)
      const { body } = await browser.get('/admin')
      assert.match(body, /client lax may leave PKCE out/)
      assert.match(body, /postern client update lax --require-pkce/)
      assert.doesNotMatch(body, /keys\.current/, 'what is well is not told')
      const { keys } = await server.deps.store.signingKeys.list()
      for (const { kid } of keys) assert.ok(body.includes(kid))
      assert.match(body, new RegExp(`<a href="/admin/users/${user.id}"><bdi>${user.username}</bdi></a>`))
    })

    test('each of the last changes leads to its event', async () => {
      const { browser } = await signInAsAdministrator(server)
      const [, way = ''] = /<a href="(\/admin\/audit\/[0-9a-f-]{36})">/.exec((await browser.get('/admin')).body) ?? []
      assert.equal((await browser.get(way)).statusCode, 200)
    })

    test('any permission opens it, and each shows its own part alone', async () => {
      const parts: Readonly<Record<string, readonly string[]>> = {
        'audit:read': ['id="hours"', 'id="days"', 'id="findings"', 'id="administration"'],
        'keys:read': ['Signs now'],
        'sessions:read': ['Active sessions'],
        'users:read': ['>Users</a></dt>'],
        'clients:read': ['>Clients</a></dt>'],
      }
      for (const permission of PERMISSIONS) {
        await role(`only-${permission}`, [permission])
        const { browser, user } = await signInAs(server, [`only-${permission}`])
        const page = await browser.get('/admin')
        assert.equal(page.statusCode, 200, permission)
        for (const [needed, signs] of Object.entries(parts)) {
          for (const sign of signs)
            assert.equal(page.body.includes(sign), needed === permission, `${permission}: ${sign}`)
        }
        if (permission === 'audit:read') {
          const list = page.body.slice(page.body.indexOf('id="administration"'))
          assert.ok(!list.includes(user.username), 'names are for who may read users')
        }
      }
    })

    test('who may do nothing there is refused', async () => {
      const { browser } = await signInAs(server, [])
      assert.equal((await browser.get('/admin')).statusCode, 403)
    })

    test('the totals of the API are those of what the caller may read', async () => {
      const admin = await registerAdminClient(server)
      await role('auditor', ['audit:read'])
      const { call } = await apiAs(server, admin, ['auditor'])
      const answer = (await call('GET', '/statistics')).json<Statistics>()
      assert.deepEqual(Object.keys(answer).sort(), ['at', 'days', 'hours'])
    })
  })
}
