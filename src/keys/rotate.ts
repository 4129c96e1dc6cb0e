import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import { type KeyEventFacts, keyEvent } from '../telemetry/key-event.ts'
import { type KeyCustody, SIGNING_ALG } from './signer.ts'
import { REMEMBERED_SECONDS } from './signing-keys.ts'

/** How long validators may keep the key set. */
export const JWKS_MAX_AGE_SECONDS = 600
/** How long the next key is published before it signs: on every node, whose key set may be some seconds old itself. */
export const PUBLISHED_SECONDS = JWKS_MAX_AGE_SECONDS + REMEMBERED_SECONDS

/** A refresh token lives at most so long; a key that signed one is kept for a day more. */
export const PUBLIC_HALF_SECONDS = 8 * 86_400
/** The longest retry window there can be: after it nobody needs a retired key's signature again. */
const PRIVATE_HALF_SECONDS = 1800

interface RotationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'signingKeys'>
  readonly custody: KeyCustody
}

/** Sees to it that there is a key that signs and one that will sign next. Any number of nodes may do it at once. */
export async function ensureKeys(deps: RotationDeps): Promise<void> {
  const { keys } = await deps.store.signingKeys.list()
  for (const state of ['current', 'next'] as const) {
    if (keys.some((key) => key.alg === SIGNING_ALG && key.state === state)) continue
    const key = await deps.custody.create()
    await deps.store.signingKeys.add(key, state, keyEvent(deps, 'key.created', key.kid, 'system'))
  }
}

export type RotationOutcome =
  | { readonly outcome: 'rotated'; readonly kid: string }
  | { readonly outcome: 'too-young'; readonly waitSeconds: number }

/** Lets the next key sign from now on. Not before every validator can have read it. */
export async function rotateKeys(
  deps: RotationDeps,
  actor: string,
  from: KeyEventFacts = {},
): Promise<RotationOutcome> {
  await ensureKeys(deps)
  const { now, keys } = await deps.store.signingKeys.list()
  const next = keys.find((key) => key.alg === SIGNING_ALG && key.state === 'next')
  if (!next) return { outcome: 'too-young', waitSeconds: PUBLISHED_SECONDS } // another node has just let it sign
  const waitSeconds = Math.ceil(PUBLISHED_SECONDS - (now.getTime() - next.createdAt.getTime()) / 1000)
  const event = keyEvent(deps, 'key.rotated', next.kid, actor, from)
  const rotated = waitSeconds <= 0 && (await deps.store.signingKeys.promote(next.kid, PUBLISHED_SECONDS, event))
  if (!rotated) return { outcome: 'too-young', waitSeconds: Math.max(1, waitSeconds) }
  await ensureKeys(deps)
  return { outcome: 'rotated', kid: next.kid }
}

/** The periodic part: rotates when the current key is old enough, and forgets what no token needs. */
export async function rotateKeysWhenDue(deps: RotationDeps, rotationDays: number): Promise<void> {
  const { now, keys } = await deps.store.signingKeys.list()
  const current = keys.find((key) => key.alg === SIGNING_ALG && key.state === 'current')
  const age = current?.activatedAt ? now.getTime() - current.activatedAt.getTime() : 0
  if (age > rotationDays * 86_400_000) await rotateKeys(deps, 'system')
  await deps.store.signingKeys.tidy(PRIVATE_HALF_SECONDS, PUBLIC_HALF_SECONDS)
}

/**
 * The emergency, when a private key may have leaked: it is gone at once, and whatever it signed is refused. Families live
 * on: their clients need a new sign-in only because their refresh tokens no longer verify.
 */
export async function replaceKeyAtOnce(
  deps: RotationDeps,
  actor: string,
  from: KeyEventFacts = {},
): Promise<{ readonly gone: string | undefined; readonly kid: string }> {
  const key = await deps.custody.create()
  const gone = await deps.store.signingKeys.replaceAtOnce(key, keyEvent(deps, 'key.emergency', key.kid, actor, from))
  await ensureKeys(deps)
  return { gone, kid: key.kid }
}

/** The emergency of a key that no longer signs: it is gone at once, and what it signed is refused. @returns whether there was one */
export const dropRetiredKey = (
  deps: RotationDeps,
  kid: string,
  actor: string,
  from: KeyEventFacts = {},
): Promise<boolean> => deps.store.signingKeys.dropRetired(kid, keyEvent(deps, 'key.emergency', kid, actor, from))
