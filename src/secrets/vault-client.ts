import type { Secret } from '../base/secret.ts'
import { type Outbound, OutboundError } from '../outbound/fetch-safely.ts'

/** Why the vault did not do what it was asked. */
export type VaultFailure =
  | 'denied' // the token is not good, or may not do this
  | 'not_found'
  | 'refused' // understood, and impossible: a lease that has ended, wrong credentials
  | 'unavailable' // sealed, standing by, overloaded, or out of reach: a moment later it may answer
  | 'unreadable' // answered something that its API does not say

export class VaultError extends Error {
  readonly failure: VaultFailure
  constructor(failure: VaultFailure, options?: ErrorOptions) {
    super(`the vault did not answer as asked: ${failure}`, options)
    this.name = 'VaultError'
    this.failure = failure
  }
}

export interface VaultRequest {
  /** After `/v1/`. */
  readonly path: string
  readonly token?: Secret
  /** Posted as JSON; without one the request is a GET. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** Asks the HTTP API. @returns what the answer's JSON says; `undefined` where it has no body. @throws VaultError */
export type VaultClient = (request: VaultRequest) => Promise<unknown>

const MOST_BYTES = 1_048_576
const ANSWER_MS = 10_000

/** Speaks the HTTP API of HashiCorp Vault, version 1, which OpenBao has too. */
export const vaultClient =
  (outbound: Outbound, address: string, namespace: string | undefined): VaultClient =>
  async ({ path, token, body }) => {
    const answer = await outbound
      .fetch(`${address}/v1/${path}`, {
        maxBytes: MOST_BYTES,
        timeoutMs: ANSWER_MS,
        method: body ? 'POST' : 'GET',
        headers: {
          'x-vault-request': 'true', // an agent in front may demand it, against forged requests
          ...(token && { 'x-vault-token': token.reveal() }),
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      .catch((cause) => {
        throw new VaultError(cause instanceof OutboundError ? 'unavailable' : 'unreadable', { cause })
      })
    const failure = failureOf(answer.status)
    if (failure) throw new VaultError(failure)
    return answer.body.length > 0 ? parsed(answer.body) : undefined
  }

function failureOf(status: number): VaultFailure | undefined {
  if (status === 200 || status === 204) return undefined
  if (status === 403) return 'denied'
  if (status === 404) return 'not_found'
  if (status === 412 || status === 429 || status >= 472) return 'unavailable'
  return 'refused'
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new VaultError('unreadable') // the parser's own words would quote the answer
  }
}
