import { dropRetiredKey, PUBLIC_HALF_SECONDS, PUBLISHED_SECONDS, replaceKeyAtOnce, rotateKeys } from '../keys/rotate.ts'
import type { StoredKey } from '../store/signing-keys.ts'
import { ofUser } from '../telemetry/audit.ts'
import type { KeyEventFacts } from '../telemetry/key-event.ts'
import { type AdministrationDeps, type Administrator, defineAction } from './action.ts'
import { notFound, Refused } from './refused.ts'

/** A signing key and its way: made and published, signing, verifying what it signed, dropped. Nothing of its private half. */
export interface KeyTimeline {
  readonly kid: string
  readonly alg: string
  readonly state: StoredKey['state']
  /** Whether its private half is still held. */
  readonly canSign: boolean
  readonly createdAt: Date
  /** Since when validators can read it: keys are published as soon as they are made. */
  readonly publishedAt: Date
  /** The earliest instant at which every validator knows it. */
  readonly signsFrom: Date
  readonly activatedAt: Date | undefined
  readonly retiredAt: Date | undefined
  /** When a retired key is to be dropped: the last token that it signed has expired. */
  readonly droppedAt: Date | undefined
}

type Nothing = Record<never, never>

export const listKeys = defineAction({
  permission: 'keys:read',
  async run({ store }: AdministrationDeps, _actor, _input: Nothing) {
    const { now, keys } = await store.signingKeys.list()
    return { now, keys: keys.map(timeline) }
  },
})

/** Lets the next key sign from now on, once every validator knows it. */
export const rotateSigningKeys = defineAction({
  permission: 'keys:rotate',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, _input: Nothing) {
    const result = await rotateKeys(deps, ofUser(actor.userId), whose(actor))
    if (result.outcome === 'rotated') return { kid: result.kid }
    const wait = `wait ${result.waitSeconds} s`
    throw new Refused('conflict', `the next key has not been published long enough for every validator: ${wait}`)
  },
})

/** The emergency: the current key is gone at once, and what it signed is refused. */
export const replaceSigningKey = defineAction({
  permission: 'keys:rotate',
  needsFreshSignIn: true,
  run: (deps: AdministrationDeps, actor, _input: Nothing) => replaceKeyAtOnce(deps, ofUser(actor.userId), whose(actor)),
})

/** The emergency of a key that no longer signs: it is gone at once, and what it signed is refused. */
export const dropSigningKey = defineAction({
  permission: 'keys:rotate',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { kid }: { readonly kid: string }) {
    if (!(await dropRetiredKey(deps, kid, ofUser(actor.userId), whose(actor)))) throw notFound('retired key')
  },
})

const whose = ({ from, sessionId }: Administrator): KeyEventFacts => ({ ...from, sessionId })

const timeline = ({ kid, alg, state, privateKey, createdAt, activatedAt, retiredAt }: StoredKey): KeyTimeline => ({
  kid,
  alg,
  state,
  canSign: privateKey !== null,
  createdAt,
  publishedAt: createdAt,
  signsFrom: activatedAt ?? after(createdAt, PUBLISHED_SECONDS),
  activatedAt: activatedAt ?? undefined,
  retiredAt: retiredAt ?? undefined,
  droppedAt: retiredAt ? after(retiredAt, PUBLIC_HALF_SECONDS) : undefined,
})

const after = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1000)
