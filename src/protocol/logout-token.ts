import { addSeconds, numericDate } from '../base/numeric-date.ts'

/** A session that is over, and a client that takes part in it. */
export interface EndedSession {
  readonly clientId: string
  readonly userId: string
  readonly sessionId: string
}

const LIFETIME_SECONDS = 120
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * The claims of a logout token: user and session both, and no nonce, by which it cannot pass for an ID token.
 * OIDC Back-Channel Logout 1.0 §2.4
 */
export const logoutTokenClaims = (
  issuer: string,
  { clientId, userId, sessionId }: EndedSession,
  jti: string,
  now: Date,
): Readonly<Record<string, unknown>> => ({
  iss: issuer,
  sub: userId,
  aud: clientId,
  iat: numericDate(now),
  exp: numericDate(addSeconds(now, LIFETIME_SECONDS)),
  jti,
  events: { [EVENT]: {} },
  sid: sessionId,
})
