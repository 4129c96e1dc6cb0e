import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { newToken, systemRandom } from '../../src/base/random.ts'
import { Secret } from '../../src/base/secret.ts'
import { addressPrefix, createLog, type Log } from '../../src/telemetry/log.ts'

function capture(): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { log: createLog({ level: 'trace', destination: { write: (line) => void lines.push(line) } }), lines }
}

test('an event is one line of ASCII-safe JSON, whatever the text holds (A162)', () => {
  const { log, lines } = capture()
  const nasty = 'a\nb\r\u001b[31m"}\u0000\u007f\u0085\u009b2J\u2028\u2029\u202e\ufeff'
  log.info({ nasty }, nasty)
  assert.equal(lines.length, 1)
  const line = lines[0]?.slice(0, -1) ?? ''
  assert.doesNotMatch(line, /[^\u0020-\u007e]/)
  assert.deepEqual([JSON.parse(line).nasty, JSON.parse(line).message], [nasty, nasty])
})

test('only plain values are logged: an object, a secret or headers give nothing away (A163)', () => {
  const { log, lines } = capture()
  const headers = { authorization: 'Bearer hunter2' }
  log.info({ headers, list: [headers], secret: new Secret('hunter2'), count: 2, scopes: ['a', 'b'] }, 'event')
  assert.doesNotMatch(lines.join(), /hunter2/)
  const { count, scopes } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([count, scopes], [2, ['a', 'b']])
})

test('an error gives its message, code, stack and causes, and none of its other fields (A163)', () => {
  const { log, lines } = capture()
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'hunter2', parameters: ['hunter2'] })
  log.error(new Error('could not store', { cause }))
  log.error({ failure: cause }, 'again')
  assert.doesNotMatch(lines.join(), /hunter2/)
  const { err } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([err.message, err.cause.code, err.cause.message], ['could not store', '23505', 'duplicate key'])
  assert.match(err.stack, /log\.test\.ts/)
})

test('an error that causes itself is logged and ends', () => {
  const { log, lines } = capture()
  const error = new Error('loop')
  error.cause = error
  log.error(error)
  assert.equal(lines.length, 1)
})

test('a credential inside a message is masked (A163)', () => {
  const { log, lines } = capture()
  const code = newToken(systemRandom, 'ac_')
  log.error(new Error(`bad ${code} and eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.`))
  assert.ok(!lines.join().includes(code))
  assert.doesNotMatch(lines.join(), /eyJ/)
})

test('a request is logged by its route, never by its URL, headers or body (A163)', async () => {
  const { log, lines } = capture()
  const app = fastify({ loggerInstance: log })
  app.post('/reset/:token', async () => {
    throw new Error('boom')
  })
  const url = '/reset/hunter2?code=hunter2'
  await app.inject({ method: 'POST', url, headers: { cookie: 'sid=hunter2' }, payload: { password: 'hunter2' } })
  assert.doesNotMatch(lines.join(), /hunter2/)
  assert.deepEqual(JSON.parse(lines[0] ?? '').req, { method: 'POST', route: '/reset/:token', address: '127.0.0.0/24' })
  assert.deepEqual(JSON.parse(lines.at(-1) ?? '').res, { status: 500 })
})

test('an address is logged as its network, however it is written (controls.md row 4)', () => {
  const table = {
    '203.0.113.77': '203.0.113.0/24',
    '::ffff:203.0.113.77': '203.0.113.0/24',
    '::FFFF:CB00:714D': '203.0.113.0/24',
    '2001:DB8:0:0:1::1': '2001:db8:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    '1:2:3:4:5:6:7:8': '1:2:3:4::/64',
    '::1': '0:0:0:0::/64',
    'not an address': 'unknown',
    '': 'unknown',
  }
  for (const [address, prefix] of Object.entries(table)) assert.equal(addressPrefix(address), prefix, address)
})
