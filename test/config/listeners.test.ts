import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'
import { originElsewhere, ownUrl } from '../../src/config/listeners.ts'

type Variables = Readonly<Record<string, string>>
const load = (variables: Variables): Config => loadConfig(variables, () => '')
const PUBLIC = { ISSUER: 'https://id.example/auth' }

test('without a port there is no listener for administrators, and none for metrics (design.md §10)', () => {
  assert.deepEqual([load({}).admin, load({}).metrics], [undefined, undefined])
})

test('the listeners stay on this machine unless told otherwise (design.md §10)', () => {
  const { admin, metrics } = load({ ...PUBLIC, HOST: '0.0.0.0', ADMIN_PORT: '3001', METRICS_PORT: '9090' })
  assert.deepEqual(admin, { host: '127.0.0.1', port: 3001, origin: 'https://id.example:3001' })
  assert.deepEqual(metrics, { host: '127.0.0.1', port: 9090 })
  assert.equal(load({ ADMIN_PORT: '3001', ADMIN_HOST: '10.0.0.5' }).admin?.host, '10.0.0.5')
})

test('ADMIN_URL is where browsers reach administrators’ pages', () => {
  const { admin } = load({ ...PUBLIC, ADMIN_PORT: '3001', ADMIN_URL: 'https://id.example:8443' })
  assert.equal(admin?.origin, 'https://id.example:8443')
})

const FAULTS: readonly (readonly [string, Variables, string])[] = [
  ['the port of another listener', { ADMIN_PORT: '3000' }, 'ADMIN_PORT'],
  ['the metrics on the public port', { METRICS_PORT: '3000' }, 'METRICS_PORT'],
  ['the metrics on the administrators’ port', { ADMIN_PORT: '3001', METRICS_PORT: '3001' }, 'METRICS_PORT'],
  ['an address for a listener that is not there', { ADMIN_URL: 'https://id.example:3001' }, 'ADMIN_URL'],
  ['another host name', { ADMIN_PORT: '3001', ADMIN_URL: 'https://admin.example:3001' }, 'ADMIN_URL'],
  ['another scheme', { ISSUER: 'https://localhost', ADMIN_PORT: '1', ADMIN_URL: 'http://localhost:1' }, 'ADMIN_URL'],
  ['http off loopback', { ADMIN_PORT: '3001', ADMIN_URL: 'http://id.example:3001' }, 'ADMIN_URL'],
  ['a path', { ADMIN_PORT: '3001', ADMIN_URL: 'https://id.example:3001/x' }, 'ADMIN_URL'],
  ['no port', { ADMIN_PORT: '0' }, 'ADMIN_PORT'],
]
for (const [what, variables, variable] of FAULTS) {
  test(`listeners are refused with ${what}, and with a fix (design.md §10)`, () => {
    assert.throws(
      () => load({ ...PUBLIC, ...variables }),
      (error) => {
        assert.ok(error instanceof ConfigFaults)
        assert.deepEqual(
          error.faults.map((fault) => fault.variable),
          [variable],
        )
        return error.faults.every(({ fix }) => fix !== '')
      },
    )
  })
}

test('an address of ours is relative where the same listener serves it, and whole elsewhere', () => {
  const here = load({ ...PUBLIC, ADMIN_PORT: '3001' })
  const there = { ...here, origin: here.admin?.origin ?? '' }
  assert.equal(ownUrl(here, '/account'), '/auth/account')
  assert.equal(ownUrl(here, '/admin/users?page=2'), 'https://id.example:3001/auth/admin/users?page=2')
  assert.equal(ownUrl(here, '/administrators'), '/auth/administrators')
  assert.equal(ownUrl(there, '/admin'), '/auth/admin')
  assert.equal(ownUrl(there, '/login'), 'https://id.example/auth/login')
  assert.equal(originElsewhere(there, '/admin'), undefined)
  assert.equal(ownUrl(load(PUBLIC), '/admin'), '/auth/admin')
})
