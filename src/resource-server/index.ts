// resource-server: what a service behind us imports to accept our access tokens, alone or with Fastify (fastify.ts). It
// ships to other people: of ours it needs base and protocol, and of others jose and zod.

export { bearerRefusal, bearerToken, type Protection, requireScopes } from '../protocol/bearer-challenge.ts'
export { OAuthError } from '../protocol/error.ts'
export { type AccessToken, createVerifier, type Verifier, type VerifierOptions } from './verify-access-token.ts'
