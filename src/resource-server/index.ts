// resource-server: what a service behind us imports to accept our access tokens. A verifier (by keys, or by asking the issuer)
// says whether a token is good; the guard (guard.ts, its rules in decide.ts) says whether this request may pass; fastify.ts,
// express.ts and fetch.ts fit it to their frameworks. It ships to other people: of ours it needs base and protocol, and of
// others jose and zod.

export { bearerRefusal, bearerToken, type Protection, requireScopes } from '../protocol/bearer-challenge.ts'
export { OAuthError } from '../protocol/error.ts'
export type { AccessToken } from './access-token.ts'
export type { RequiredClaims } from './decide.ts'
export type { Decision, GuardOptions, Reason } from './guard.ts'
export { createIntrospector, type IntrospectorOptions } from './introspect.ts'
export { type PublishedMetadata, type ResourceMetadata, resourceMetadata } from './resource-metadata.ts'
export {
  type AcceptedTokens,
  createVerifier,
  type Verifier,
  type VerifierOptions,
  verifyAccessToken,
} from './verify-access-token.ts'
