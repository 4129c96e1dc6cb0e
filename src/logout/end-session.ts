// logout: ending sessions, as a client asks for it, and telling clients that one has ended. Whose session ends is told by
// the cookie; a hint only saves the question, and only when it speaks of that very session.

import type { Clock } from '../base/clock.ts'
import type { Directory } from '../clients/find-client.ts'
import type { KeyRing } from '../keys/signing-keys.ts'
import type { Client } from '../protocol/client.ts'
import type { Parameters } from '../protocol/parameters.ts'
import { matchesRegistered } from '../protocol/redirect-uri.ts'
import type { Standing } from '../store/sessions.ts'
import { readIdTokenHint } from '../tokens/verify.ts'

export interface EndSessionDeps {
  readonly clock: Clock
  readonly keys: Pick<KeyRing, 'publicKey'>
  readonly directory: Directory
  readonly config: { readonly issuer: string }
}

/** What a logout request comes to. */
export interface EndSessionRequest {
  /** The client that proved to have been signed in to, by its hint. */
  readonly client: Client | undefined
  /** Where to go afterwards: a registered address of that client. */
  readonly returnTo: string | undefined
  /** Whether the session may end without asking: the hint is of this very session. */
  readonly isProved: boolean
}

/** Judges a logout request. Nothing in it ends a session by itself. OIDC RP-Initiated Logout §2, §3 */
export async function endSessionRequest(
  deps: EndSessionDeps,
  parameters: Parameters,
  { session }: Standing,
): Promise<EndSessionRequest> {
  const sent = parameters.get('id_token_hint')
  const hint = sent === undefined || parameters.repeated.length > 0 ? undefined : await readIdTokenHint(deps, sent)
  const clientId = parameters.get('client_id')
  const client =
    hint && (clientId === undefined || clientId === hint.aud) ? await deps.directory.client(hint.aud) : undefined
  if (!hint || !client) return { client: undefined, returnTo: undefined, isProved: false }
  const isProved = session === undefined || hint.sid === session.id
  const wanted = parameters.get('post_logout_redirect_uri')
  if (wanted === undefined) return { client, returnTo: undefined, isProved }
  const isRegistered = matchesRegistered(client.postLogoutRedirectUris, wanted)
  if (!isRegistered) return { client, returnTo: undefined, isProved: false }
  return { client, returnTo: isProved ? withState(wanted, parameters.get('state')) : undefined, isProved }
}

function withState(uri: string, state: string | undefined): string {
  if (state === undefined) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}
