import { createOutbound, OutboundError, type OutboundFailure } from '../outbound/fetch-safely.ts'
import { isLoopbackUri } from '../protocol/redirect-uri.ts'
import type { WaitingLogout } from '../store/outbox.ts'
import { type MintDeps, mintLogoutToken } from '../tokens/mint.ts'

export interface BackChannelDeps extends MintDeps {
  readonly config: MintDeps['config'] & { readonly isLoopback: boolean; readonly outboundAllow: readonly string[] }
}

/** What became of an attempt: `refused` will not change by asking again, `failed` may. */
export type LogoutAnswer =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'refused' | 'failed'; readonly error: string }

const RECEIVER = { maxBytes: 5_000, timeoutMs: 5_000 } as const
const FORBIDDEN: readonly OutboundFailure[] = ['forbidden_url', 'forbidden_address']

/**
 * Tells a client that a session has ended, by a token that is made for this attempt. What the client answers besides its
 * status is not looked at. OIDC Back-Channel Logout 1.0 §2.5, §2.8
 */
export async function sendLogoutToken(deps: BackChannelDeps, waiting: WaitingLogout): Promise<LogoutAnswer> {
  const { uri, now } = waiting
  if (uri === null) return { outcome: 'refused', error: 'no_receiver' }
  const token = await mintLogoutToken(deps, waiting, now)
  try {
    const { status } = await createOutbound({ allow: allowed(deps.config, uri) }).fetch(uri, {
      ...RECEIVER,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    })
    if (status === 200 || status === 204) return { outcome: 'delivered' } // 204: some frameworks make it of an empty 200
    return { outcome: status === 400 ? 'refused' : 'failed', error: `http_${status}` }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return { outcome: FORBIDDEN.includes(error.failure) ? 'refused' : 'failed', error: error.failure }
  }
}

/** A developer's app is on the same machine as the server. */
function allowed({ isLoopback, outboundAllow }: BackChannelDeps['config'], uri: string): readonly string[] {
  if (!isLoopback || !isLoopbackUri(uri)) return outboundAllow
  const { hostname, port } = new URL(uri)
  return [...outboundAllow, `${hostname}:${port || 80}`]
}
