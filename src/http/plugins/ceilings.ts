import type { Ceiling } from '../../base/ceiling.ts'
import type { Caller } from '../../clients/authenticate-client.ts'
import { OAuthError } from '../../protocol/error.ts'
import type { Provenance } from '../../telemetry/audit.ts'

/**
 * Refuses a client that calls too often. It is charged once it proved to be itself; a public one cannot, so each network
 * has a share of its own, and nobody can use up another's. design.md §6
 */
export function refuseFlood(limit: Ceiling, { client, isAuthenticated, from }: Caller): void {
  shed(limit, isAuthenticated ? client.clientId : shareOf(client.clientId, from))
}

/** Refuses too many calls with the tokens of one client from one network. */
export function refuseTokenFlood(limit: Ceiling, clientId: string, from: Provenance): void {
  shed(limit, shareOf(clientId, from))
}

const shareOf = (clientId: string, { address }: Provenance): string => `${clientId} ${address}`

function shed(limit: Ceiling, key: string): void {
  const retryAfterSeconds = limit.take(key)
  if (retryAfterSeconds > 0) throw new OAuthError('slow_down', 'too many requests', { retryAfterSeconds })
}
