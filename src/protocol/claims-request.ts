import { z } from 'zod'
import { OAuthError } from './error.ts'
import { STANDARD_CLAIMS } from './standard-claims.ts'

const individual = z.union([
  z.null(),
  z.object({
    essential: z.boolean().optional(),
    value: z.unknown().optional(),
    values: z.array(z.unknown()).optional(),
  }),
])
const member = z.record(z.string().max(100), individual).optional()
const claimsParameter = z.object({ userinfo: member, id_token: member })

/** Claims asked for one by one. Names that we don't know are left out: they may be ignored. OIDC Core §5.5 */
export interface ClaimsRequest {
  readonly userinfo: readonly string[]
  readonly idToken: readonly string[]
  /** The subject that must be the one signed in. OIDC Core §5.5.1 */
  readonly subject?: string
  /** Authentication context classes, any of which satisfies the client. OIDC Core §5.5.1.1 */
  readonly acrValues: readonly string[]
}

export const NO_CLAIMS: ClaimsRequest = { userinfo: [], idToken: [], acrValues: [] }

/** Reads the `claims` parameter. OIDC Core §5.5 */
export function parseClaims(text: string | undefined): ClaimsRequest {
  if (text === undefined) return NO_CLAIMS
  const parsed = claimsParameter.safeParse(parseJson(text))
  if (!parsed.success) throw malformed()
  const { userinfo = {}, id_token = {} } = parsed.data
  const subject = id_token.sub?.value
  if (subject !== undefined && !isPlain(subject)) throw malformed()
  return {
    userinfo: known(userinfo),
    idToken: known(id_token),
    ...(subject === undefined ? {} : { subject }),
    acrValues: [id_token.acr?.value, ...(id_token.acr?.values ?? [])].filter(isPlain),
  }
}

/** "It MUST NOT exceed 255 ASCII characters in length": so no escape of JSON brings in what no database column takes. OIDC Core §2 */
const isPlain = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)

const known = (member: Record<string, unknown>): readonly string[] =>
  STANDARD_CLAIMS.filter((name) => Object.hasOwn(member, name))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed()
  }
}

const malformed = () => new OAuthError('invalid_request', 'claims is malformed')
