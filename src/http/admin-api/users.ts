import { z } from 'zod'
import { createUser, inviteUser, listUsers, positionOfUser, readUser, updateUser } from '../../administration/users.ts'
import { userClaims } from '../../protocol/standard-claims.ts'
import type { UserProfile } from '../../store/user-profiles.ts'
import type { User } from '../../store/users.ts'
import { pageOf } from '../cursor.ts'
import { operation } from './operation.ts'
import { id, instantOut, listOf, paging, printable } from './schemas.ts'

const username = printable(200)
const email = printable(300)
const passwordText = z.string().max(1000).meta({ writeOnly: true })

/** Standard claims to set; `null` takes one away. */
const claimsChange = z.strictObject(
  Object.fromEntries(Object.entries(userClaims.shape).map(([name, schema]) => [name, schema.nullable()])),
)

const summary = {
  id: z.string(),
  username: z.string(),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  roles: z.array(z.string()),
  state: z.enum(['enabled', 'disabled']),
  created_at: instantOut,
}
const listedUser = z.strictObject({ ...summary, has_factor: z.boolean() }).meta({ id: 'ListedUser' })
const user = z
  .strictObject({
    ...summary,
    claims: userClaims,
    permissions: z.array(z.string()),
    disabled_at: instantOut.nullable(),
    updated_at: instantOut,
    password_changed_at: instantOut.nullable(),
    factors: z.int(),
    recovery_codes_left: z.int(),
    shut_to_strangers: z.boolean(),
  })
  .meta({ id: 'User' })

const summaryOut = (one: User) => ({
  id: one.id,
  username: one.username,
  email: one.email,
  email_verified: one.emailVerified,
  roles: [...one.roles],
  state: one.disabledAt ? ('disabled' as const) : ('enabled' as const),
  created_at: one.createdAt,
})

const userOut = (one: UserProfile): z.input<typeof user> => ({
  ...summaryOut(one),
  claims: one.claims,
  permissions: [...one.permissions],
  disabled_at: one.disabledAt,
  updated_at: one.updatedAt,
  password_changed_at: one.passwordChangedAt,
  factors: one.factors,
  recovery_codes_left: one.recoveryCodesLeft,
  shut_to_strangers: one.isShutToStrangers,
})

const versioned = (one: UserProfile) => ({ body: userOut(one), version: one.version })

/** What narrows the list of users. */
export const userFilter = {
  query: printable(300).min(1).optional(),
  role: printable(64).optional(),
  state: z.enum(['enabled', 'disabled']).optional(),
}

/** What is said of a new user. */
export const newUserBody = z.strictObject({
  username,
  email: email.optional(),
  email_verified: z.boolean().optional(),
  password: passwordText.optional(),
  claims: userClaims.optional(),
})

/** What is said of one who is there. */
export const userBody = z.strictObject({
  username: username.optional(),
  email: email.nullable().optional(),
  email_verified: z.boolean().optional(),
  claims: claimsChange.partial().optional(),
})

export const userOperations = [
  operation({
    id: 'listUsers',
    method: 'GET',
    path: '/users',
    tag: 'users',
    summary: 'List the users by name, or those whose name or address begins with a text',
    action: listUsers,
    query: z.strictObject({ ...userFilter, ...paging }),
    status: 200,
    answer: listOf(listedUser),
    async run(deps, actor, { query: { cursor, limit, ...filter } }) {
      const { items, next } = await pageOf(
        deps,
        { name: 'users', filter },
        { cursor, limit },
        (after, most) => listUsers.run(deps, actor, { ...filter, after, limit: most }),
        positionOfUser,
      )
      const shown = items.map((one) => ({ ...summaryOut(one), has_factor: one.hasFactor }))
      return { body: { items: shown, next_cursor: next } }
    },
  }),
  operation({
    id: 'getUser',
    method: 'GET',
    path: '/users/:id',
    tag: 'users',
    summary: 'Read a user',
    action: readUser,
    params: z.strictObject({ id }),
    status: 200,
    answer: user,
    isVersioned: true,
    run: async (deps, actor, { params }) => versioned(await readUser.run(deps, actor, { userId: params.id })),
  }),
  operation({
    id: 'createUser',
    method: 'POST',
    path: '/users',
    tag: 'users',
    summary: 'Make a user. Without a password they set one by a link: see /users/{id}/send-reset',
    action: createUser,
    body: newUserBody,
    status: 201,
    answer: user,
    isVersioned: true,
    isCreation: true,
    async run(deps, actor, { body: { email_verified: emailVerified, ...fields } }) {
      const made = await createUser.run(deps, actor, { ...fields, emailVerified })
      return { ...versioned(made), location: `/users/${made.id}` }
    },
  }),
  operation({
    id: 'inviteUser',
    method: 'POST',
    path: '/invitations',
    tag: 'users',
    summary: 'Mail a one-time link by which the owner of an address makes an account',
    action: inviteUser,
    body: z.strictObject({ email }),
    status: 201,
    answer: z
      .strictObject({
        email: z.string(),
        expires_in: z.int(),
        mailed: z.boolean(),
        /** Only where no mail takes it there. */
        url: z.string().optional(),
      })
      .meta({ id: 'Invitation' }),
    isCreation: true,
    async run(deps, actor, { body }) {
      const { url, expiresInSeconds, isMailed } = await inviteUser.run(deps, actor, body)
      return { body: { ...body, expires_in: expiresInSeconds, mailed: isMailed, ...(isMailed ? {} : { url }) } }
    },
  }),
  operation({
    id: 'updateUser',
    method: 'PATCH',
    path: '/users/:id',
    tag: 'users',
    summary: 'Change a user: what is left out stays. A new address is not verified unless that is said with it',
    action: updateUser,
    params: z.strictObject({ id }),
    body: userBody,
    status: 200,
    answer: user,
    isVersioned: true,
    needsVersion: true,
    async run(deps, actor, { params, body: { email_verified: emailVerified, ...fields }, version }) {
      return versioned(await updateUser.run(deps, actor, { userId: params.id, ...fields, emailVerified, version }))
    },
  }),
]
