import type { Clock } from '../base/clock.ts'
import { digestOf } from '../base/digest.ts'
import { newId, type Random } from '../base/random.ts'
import type { Directory } from '../clients/find-client.ts'
import type { KeyRing } from '../keys/signing-keys.ts'
import { type AuthorizationRequest, authorizationRequest } from '../protocol/authorization-request.ts'
import type { Client } from '../protocol/client.ts'
import { OAuthError, PageError } from '../protocol/error.ts'
import { type Pairs, type Parameters, parametersOf } from '../protocol/parameters.ts'
import { type ReturnAddress, returnAddress } from '../protocol/return-address.ts'
import type { Store } from '../store/index.ts'
import { readIdTokenHint } from '../tokens/verify.ts'

export interface BeginDeps {
  readonly clock: Clock
  readonly random: Random
  readonly directory: Directory
  readonly keys: Pick<KeyRing, 'publicKey'>
  readonly store: Pick<Store, 'interactions' | 'pushedRequests'>
  readonly config: { readonly issuer: string }
}

/** How long a user may take over an authorization request. */
const INTERACTION_SECONDS = 600
const PARKED_SECONDS = 60

/** Parameters whose client and return address are proved: from here on a refusal may be redirected. */
export interface Addressed {
  readonly client: Client
  readonly to: ReturnAddress
  readonly parameters: Parameters
  readonly query: string
}

/**
 * Finds the client of a request and proves where its answer may go. RFC 6749 §4.1.2.1
 * @throws PageError: up to here nobody but the user can be told
 */
export async function addressed(deps: Pick<BeginDeps, 'directory'>, pairs: Pairs): Promise<Addressed> {
  const parameters = parametersOf(pairs)
  const clientId = parameters.get('client_id')
  if (clientId === undefined || parameters.repeated.includes('client_id')) {
    throw new PageError('unknown_client', { cause: 'client_id is missing or repeated' })
  }
  const client = await deps.directory.client(clientId)
  if (!client) throw new PageError('unknown_client', { cause: 'unknown or disabled client' })
  const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString()
  return { client, to: returnAddress(client, parameters), parameters, query }
}

/** Judges everything else about the request. @throws OAuthError, to be redirected */
export async function judged(
  deps: BeginDeps,
  { client, to, parameters, query }: Addressed,
): Promise<AuthorizationRequest> {
  const request = authorizationRequest(client, to, parameters, await deps.directory.resources())
  const hint = parameters.get('id_token_hint')
  const hinted = hint === undefined ? undefined : await readIdTokenHint(deps, hint)
  if (hint !== undefined && !hinted)
    throw new OAuthError('invalid_request', 'id_token_hint is not a token of this server')
  return { ...request, hintedSubject: hinted?.sub, query }
}

/** Stores a request whose user has to be asked, bound to the browser it came from. @returns its id */
export async function beginInteraction(
  deps: BeginDeps,
  request: AuthorizationRequest,
  browser: string,
  sessionId: string | undefined,
): Promise<string> {
  const id = newId(deps.random, deps.clock.now())
  await deps.store.interactions.begin({
    id,
    request,
    sessionId,
    signedInAt: undefined,
    consentedAt: undefined,
    browserDigest: digestOf(browser),
    lifetimeSeconds: INTERACTION_SECONDS,
  })
  return id
}

/**
 * Keeps a cross-site POST, which came without cookies, until the browser asks for it with a GET, which has them.
 * @returns the reference, good once and for a minute
 */
export async function parkRequest(
  deps: Pick<BeginDeps, 'random' | 'store'>,
  kind: 'authorize' | 'logout',
  pairs: Pairs,
): Promise<string> {
  const reference = deps.random.bytes(32).toString('base64url')
  await deps.store.pushedRequests.park(digestOf(reference), kind, pairs, PARKED_SECONDS)
  return reference
}

/** The request behind a reference. @throws PageError when it was used, or waited too long */
export async function unparkRequest(
  deps: Pick<BeginDeps, 'store'>,
  kind: 'authorize' | 'logout',
  reference: string,
): Promise<Pairs> {
  const pairs = await deps.store.pushedRequests.spend(digestOf(reference), kind)
  if (!pairs) throw new PageError('expired', { cause: 'unknown or used reference' })
  return pairs
}
