import { z } from 'zod'
import { numericDate } from '../base/numeric-date.ts'
import { OAuthError } from './error.ts'

const text = z.string().min(1)

/** What an access token says. RFC 9068 §2.2; `type`, `fid` and `sid` are ours. Claims not named here are kept as they are. */
const accessTokenClaims = z.looseObject({
  iss: text,
  sub: text,
  aud: z.union([text.transform((audience) => [audience]), z.array(text).min(1)]).readonly(),
  client_id: text,
  scope: z.string().default(''),
  iat: z.int(),
  nbf: z.int().optional(),
  exp: z.int(),
  jti: text,
  type: z.literal('access'),
  roles: z.array(text).readonly().default([]),
  fid: text.optional(),
  sid: text.optional(),
  auth_time: z.int().optional(),
  acr: text.optional(),
  amr: z.array(text).readonly().optional(),
  cnf: z.looseObject({}).optional(),
})

export type AccessTokenClaims = Readonly<z.output<typeof accessTokenClaims>>

/** Says that a token for any audience will do: only the issuer's own endpoints may think so. */
export const anyAudience = Symbol('any audience')

export interface ExpectedAccessToken {
  readonly issuer: string
  /** The resource that is asked, under any of its names. */
  readonly audience: string | readonly string[] | typeof anyAudience
  readonly now: Date
  /** By how much the issuer's clock may differ from ours. */
  readonly clockToleranceSeconds: number
}

const invalid = (reason: string): OAuthError =>
  new OAuthError('invalid_token', 'the access token is not valid', { cause: new Error(reason) })

const accessTokenHeader = z.looseObject({
  alg: z.literal('RS256'),
  typ: z.literal('at+jwt'), // RFC 9068 §2.1; tells it from every other JWT, RFC 8725 §3.11
  kid: z.string().min(1).max(256),
  crit: z.undefined().optional(), // RFC 7515 §4.1.11: we understand no extension
})

/**
 * Judges the protected header, before a key is looked for, and gives the key's id. RFC 9068 §4, RFC 8725 §3.1
 * Other members are not looked at: a key that the token brings along (`jwk`, `jku`, `x5c`) is no key.
 */
export function accessTokenKeyId(header: unknown): string {
  const parsed = accessTokenHeader.safeParse(header)
  if (!parsed.success) throw invalid('header is not that of an access token')
  return parsed.data.kid
}

/**
 * Judges the claims of an access token whose signature has been verified, and gives them. RFC 9068 §4
 * Does not check the scope, a key binding (`cnf`), or whether the token has been revoked.
 */
export function checkAccessToken(claims: unknown, expected: ExpectedAccessToken): AccessTokenClaims {
  const parsed = accessTokenClaims.safeParse(claims)
  if (!parsed.success) throw invalid('claims are not those of an access token')
  const { iss, aud, iat, nbf = iat, exp } = parsed.data
  if (iss !== expected.issuer) throw invalid('another issuer')
  if (!isMeantFor(aud, expected.audience)) {
    throw new OAuthError('invalid_token', 'the access token is meant for another audience')
  }
  const now = numericDate(expected.now)
  if (now >= exp + expected.clockToleranceSeconds) throw new OAuthError('invalid_token', 'the access token has expired')
  if (Math.max(iat, nbf) > now + expected.clockToleranceSeconds) throw invalid('not valid yet')
  return parsed.data
}

function isMeantFor(actual: readonly string[], expected: ExpectedAccessToken['audience']): boolean {
  if (expected === anyAudience) return true
  const names = typeof expected === 'string' ? [expected] : expected
  return names.some((name) => actual.includes(name))
}
