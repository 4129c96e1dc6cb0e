import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findEmailLink, proveEmail } from '../../accounts/verification.ts'
import type { Deps } from '../../deps.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import { ACCOUNT_SUBPATHS } from '../../views/account/frame.ts'
import { linkGonePage } from '../../views/recovery.ts'
import { emailVerifiedPage, verifyEmailPage } from '../../views/verify-email.ts'
import { frameFor, provenance, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { ensureBrowserCookie, readCookie } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'

const SUBJECT = 'verify-email'

/** Where a link that proves an address leads. Opening it changes nothing: mail scanners open every link. */
export function verifyEmailPages(app: FastifyInstance, deps: Deps): void {
  const tokenOf = (request: FastifyRequest): string => parametersOf(queryPairs(request)).get('token') ?? ''
  const showGone = (request: FastifyRequest, reply: FastifyReply) =>
    sendPage(
      reply,
      linkGonePage({ againHref: deps.config.basePath + ACCOUNT_SUBPATHS.email }, frameFor(deps, request)),
      {
        status: 410,
      },
    )

  app.get('/verify-email', async (request, reply) => {
    const found = await findEmailLink(deps, tokenOf(request))
    if (!found) return await showGone(request, reply)
    const view = {
      action: `${deps.config.basePath}/verify-email?token=${encodeURIComponent(tokenOf(request))}`,
      csrf: csrfToken(deps, ensureBrowserCookie(deps, request, reply), SUBJECT),
      email: found.email,
    }
    await sendPage(reply, verifyEmailPage(view, frameFor(deps, request)))
  })

  app.post('/verify-email', async (request, reply) => {
    const form = parametersOf(bodyPairs(request))
    refuseForgery(deps, request, form, readCookie(deps, request, 'browser'), SUBJECT)
    const email = await proveEmail(deps, tokenOf(request), provenance(request))
    if (email === undefined) return await showGone(request, reply)
    const view = { email, continueHref: `${deps.config.basePath}/account` }
    await sendPage(reply, emailVerifiedPage(view, frameFor(deps, request)))
  })
}
