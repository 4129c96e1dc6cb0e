import type { Digest } from '../base/digest.ts'
import { newId } from '../base/random.ts'
import { type Provenance, signedUp } from '../telemetry/audit.ts'
import type { LetterDeps } from './letter.ts'
import { type EmailFault, emailFault, type UsernameFault, usernameFault } from './names.ts'
import { ownWords, type PasswordFault, type PasswordPolicy, passwordFaults } from './password-policy.ts'
import type { SignInDeps } from './sign-in.ts'
import { chargeAttempt } from './throttle.ts'
import { newAddressProof } from './verification.ts'

export interface SignUpDeps extends SignInDeps, LetterDeps {
  readonly config: SignInDeps['config'] &
    LetterDeps['config'] & { readonly usernameMax: number; readonly passwordPolicy: PasswordPolicy }
}

export interface SignUpForm {
  readonly username: string
  readonly email: string
  readonly password: string
}

/** Everything that is wrong with a form, field by field. */
export interface SignUpFaults {
  readonly username: UsernameFault | undefined
  readonly email: EmailFault | undefined
  readonly password: readonly PasswordFault[]
}

export type SignUpOutcome =
  | { readonly outcome: 'created'; readonly userId: string }
  | { readonly outcome: 'refused'; readonly faults: SignUpFaults }
  | { readonly outcome: 'wait'; readonly seconds: number }
  | { readonly outcome: 'busy' | 'link-used' }

/** What an account is made with, and why it may be made. */
export interface SignUpRight {
  readonly by: 'sign-up' | 'invitation' | 'first-administrator'
  /** The one-time link that this spends. */
  readonly link?: Digest
  readonly roles: readonly string[]
  /** Whether the address was proved by receiving the link. */
  readonly emailVerified: boolean
}

/** Makes an account: every fault of the form at once, one user or none. An address that is not proved yet gets a link. Does not sign in. */
export async function signUp(
  deps: SignUpDeps,
  form: SignUpForm,
  right: SignUpRight,
  from: Provenance,
): Promise<SignUpOutcome> {
  const username = usernameFault(form.username, deps.config.usernameMax)
  const email = emailFault(form.email)
  const password = passwordFaults(deps.config.passwordPolicy, form.password, ownWords(form, deps.config.issuer))
  if (username || email || password.length > 0) return { outcome: 'refused', faults: { username, email, password } }

  const seconds = await chargeAttempt(deps, from.address, undefined)
  if (seconds > 0) return { outcome: 'wait', seconds }
  const hashed = await deps.passwords.hash(form.password)
  if (hashed === 'busy') return { outcome: 'busy' }

  const id = newId(deps.random, deps.clock.now())
  const { emailVerified, roles, link, by } = right
  const user = { id, username: form.username, email: form.email, emailVerified, claims: {}, password: hashed, roles }
  const proof = emailVerified ? undefined : newAddressProof(deps, user, from)
  const made = await deps.store.users.create(user, signedUp(deps, from, id, by), link, proof)
  if (made === 'created') return { outcome: 'created', userId: id }
  if (made === 'link-used') return { outcome: made }
  const taken = (field: 'username' | 'email') => (made === `${field}-taken` ? ('taken' as const) : undefined)
  return { outcome: 'refused', faults: { username: taken('username'), email: taken('email'), password: [] } }
}
