import type { AccessToken } from './access-token.ts'
import { createGuard, type GuardedRequest, type GuardOptions } from './guard.ts'
import type { Verifier } from './verify-access-token.ts'

/** What a request of the Fetch standard does not know of itself. */
export interface Connection {
  /** The address at the other end of the socket. `allowedNetworks` without `trustedProxies` lets nobody in without it. */
  readonly remoteAddress?: string | undefined
}

/**
 * Checks requests of the Fetch standard, as Hono and Next's route handlers have them, on Node: gives the access token when it
 * is good and the rules of the options are kept, else the answer to send. RFC 6750. Throws where the verifier fails other
 * than by refusing. The body is not read: a token in a form counts as none.
 */
export function bearer(verifier: Verifier, options: GuardOptions = {}) {
  const admit = createGuard(verifier, options)
  return async function protect(request: Request, connection: Connection = {}): Promise<AccessToken | Response> {
    const admission = await admit(guarded(request, connection))
    if (!('refusal' in admission)) return admission.accessToken
    const { status, headers, body } = admission.refusal
    return Response.json(body, { status, headers })
  }
}

function guarded({ method, url, headers }: Request, { remoteAddress }: Connection): GuardedRequest {
  const { pathname, search } = new URL(url)
  return {
    method,
    url: `${pathname}${search}`,
    authorization: headers.get('authorization') ?? undefined,
    deviceId: headers.get('x-device-id') ?? undefined,
    forwardedFor: headers.get('x-forwarded-for') ?? undefined,
    peer: remoteAddress,
  }
}
