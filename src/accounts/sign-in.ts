import { type Digest, digestOf } from '../base/digest.ts'
import { newId, newToken } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import type { SignIn } from '../store/sessions.ts'
import { canonical, type User, type UserWithPassword } from '../store/users.ts'
import { type Provenance, signedIn, signInFailed } from '../telemetry/audit.ts'
import { countAttempt, deviceOf, nobody, uncountAttempt } from './known-devices.ts'
import type { LetterDeps } from './letter.ts'
import { newDeviceNotice } from './notices.ts'
import type { Passwords } from './password.ts'
import { chargeAttempt, chargeDevice } from './throttle.ts'

export interface SignInDeps extends LetterDeps {
  readonly store: Pick<Store, 'throttle' | 'users' | 'sessions' | 'knownDevices' | 'passwords' | 'audit'>
  readonly passwords: Passwords
  readonly config: LetterDeps['config'] & { readonly limitAuthPerMinute: number; readonly sessionMaxSeconds: number }
}

/** The two secrets of a session; its cookies carry them and the database has their digests. */
export interface SessionSecrets {
  readonly strict: string
  readonly lax: string
}

export type SignInOutcome =
  | {
      readonly outcome: 'signed-in'
      readonly userId: string
      readonly sessionId: string
      readonly secrets: SessionSecrets
    }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'wait'; readonly seconds: number }
  | { readonly outcome: 'busy' }

/** Where a sign-in happens: the interaction that asked for it, and the session the browser had before. */
export interface SignInPlace {
  readonly from: Provenance
  readonly interactionId: string | undefined
  readonly clientId: string | undefined
  readonly replaces: Digest | undefined
  /** The secret of the browser's device cookie, made now where it had none. */
  readonly device: string
}

/**
 * Signs a user in by password. Whether the account is unknown, disabled, without a password, closed to strangers, or the
 * password wrong: the same outcome after the same work. Limits are charged before anything is hashed; a device that the
 * account knows has its own.
 */
export async function signIn(
  deps: SignInDeps,
  credentials: { readonly login: string; readonly password: string },
  place: SignInPlace,
): Promise<SignInOutcome> {
  const user = await deps.store.users.findForSignIn(credentials.login, digestOf(place.device))
  const deviceId = user?.deviceId ?? undefined
  const seconds = deviceId
    ? await chargeDevice(deps, deviceId)
    : await chargeAttempt(deps, place.from.address, user?.id ?? canonical(credentials.login))
  if (seconds > 0) return { outcome: 'wait', seconds }

  const tried = user ?? nobody(credentials.login)
  const [mayBeRight, verdict] = await Promise.all([
    countAttempt(deps, tried, place.from),
    deps.passwords.check(credentials.password, user?.password, deviceId ? 'owners' : 'strangers'),
  ])
  if (verdict === 'busy') {
    if (mayBeRight) await uncountAttempt(deps, tried)
    return { outcome: 'busy' }
  }
  if (!mayBeRight || verdict === 'wrong' || !user || user.disabledAt) {
    // For an account that is not there too: an answer that waits for no row would tell so by the clock.
    await deps.store.audit.record(signInFailed(deps, place.from, failure(user, mayBeRight), user?.id))
    return { outcome: 'wrong' }
  }
  if (verdict === 'upgrade') await upgrade(deps, user, credentials.password)
  const notices = deviceId ? [] : newDeviceNotice(deps, user, place.from)
  return await beginSession(deps, user, place, { isKnownDevice: deviceId !== undefined, notices })
}

const failure = (user: User | undefined, mayBeRight: boolean): string => {
  if (!user) return 'unknown user'
  if (user.disabledAt) return 'disabled user'
  return mayBeRight ? 'wrong password' : 'closed to strangers'
}

async function upgrade(deps: SignInDeps, { id, password }: UserWithPassword, plain: string): Promise<void> {
  const stronger = await deps.passwords.hash(plain)
  if (password && stronger !== 'busy') await deps.store.passwords.upgrade(id, password, stronger)
}

/** Begins the session of a user whose credentials were just proved, or who was just made. */
export async function beginSession(
  deps: SignInDeps,
  user: Pick<User, 'id' | 'epoch'>,
  place: SignInPlace,
  device: Pick<SignIn, 'isKnownDevice' | 'notices'> = { isKnownDevice: false },
): Promise<SignInOutcome> {
  const secrets = { strict: newToken(deps.random, 'ss_'), lax: newToken(deps.random, 'sl_') }
  const sessionId = newId(deps.random, deps.clock.now())
  const amr = ['pwd']
  const started = await deps.store.sessions.signIn(
    {
      sessionId,
      userId: user.id,
      userEpoch: user.epoch,
      strictDigest: digestOf(secrets.strict),
      laxDigest: digestOf(secrets.lax),
      authTime: deps.clock.now(),
      acr: 'urn:postern:pwd',
      amr,
      address: place.from.address,
      userAgent: place.from.userAgent,
      maxSeconds: deps.config.sessionMaxSeconds,
      interactionId: place.interactionId,
      device: deviceOf(deps, place.device, place.from),
      ...device,
    },
    place.replaces,
    signedIn(deps, place.from, { userId: user.id, sessionId, clientId: place.clientId, amr }),
  )
  if (started === undefined) return { outcome: 'wrong' }
  return { outcome: 'signed-in', userId: user.id, sessionId: started, secrets }
}
