import { z } from 'zod'
import {
  dropSigningKey,
  type KeyTimeline,
  listKeys,
  replaceSigningKey,
  rotateSigningKeys,
} from '../../administration/keys.ts'
import { operation } from './operation.ts'
import { instantOut } from './schemas.ts'

const key = z
  .strictObject({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['next', 'current', 'retired']),
    can_sign: z.boolean(),
    created_at: instantOut,
    published_at: instantOut,
    signs_from: instantOut,
    activated_at: instantOut.nullable(),
    retired_at: instantOut.nullable(),
    dropped_at: instantOut.nullable(),
  })
  .meta({ id: 'SigningKey' })

const keyOut = (one: KeyTimeline): z.input<typeof key> => ({
  kid: one.kid,
  alg: one.alg,
  state: one.state,
  can_sign: one.canSign,
  created_at: one.createdAt,
  published_at: one.publishedAt,
  signs_from: one.signsFrom,
  activated_at: one.activatedAt ?? null,
  retired_at: one.retiredAt ?? null,
  dropped_at: one.droppedAt ?? null,
})

export const keyOperations = [
  operation({
    id: 'listKeys',
    method: 'GET',
    path: '/keys',
    tag: 'keys',
    summary: 'List the signing keys, newest first, with when each is published, signs, verifies and goes',
    action: listKeys,
    status: 200,
    answer: z.strictObject({ items: z.array(key) }),
    run: async (deps, actor) => ({ body: { items: (await listKeys.run(deps, actor, {})).keys.map(keyOut) } }),
  }),
  operation({
    id: 'rotateKeys',
    method: 'POST',
    path: '/keys/rotate',
    tag: 'keys',
    summary: 'Sign with the next key from now on; not before every validator can know it',
    action: rotateSigningKeys,
    status: 200,
    answer: z.strictObject({ kid: z.string() }),
    run: async (deps, actor) => ({ body: await rotateSigningKeys.run(deps, actor, {}) }),
  }),
  operation({
    id: 'dropKey',
    method: 'DELETE',
    path: '/keys/:kid',
    tag: 'keys',
    summary: 'A retired key has leaked: drop it at once. Everything that it signed is refused',
    action: dropSigningKey,
    params: z.strictObject({ kid: z.string().max(100) }),
    status: 204,
    async run(deps, actor, { params }) {
      await dropSigningKey.run(deps, actor, params)
      return {}
    },
  }),
  operation({
    id: 'replaceKeyAtOnce',
    method: 'POST',
    path: '/keys/emergency',
    tag: 'keys',
    summary: 'The current key has leaked: drop it at once. Everything that it signed is refused',
    action: replaceSigningKey,
    status: 200,
    answer: z.strictObject({ gone: z.string().nullable(), kid: z.string() }),
    async run(deps, actor) {
      const { gone, kid } = await replaceSigningKey.run(deps, actor, {})
      return { body: { gone: gone ?? null, kid } }
    },
  }),
]
