import type { Ceiling } from '../base/ceiling.ts'
import type { Clock } from '../base/clock.ts'
import { type Digest, digestOf, equalInConstantTime } from '../base/digest.ts'
import { addSeconds } from '../base/numeric-date.ts'
import type { Random } from '../base/random.ts'
import { type Client, type ClientSecret, isPublic } from '../protocol/client.ts'
import { OAuthError } from '../protocol/error.ts'
import type { Parameters } from '../protocol/parameters.ts'
import type { Store } from '../store/index.ts'
import { clientAuthenticationFailed, type Provenance } from '../telemetry/audit.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { type Directory, isClientId } from './find-client.ts'

/** A client that proved to be who it says, as far as its kind can: a public client only names itself. */
export interface Caller {
  readonly client: Client
  /** Whether it proved it, with a secret. */
  readonly isAuthenticated: boolean
  readonly from: Provenance
  /** The true peer, behind the counted proxies: for the policy, and for no event. */
  readonly ip: string
}

export interface AuthenticationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'throttle' | 'clients' | 'audit'>
  readonly directory: Directory
  readonly clientFailures: Ceiling
  readonly config: { readonly limitClientAuthPerMinute: number }
}

/**
 * Finds out which client a request comes from, by exactly the one method that the client is registered with.
 * RFC 6749 §2.3, §3.2.1
 * Success costs nothing in the database. Each failure is charged to the caller's network, then to the client there; the
 * answer is the same after the same work, whatever failed.
 */
export async function authenticateClient(
  deps: AuthenticationDeps,
  authorization: string | undefined,
  parameters: Parameters,
  from: Provenance,
  ip: string,
): Promise<Caller> {
  const basic = basicCredentials(authorization)
  if (basic === 'malformed') throw refusal('malformed Basic credentials')
  const clientId = basic?.clientId ?? parameters.get('client_id')
  refuseTwoMethods(basic, parameters)
  if (clientId === undefined) throw refusal('no client named')

  const client = await deps.directory.client(clientId)
  const secret = basic?.clientSecret ?? parameters.get('client_secret')
  const offered = secret === undefined ? undefined : digestOf(secret) // whoever it is from: the work is part of the answer
  const reason = client ? fault(deps, client, basic !== undefined, offered) : 'unknown or disabled client'
  if (client && reason === undefined) return { client, isAuthenticated: !isPublic(client), from, ip }

  await chargeFailure(deps, clientId, from) // first: whoever is held up must not fill the audit trail
  // For a client that is not there too: an answer that waits for no row would tell so by the clock.
  const named = isClientId(clientId) ? clientId : undefined
  await deps.store.audit.record(clientAuthenticationFailed(deps, from, named, reason ?? ''))
  throw refusal(reason)
}

/** "The client MUST NOT use more than one authentication method in each request." RFC 6749 §2.3 */
function refuseTwoMethods(basic: BasicCredentials | undefined, parameters: Parameters): void {
  const used = [basic, parameters.get('client_secret'), parameters.get('client_assertion')]
  const bodyId = parameters.get('client_id')
  const isOther = basic !== undefined && bodyId !== undefined && bodyId !== basic.clientId
  if (isOther || used.filter((each) => each !== undefined).length > 1) {
    throw new OAuthError('invalid_request', 'more than one way of client authentication is used')
  }
}

function fault(
  deps: AuthenticationDeps,
  client: Client,
  isBasic: boolean,
  offered: Digest | undefined,
): string | undefined {
  if (isPublic(client)) return offered === undefined ? undefined : 'a public client sent a secret'
  if (offered === undefined) return 'no secret'
  if ((client.tokenEndpointAuthMethod === 'client_secret_basic') !== isBasic) return 'wrong method'
  const known = client.secrets.find(({ digest }) => equalInConstantTime(digest, offered))
  if (!known || (known.expiresAt && known.expiresAt <= deps.clock.now()))
    return known ? 'expired secret' : 'wrong secret'
  noteUse(deps, known)
  return undefined
}

const NOTED_EVERY_SECONDS = 3600

/** After the answer, and not again within the hour: the use of a secret costs no statement. A lost note harms nobody. */
function noteUse({ clock, store }: AuthenticationDeps, { id, lastUsedAt }: ClientSecret): void {
  if (lastUsedAt && clock.now() < addSeconds(lastUsedAt, NOTED_EVERY_SECONDS)) return
  store.clients.secretUsed(id).catch(() => undefined)
}

/** The network first, and in memory: made-up names are without number, and each would be a row. */
async function chargeFailure(deps: AuthenticationDeps, clientId: string, from: Provenance): Promise<void> {
  const key = digestOf(`client-auth\0${clientId}\0${from.address}`)
  const limit = { calls: deps.config.limitClientAuthPerMinute, periodSeconds: 60 }
  const wait =
    deps.clientFailures.take(from.address) || (await deps.store.throttle.take([key], limit, deps.random.bytes(16)))
  if (wait > 0) throw new OAuthError('slow_down', 'too many failed attempts', { retryAfterSeconds: wait })
}

const refusal = (cause: unknown) => new OAuthError('invalid_client', 'client authentication failed', { cause })
