import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { newId } from '../../src/base/random.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { startShell } from '../cli/shell.ts'

const { deps, run, json, audited } = await startShell()
const { store, random, clock } = deps
const id = () => newId(random, clock.now())
const event = (type: string) => administrationEvent(deps, type, 'operator', {})

const userId = id()
const user = { id: userId, username: 'alice', email: undefined, emailVerified: false, claims: {}, roles: [] }
await store.users.create({ ...user, password: { phc: 'not looked at', peppered: true } }, event('user.created'))

async function signIn(): Promise<string> {
  const deviceId = id()
  const [strict, lax, secret] = ['ss', 'sl', 'dv'].map((prefix) => digestOf(prefix + random.bytes(32).toString('hex')))
  const device = { id: deviceId, digest: secret!, name: 'Firefox\u001b[2J on Linux' }
  const where = { address: '198.51.100.0/24', userAgent: 'a browser', interactionId: undefined, maxSeconds: 3600 }
  const session = { sessionId: id(), userId, userEpoch: 0, strictDigest: strict!, laxDigest: lax!, ...where }
  const authentication = { authTime: clock.now(), acr: 'urn:postern:pwd', amr: ['pwd'] }
  const begun = { ...session, ...authentication, device, isKnownDevice: false }
  await store.sessions.signIn(begun, undefined, event('user.signed_in'))
  return deviceId
}

test('an operator lists the devices of an account, states what the inventory says of one, and removes it', async () => {
  assert.equal((await run(['device', 'list', 'alice'])).out, 'No devices.\n')
  const device = await signIn()
  const until = new Date(Date.now() + 3_600_000).toISOString()
  assert.equal((await json(['device', 'set', device, '--posture', 'compliant', '--until', until])).posture, 'compliant')
  const list = await run(['device', 'list', 'alice'])
  assert.match(list.out, new RegExp(`${device}  compliant  ${until}`))
  assert.equal(list.out.includes('\u001b'), false)
  await json(['device', 'set', device, '--posture', 'noncompliant'])
  const [shown] = (await json(['device', 'list', 'alice'])).devices as Record<string, unknown>[]
  assert.deepEqual(
    { posture: shown?.posture, until: shown?.posture_until, void: shown?.void },
    { posture: 'noncompliant', until: null, void: false },
  )
  assert.equal((await json(['device', 'remove', device])).removed, true)
  assert.deepEqual(await json(['device', 'list', 'alice']), { devices: [] })
  assert.equal(await audited('device.posture_set'), 2)
  assert.equal(await audited('device.removed'), 1)
})

test('a statement without an end, a time that cannot be read, and a device that is not there are refused', async () => {
  const device = await signIn()
  for (const [args, code] of [
    [['set', device], 2],
    [['set', device, '--posture', 'fine', '--until', '2030-01-01'], 2],
    [['set', device, '--posture', 'compliant'], 2],
    [['set', device, '--posture', 'compliant', '--until', 'tomorrow'], 2],
    [['set', device, '--posture', 'compliant', '--until', '2030-01-01T08:00'], 2],
    [['set', 'x', '--posture', 'compliant', '--until', '2030-01-01'], 2],
    [['set', id(), '--posture', 'compliant', '--until', '2030-01-01'], 1],
    [['remove', id()], 1],
    [['remove', 'x'], 2],
    [['list', 'nobody'], 1],
  ] as const)
    assert.equal((await run(['device', ...args])).code, code, args.join(' '))
})

test('an operator unlocks an account that strangers have closed', async () => {
  assert.equal((await json(['user', 'unlock', 'alice'])).unlocked, false)
  for (let guess = 0; guess < 101; guess++)
    await store.knownDevices.countGuess(userId, event('account.strangers_closed'))
  assert.equal((await json(['user', 'unlock', 'alice'])).unlocked, true)
  assert.equal(await store.knownDevices.countGuess(userId, event('account.strangers_closed')), true)
  assert.equal(await audited('user.unlocked'), 1)
})
