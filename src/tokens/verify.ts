import { compactVerify } from 'jose'
import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { addSeconds, fromNumericDate } from '../base/numeric-date.ts'
import { isId } from '../base/random.ts'
import { type KeyRing, SIGNING_ALGS } from '../keys/signing-keys.ts'

/** The kinds of token that this server signs. Each has a header type of its own, so that none passes for another. RFC 8725 §3.11 */
export const TOKEN_TYPES = ['at+jwt', 'rt+jwt', 'JWT', 'logout+jwt'] as const
type TokenType = (typeof TOKEN_TYPES)[number]

export interface VerifyDeps {
  readonly clock: Clock
  readonly keys: Pick<KeyRing, 'publicKey'>
  readonly config: { readonly issuer: string }
}

const instant = z.int().min(0).max(8_640_000_000_000)
const id = z.string().refine(isId)

const accessToken = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  client_id: z.string(),
  scope: z.string(),
  iat: instant,
  nbf: instant.optional(),
  exp: instant,
  jti: z.string(),
  type: z.literal('access'),
  fid: id.optional(),
  sid: id.optional(),
  roles: z.array(z.string()).optional(),
  auth_time: instant.optional(),
  acr: z.string().optional(),
  amr: z.array(z.string()).optional(),
})
export type OwnAccessToken = z.infer<typeof accessToken>

const refreshToken = z
  .object({
    iss: z.string(),
    sub: z.string(),
    aud: z.string(),
    client_id: z.string(),
    scope: z.string(),
    resource: z.array(z.string()),
    iat: instant,
    nbf: instant.optional(),
    exp: instant,
    jti: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    fid: id,
    type: z.literal('refresh'),
  })
  .refine((token) => token.aud === token.iss)
export type OwnRefreshToken = z.infer<typeof refreshToken>

const idToken = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  sid: z.string().optional(),
  iat: instant,
  nbf: instant.optional(),
  exp: instant,
})
export type OwnIdToken = z.infer<typeof idToken>

/** Reads an access token of ours: signature, type, issuer and times. Not its audience, nor whether its grant still stands. RFC 9068 §4 */
export const readAccessToken = (deps: VerifyDeps, token: string): Promise<OwnAccessToken | undefined> =>
  read(deps, token, 'at+jwt', accessToken, { atAnyTime: false })

/**
 * Reads a refresh token of ours: signature, type, issuer, audience, and times unless told otherwise. Not whether it is the
 * current one of its family.
 */
export const readRefreshToken = (
  deps: VerifyDeps,
  token: string,
  options = { atAnyTime: false },
): Promise<OwnRefreshToken | undefined> => read(deps, token, 'rt+jwt', refreshToken, options)

/** Reads an ID token of ours that comes back as a hint; it may have expired. OIDC Core §3.1.2.1, RP-Initiated Logout §2 */
export const readIdTokenHint = (deps: VerifyDeps, token: string): Promise<OwnIdToken | undefined> =>
  read(deps, token, 'JWT', idToken, { atAnyTime: true })

/** The database writes the times of a user's tokens: a node that is a little behind it must not find them young. */
const CLOCK_TOLERANCE_SECONDS = 30

async function read<Token extends { iss: string; iat: number; nbf?: number | undefined; exp: number }>(
  { clock, keys, config }: VerifyDeps,
  token: string,
  typ: TokenType,
  schema: z.ZodType<Token>,
  options: { readonly atAnyTime: boolean },
): Promise<Token | undefined> {
  const payload = await verifiedPayload(keys, token, typ)
  const parsed = schema.safeParse(payload)
  if (!parsed.success || parsed.data.iss !== config.issuer) return undefined
  return options.atAnyTime || isInTime(parsed.data, clock.now()) ? parsed.data : undefined
}

function isInTime({ iat, nbf = iat, exp }: { iat: number; nbf?: number | undefined; exp: number }, now: Date): boolean {
  const soon = addSeconds(now, CLOCK_TOLERANCE_SECONDS)
  return now < fromNumericDate(exp) && fromNumericDate(iat) <= soon && fromNumericDate(nbf) <= soon
}

const LONGEST_TOKEN = 16_384
const NONE: undefined = undefined

/** The payload under a good signature of one of our keys; header members that name other keys (jku, x5u, jwk) mean nothing here. RFC 8725 §3.1, §3.10 */
async function verifiedPayload(keys: VerifyDeps['keys'], token: string, typ: TokenType): Promise<unknown> {
  if (token.length > LONGEST_TOKEN) return NONE
  try {
    const { payload } = await compactVerify(
      token,
      async ({ kid, typ: actual }) => {
        const key = actual === typ && typeof kid === 'string' ? await keys.publicKey(kid) : NONE
        if (!key) throw new UnknownKey()
        return key
      },
      { algorithms: [...SIGNING_ALGS] },
    )
    return JSON.parse(new TextDecoder().decode(payload))
  } catch (error) {
    if (isAboutToken(error)) return NONE
    throw error
  }
}

class UnknownKey extends Error {}

/** Tells a bad token from a fault of ours, such as a database that is away: that must not look like an invalid token. */
const isAboutToken = (error: unknown): boolean =>
  error instanceof UnknownKey ||
  error instanceof SyntaxError ||
  (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_J')) ||
  (error instanceof TypeError && error.message.includes('key'))
