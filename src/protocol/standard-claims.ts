import { z } from 'zod'

const text = z.string().min(1).max(1000)
const url = z.url({ protocol: /^https?$/ }).max(2000)

/** The standard claims of a user that are stored as they are, by their names. OIDC Core §5.1 */
export const userClaims = z.strictObject({
  name: text.optional(),
  given_name: text.optional(),
  family_name: text.optional(),
  middle_name: text.optional(),
  nickname: text.optional(),
  preferred_username: text.optional(),
  profile: url.optional(),
  picture: url.optional(),
  website: url.optional(),
  gender: text.optional(),
  birthdate: z
    .string()
    .regex(/^(\d{4}|0000-\d{2}-\d{2}|\d{4}-\d{2}-\d{2})$/)
    .optional(),
  zoneinfo: text.optional(),
  locale: text.optional(),
  phone_number: text.optional(),
  phone_number_verified: z.boolean().optional(),
  address: z
    .strictObject({
      formatted: text.optional(),
      street_address: text.optional(),
      locality: text.optional(),
      region: text.optional(),
      postal_code: text.optional(),
      country: text.optional(),
    })
    .optional(),
})
export type UserClaims = z.infer<typeof userClaims>

/** Which claims a scope asks for. OIDC Core §5.4 */
export const CLAIMS_OF_SCOPE: Readonly<Record<string, readonly string[]>> = {
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
}

export const STANDARD_CLAIMS: readonly string[] = Object.values(CLAIMS_OF_SCOPE).flat()

/** What standard claims are made from. */
export interface ClaimsSource {
  readonly username: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly updatedAtSeconds: number
  readonly claims: UserClaims
}

/** The claims of a user that a scope, or a request by name, gives to a client. OIDC Core §5.4, §5.5 */
export function claimsFor(
  user: ClaimsSource,
  scope: readonly string[],
  byName: readonly string[],
): Record<string, unknown> {
  const all: Record<string, unknown> = {
    preferred_username: user.username,
    ...user.claims,
    updated_at: user.updatedAtSeconds,
    ...(user.email === undefined ? {} : { email: user.email, email_verified: user.emailVerified }),
  }
  const names = new Set([...scope.flatMap((token) => CLAIMS_OF_SCOPE[token] ?? []), ...byName])
  return Object.fromEntries([...names].filter((name) => all[name] !== undefined).map((name) => [name, all[name]]))
}
