import type { FastifyReply, FastifyRequest } from 'fastify'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { type AuthorizationResponse, redirectLocation } from '../../protocol/authorization-response.ts'
import { formPostPage } from '../../views/form-post.ts'
import { frameFor, seeOther, sendPage } from '../context.ts'
import { sourceOf } from '../plugins/security-headers.ts'

/** Sends an authorization response the way its client asked for. RFC 6749 §4.1.2, OAuth 2.0 Form Post Response Mode §2 */
export async function respond(
  deps: Pick<Deps, 'config'>,
  request: FastifyRequest,
  reply: FastifyReply,
  response: AuthorizationResponse,
): Promise<void> {
  const { redirectUri, responseMode } = response.to
  switch (responseMode) {
    case 'query':
      return await seeOther(reply, redirectLocation(response))
    case 'form_post': {
      const page = formPostPage({ action: redirectUri, fields: response.fields }, frameFor(deps, request))
      return await sendPage(reply, page, { formAction: sourceOf(redirectUri) })
    }
    default:
      return exhaustive(responseMode)
  }
}
