import { digestOf } from '../base/digest.ts'
import { newToken } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import { accountEvent, type Provenance } from '../telemetry/audit.ts'
import { countAttempt, uncountAttempt } from './known-devices.ts'
import type { LetterDeps } from './letter.ts'
import { passwordChangedNotice } from './notices.ts'
import { ownWords, type PasswordFault, type PasswordPolicy, passwordFaults } from './password-policy.ts'
import type { SessionSecrets, SignInDeps } from './sign-in.ts'
import { chargeAttempt, chargeDevice } from './throttle.ts'

export interface ChangePasswordDeps extends SignInDeps, LetterDeps {
  readonly store: SignInDeps['store'] & Pick<Store, 'account'>
  readonly config: SignInDeps['config'] & LetterDeps['config'] & { readonly passwordPolicy: PasswordPolicy }
}

export type ChangePasswordOutcome =
  | { readonly outcome: 'changed'; readonly secrets: SessionSecrets }
  | { readonly outcome: 'refused'; readonly faults: 'same' | readonly PasswordFault[] }
  | { readonly outcome: 'wait'; readonly seconds: number }
  | { readonly outcome: 'wrong' | 'busy' }

/**
 * Changes the password of who knows the present one. Every other session and every grant ends; the session that did it goes
 * on under new secrets.
 */
export async function changePassword(
  deps: ChangePasswordDeps,
  place: OwnPlace & { readonly sessionId: string },
  { current, password }: { readonly current: string; readonly password: string },
): Promise<ChangePasswordOutcome> {
  const verdict = await confirmPassword(deps, place, current)
  if (typeof verdict === 'object') return verdict
  const user = await deps.store.users.find({ id: place.userId })
  if (!user) return { outcome: 'wrong' }
  if (current === password) return { outcome: 'refused', faults: 'same' }
  const faults = passwordFaults(deps.config.passwordPolicy, password, ownWords(user, deps.config.issuer))
  if (faults.length > 0) return { outcome: 'refused', faults }
  const hashed = await deps.passwords.hash(password)
  if (hashed === 'busy') return { outcome: 'busy' }
  const secrets = { strict: newToken(deps.random, 'ss_'), lax: newToken(deps.random, 'sl_') }
  const keep = { id: place.sessionId, strictDigest: digestOf(secrets.strict), laxDigest: digestOf(secrets.lax) }
  const event = accountEvent(deps, 'password.changed', place)
  await deps.store.account.changePassword(user.id, hashed, keep, event, passwordChangedNotice(deps, user, place.from))
  return { outcome: 'changed', secrets }
}

/** Who is signed in, and on which device, when the account knows it. */
export interface OwnPlace {
  readonly userId: string
  readonly deviceId: string | null
  readonly from: Provenance
}

/**
 * Whether a signed-in user knows their password. Limited and counted as at sign-in: who took over a session must not guess
 * on, and strangers must not hold up who is on a known device.
 */
export async function confirmPassword(
  deps: SignInDeps,
  { userId, deviceId, from }: OwnPlace,
  password: string,
): Promise<'right' | { readonly outcome: 'wrong' | 'busy' } | { readonly outcome: 'wait'; readonly seconds: number }> {
  const isKnown = deviceId !== null
  const seconds = isKnown ? await chargeDevice(deps, deviceId) : await chargeAttempt(deps, from.address, userId)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const user = await deps.store.users.find({ id: userId })
  if (!user) return { outcome: 'wrong' }
  const tried = { ...user, deviceId }
  const mayBeRight = await countAttempt(deps, tried, from)
  const stored = await deps.store.passwords.find(userId)
  const verdict = await deps.passwords.check(password, stored, isKnown ? 'owners' : 'strangers')
  if (!mayBeRight || verdict === 'wrong') return { outcome: 'wrong' }
  await uncountAttempt(deps, tried)
  return verdict === 'busy' ? { outcome: verdict } : 'right'
}
