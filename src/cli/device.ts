import { isId } from '../base/random.ts'
import type { KnownDevice } from '../store/known-devices.ts'
import { operated } from './change.ts'
import type { Command } from './command.ts'
import { findUser } from './find-user.ts'
import { instant } from './instant.ts'
import { table } from './output.ts'
import { Refusal, UsageError } from './refusal.ts'

const shown = ({ id, name, posture, postureUntil, failures, isVoid, createdAt, lastSeenAt }: KnownDevice) => ({
  id,
  name,
  posture,
  posture_until: postureUntil,
  failures,
  void: isVoid,
  created_at: createdAt,
  last_seen_at: lastSeenAt,
})

/** What the policy looks for, and what makes it refuse. */
const POSTURES = ['compliant', 'noncompliant']

export const deviceCommands: readonly Command[] = [
  {
    name: 'device list',
    summary: 'List the devices that an account knows.',
    words: ['USER'],
    async run(context, given) {
      const { store } = await context.deps()
      const devices = await store.knownDevices.list((await findUser(store, given.word(0))).id)
      const rows = devices.map(shown)
      const names = ['id', 'posture', 'posture_until', 'last_seen_at', 'name'] as const
      const text = table(
        names,
        rows.map((row) => names.map((name) => row[name])),
      )
      return { text: rows.length === 0 ? 'No devices.' : text, json: { devices: rows } }
    },
  },
  {
    name: 'device set',
    summary: 'State the posture of a device, as your inventory has it.',
    words: ['ID'],
    options: {
      posture: { type: 'string', value: 'POSTURE', meaning: 'compliant or noncompliant.' },
      until: { type: 'string', value: 'TIME', meaning: 'When the statement loses its worth: 2026-01-31T08:00:00Z.' },
    },
    async run(context, given) {
      const id = deviceId(given.word(0))
      const posture = given.text('posture')
      if (posture === undefined || !POSTURES.includes(posture))
        throw new UsageError('--posture is compliant or noncompliant')
      const until = instant(given.text('until'))
      if (posture === 'compliant' && !until) throw new UsageError('--until TIME is missing: compliance has an end')
      const deps = await context.deps()
      const detail = { device: id, posture, ...(until && { until: until.toISOString() }) }
      const event = operated(deps, 'device.posture_set', { detail })
      if (!(await deps.store.knownDevices.setPosture(id, posture, until, event))) throw new Refusal(UNKNOWN)
      const text = until ? `${posture} until ${until.toISOString()}` : posture
      return { text: `Device ${id} is ${text}.`, json: { id, posture, posture_until: until ?? null } }
    },
  },
  {
    name: 'device remove',
    summary: 'Forget a device: the account takes it for a stranger, and so do the sessions that began on it.',
    words: ['ID'],
    async run(context, given) {
      const id = deviceId(given.word(0))
      const deps = await context.deps()
      const event = operated(deps, 'device.removed', { detail: { device: id } })
      if (!(await deps.store.knownDevices.remove(id, event))) throw new Refusal(UNKNOWN)
      return { text: `Removed device ${id}.`, json: { id, removed: true } }
    },
  },
]

const UNKNOWN = 'there is no such device'

function deviceId(word: string): string {
  if (!isId(word)) throw new UsageError('ID is the id of a device, as device list prints it')
  return word
}
