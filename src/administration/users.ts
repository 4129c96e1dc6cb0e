import { invite } from '../accounts/invitation.ts'
import { emailChangedNotices } from '../accounts/notices.ts'
import { newAddressProof } from '../accounts/verification.ts'
import { isId, newId } from '../base/random.ts'
import type { UserFilter, UserProfile } from '../store/user-profiles.ts'
import { canonical, type StoredPassword } from '../store/users.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { quicker, unchangedSince, type Versioned } from './change.ts'
import { refuseActingOn } from './reach.ts'
import { notFound, Refused } from './refused.ts'
import {
  type ClaimsChange,
  changedClaims,
  describeProfile,
  profileFacts,
  refuseBadFields,
  refuseTaken,
} from './user-fields.ts'

/** Which part of a list: what comes after a position, in the order of the list. */
export interface Part {
  readonly after: string | undefined
  readonly limit: number
}

export const listUsers = defineAction({
  permission: 'users:read',
  run: ({ store }: AdministrationDeps, _actor, { after, limit, ...filter }: UserFilter & Part) =>
    store.userProfiles.search(filter, after, limit),
})

/** The position of a user in their list. */
export const positionOfUser = ({ username }: { readonly username: string }): string => canonical(username)

export const readUser = defineAction({
  permission: 'users:read',
  run: (deps: AdministrationDeps, _actor, { userId }: { readonly userId: string }) => profileOf(deps, userId),
})

export interface NewUserFields {
  readonly username: string
  readonly email?: string | undefined
  readonly emailVerified?: boolean | undefined
  /** Without one they cannot sign in before they have set it by a link. */
  readonly password?: string | undefined
  readonly claims?: ClaimsChange | undefined
}

export const createUser = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, fields: NewUserFields): Promise<UserProfile> {
    const { username, email, emailVerified = false, password } = fields
    const claims = changedClaims({}, fields.claims)
    refuseBadFields(deps, fields, password === undefined ? undefined : { password, username, email: email ?? null })
    if (emailVerified && email === undefined) {
      throw new Refused('invalid_request', 'there is no address', [{ field: 'email', message: 'is missing' }])
    }
    const id = newId(deps.random, deps.clock.now())
    const hashed = await hash(deps, password)
    const user = { id, username, email, emailVerified, claims, password: hashed, roles: [] }
    const after = { email_verified: emailVerified, has_password: hashed !== undefined }
    const personal = { after: describeProfile({ username, email: email ?? null, emailVerified, claims }) }
    const facts = { userId: id, detail: { by: 'administrator' }, after, personal }
    const event = administered(deps, actor, 'user.created', facts)
    const mustProve = hashed !== undefined && !emailVerified // a link that sets the first password proves the address too
    const proof = mustProve ? newAddressProof(deps, { username, email: email ?? null, claims }, actor.from) : undefined
    refuseTaken(await deps.store.users.create(user, event, undefined, proof))
    return await profileOf(deps, id)
  },
})

export const inviteUser = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, { email }: { readonly email: string }) {
    refuseBadFields(deps, { email })
    if (await deps.store.users.find({ login: email })) refuseTaken('email-taken')
    const language = actor.from.language ?? 'en'
    return await invite(deps, { email, roles: [], language }, administered(deps, actor, 'invitation.created', {}))
  },
})

/** What is said of a profile; what is left out stays. */
export interface UserFields {
  readonly username?: string | undefined
  /** `null`: none any more. A new address is not verified unless that is said with it. */
  readonly email?: string | null | undefined
  readonly emailVerified?: boolean | undefined
  readonly claims?: ClaimsChange | undefined
}

export const updateUser = defineAction({
  permission: 'users:write',
  async run(deps: AdministrationDeps, actor, input: UserFields & Versioned & { readonly userId: string }) {
    const { userId, version } = input
    const stored = await profileOf(deps, userId)
    refuseActingOn(actor, stored)
    const wanted = wantedProfile(stored, input)
    const isRenamed = wanted.username !== stored.username
    const isMoved = canonicalOf(wanted.email) !== canonicalOf(stored.email)
    refuseBadFields(deps, {
      ...(isRenamed ? { username: wanted.username } : {}),
      ...(isMoved && wanted.email !== null ? { email: wanted.email } : {}),
    })
    const event = administered(deps, actor, 'user.updated', { userId, ...profileFacts(stored, wanted) })
    const mails = isMoved && wanted.email !== null ? emailChangedNotices(deps, stored, undefined, wanted.email) : []
    const profile = { ...wanted, email: wanted.email ?? undefined }
    const outcome = await deps.store.userProfiles.update(userId, profile, event, {
      ...unchangedSince(stored, version),
      mails,
    })
    refuseTaken(outcome)
    if (outcome === 'version-changed') throw quicker()
    return await profileOf(deps, userId)
  },
})

const canonicalOf = (email: string | null): string | null => (email === null ? null : canonical(email))

function wantedProfile(stored: UserProfile, { username, email, emailVerified, claims }: UserFields) {
  const address = email === undefined ? stored.email : email
  const isSame = canonicalOf(address) === canonicalOf(stored.email)
  if (emailVerified && address === null) {
    throw new Refused('invalid_request', 'there is no address', [{ field: 'email', message: 'is missing' }])
  }
  return {
    username: username ?? stored.username,
    email: address,
    emailVerified: address !== null && (emailVerified ?? (isSame && stored.emailVerified)),
    claims: changedClaims(stored.claims, claims),
  }
}

async function hash(deps: AdministrationDeps, password: string | undefined): Promise<StoredPassword | undefined> {
  const hashed = password === undefined ? undefined : await deps.passwords.hash(password)
  if (hashed === 'busy') throw new Refused('unavailable', 'too many passwords are being hashed: try again')
  return hashed
}

async function profileOf({ store }: AdministrationDeps, id: string): Promise<UserProfile> {
  const user = isId(id) ? await store.userProfiles.find(id) : undefined
  if (!user) throw notFound('user')
  return user
}
