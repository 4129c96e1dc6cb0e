import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { exhaustive } from '../../base/exhaustive.ts'
import { ownUrl } from '../../config/listeners.ts'
import type { Deps } from '../../deps.ts'
import { finish } from '../../interaction/finish.ts'
import { refuse } from '../../interaction/refuse.ts'
import { errorResponse } from '../../protocol/authorization-response.ts'
import { PageError } from '../../protocol/error.ts'
import { alreadyCompletedPage } from '../../views/interrupted.ts'
import { frameFor, provenance, seeOther, sendPage } from '../context.ts'
import { type OpenInteraction, openInteraction } from './open-interaction.ts'
import { respond } from './respond.ts'
import { restart } from './restart.ts'

/** The hub: asks what comes next, and goes there. Every page records one fact and returns here. */
export function interactionHub(app: FastifyInstance, deps: Deps): void {
  app.get('/interaction', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    await goOn(deps, request, reply, open)
  })
}

async function goOn(deps: Deps, request: FastifyRequest, reply: FastifyReply, open: OpenInteraction): Promise<void> {
  const { interaction, next, to } = open
  const page = (name: string) => seeOther(reply, `${deps.config.basePath}/${name}?id=${interaction.id}`)
  switch (next.step) {
    case 'sign-in':
      return await page('login')
    case 'sign-up':
      return await page(deps.config.signUp === 'open' ? 'signup' : 'login')
    case 'second-factor':
      return await page('second-factor')
    case 'enrol-factor':
      return await page('second-factor/enrol')
    case 'consent':
      return await page('consent')
    case 'refuse': {
      const refusal = await refuse(deps, next, open.standing, to && open.client.clientId, provenance(request))
      if (!to) throw new PageError('forbidden', { cause: refusal })
      return await respond(deps, request, reply, errorResponse(deps.config.issuer, to, refusal))
    }
    case 'finish':
      return await finishOrTell(deps, request, reply, open)
    default:
      return exhaustive(next)
  }
}

/** The code goes out, and again after a double submit; once it was redeemed, the user is told that all is done. */
async function finishOrTell(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
): Promise<void> {
  const { interaction, standing, client, to } = open
  const { session, user } = standing
  if (!to) return await seeOther(reply, ownUrl(deps.config, interaction.request.ownPath ?? '/account'))
  const granted = session && user && { interactionId: interaction.id, request: interaction.request, session, user }
  const response = granted ? await finish(deps, to, granted, provenance(request)) : undefined
  if (response) return await respond(deps, request, reply, response)
  const view = {
    clientName: client.clientName,
    ...(client.clientUri === undefined ? {} : { returnHref: client.clientUri }),
  }
  await sendPage(reply, alreadyCompletedPage(view, frameFor(deps, request, interaction.request.uiLocales)))
}
