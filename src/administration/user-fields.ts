import { emailFault, SHORTEST_USERNAME, usernameFault } from '../accounts/names.ts'
import { ownWords, passwordFaults } from '../accounts/password-policy.ts'
import { type UserClaims, userClaims } from '../protocol/standard-claims.ts'
import type { User } from '../store/users.ts'
import type { AdministrationDeps } from './action.ts'
import { type FieldFault, Refused } from './refused.ts'

/** Standard claims as they are to be; `null` takes one away, and what is left out stays. */
export type ClaimsChange = Readonly<Record<string, unknown>>

/** The claims after a change. @throws Refused for what is no standard claim, or no value of one */
export function changedClaims(stored: UserClaims, change: ClaimsChange = {}): UserClaims {
  const kept = Object.entries({ ...stored, ...change }).filter(([, value]) => value !== null)
  const parsed = userClaims.safeParse(Object.fromEntries(kept))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => ({ field: ['claims', ...path].join('.'), message }))
  throw new Refused('invalid_request', 'some claims are not valid', faults)
}

/** What is wrong with a new user name, address or password. What is absent is not looked at. @throws Refused */
export function refuseBadFields(
  { config }: Pick<AdministrationDeps, 'config'>,
  fields: { readonly username?: string | undefined; readonly email?: string | undefined },
  password?: { readonly password: string; readonly username: string; readonly email: string | null },
): void {
  const faults: FieldFault[] = []
  const name = fields.username === undefined ? undefined : usernameFault(fields.username, config.usernameMax)
  const characters = `must be ${SHORTEST_USERNAME} to ${config.usernameMax} of A-Z a-z 0-9 _`
  if (name) faults.push({ field: 'username', message: name === 'reserved' ? 'is reserved' : characters })
  if (fields.email !== undefined && emailFault(fields.email)) {
    faults.push({ field: 'email', message: 'must be an e-mail address' })
  }
  const broken = password
    ? passwordFaults(config.passwordPolicy, password.password, ownWords(password, config.issuer))
    : []
  if (broken.length > 0) faults.push({ field: 'password', message: `breaks the policy: ${broken.join(', ')}` })
  if (faults.length > 0) throw new Refused('invalid_request', 'some fields are not valid', faults)
}

/** @throws Refused where a name or an address belongs to somebody else */
export function refuseTaken(outcome: string): void {
  for (const field of ['username', 'email']) {
    if (outcome !== `${field}-taken`) continue
    throw new Refused('conflict', 'another user has this', [{ field, message: 'is taken' }])
  }
}

/** A profile by the names that events use. */
export const describeProfile = ({
  username,
  email,
  emailVerified,
  claims,
}: Pick<User, 'username' | 'email' | 'emailVerified' | 'claims'>): Readonly<Record<string, unknown>> => ({
  username,
  email,
  email_verified: emailVerified,
  ...claims,
})

/**
 * What an event says of a changed profile: which fields, and how they were and are. The audit log is never rewritten, so
 * that what belongs to a person, and may have to be erased, stands beside it.
 */
export function profileFacts(before: Parameters<typeof describeProfile>[0], after: typeof before) {
  const [was, is] = [describeProfile(before), describeProfile(after)]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  const fields = names.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
  return {
    detail: { fields },
    before: { email_verified: before.emailVerified },
    after: { email_verified: after.emailVerified },
    personal: { before: was, after: is },
  }
}
