import { z } from 'zod'
import {
  type FactorFacts,
  listDevices,
  listFactors,
  removeDevice,
  setDevicePosture,
} from '../../administration/belongings.ts'
import type { KnownDevice } from '../../store/known-devices.ts'
import { operation } from './operation.ts'
import { id, instantIn, instantOut } from './schemas.ts'

const factor = z
  .strictObject({
    id: z.string(),
    kind: z.literal('totp'),
    name: z.string(),
    created_at: instantOut,
    last_used_at: instantOut.nullable(),
  })
  .meta({ id: 'Factor' })

const device = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    posture: z.string().nullable(),
    posture_until: instantOut.nullable(),
    failures: z.int(),
    counts_as_stranger: z.boolean(),
    created_at: instantOut,
    last_seen_at: instantOut,
  })
  .meta({ id: 'Device' })

const factorOut = (one: FactorFacts): z.input<typeof factor> => ({
  id: one.id,
  kind: 'totp',
  name: one.name,
  created_at: one.createdAt,
  last_used_at: one.lastUsedAt,
})

const deviceOut = (one: KnownDevice): z.input<typeof device> => ({
  id: one.id,
  name: one.name,
  posture: one.posture,
  posture_until: one.postureUntil,
  failures: one.failures,
  counts_as_stranger: one.isVoid,
  created_at: one.createdAt,
  last_seen_at: one.lastSeenAt,
})

/** What a user signs in with, besides the password. */
export const belongingOperations = [
  operation({
    id: 'listFactors',
    method: 'GET',
    path: '/users/:id/factors',
    tag: 'users',
    summary: 'List the second factors of a user',
    action: listFactors,
    params: z.strictObject({ id }),
    status: 200,
    answer: z.strictObject({ items: z.array(factor) }),
    run: async (deps, actor, { params }) => ({
      body: { items: (await listFactors.run(deps, actor, { userId: params.id })).map(factorOut) },
    }),
  }),
  operation({
    id: 'listDevices',
    method: 'GET',
    path: '/users/:id/devices',
    tag: 'users',
    summary: 'List the devices that an account knows',
    action: listDevices,
    params: z.strictObject({ id }),
    status: 200,
    answer: z.strictObject({ items: z.array(device) }),
    run: async (deps, actor, { params }) => ({
      body: { items: (await listDevices.run(deps, actor, { userId: params.id })).map(deviceOut) },
    }),
  }),
  operation({
    id: 'setDevicePosture',
    method: 'PUT',
    path: '/users/:id/devices/:device/posture',
    tag: 'users',
    summary: 'State the posture of a device, as your inventory has it',
    action: setDevicePosture,
    params: z.strictObject({ id, device: id }),
    body: z.strictObject({ posture: z.enum(['compliant', 'noncompliant']), posture_until: instantIn.optional() }),
    status: 200,
    answer: device,
    async run(deps, actor, { params, body: { posture, posture_until: until } }) {
      const stated = { userId: params.id, deviceId: params.device, posture, until }
      return { body: deviceOut(await setDevicePosture.run(deps, actor, stated)) }
    },
  }),
  operation({
    id: 'removeDevice',
    method: 'DELETE',
    path: '/users/:id/devices/:device',
    tag: 'users',
    summary: 'Forget a device: the account takes it for a stranger',
    action: removeDevice,
    params: z.strictObject({ id, device: id }),
    status: 204,
    async run(deps, actor, { params }) {
      await removeDevice.run(deps, actor, { userId: params.id, deviceId: params.device })
      return {}
    },
  }),
]
