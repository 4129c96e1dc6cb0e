import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { finish } from '../../interaction/finish.ts'
import { nextStep } from '../../interaction/next-step.ts'
import { errorResponse } from '../../protocol/authorization-response.ts'
import { OAuthError } from '../../protocol/error.ts'
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
  const { interaction, standing, client, to } = open
  const { basePath, issuer } = deps.config
  const next = nextStep(interaction.request, client, interaction, standing)
  switch (next.step) {
    case 'sign-in':
      return await seeOther(reply, `${basePath}/login?id=${interaction.id}`)
    case 'sign-up': {
      const page = deps.config.signUp === 'open' ? 'signup' : 'login'
      return await seeOther(reply, `${basePath}/${page}?id=${interaction.id}`)
    }
    case 'consent':
      return await seeOther(reply, `${basePath}/consent?id=${interaction.id}`)
    case 'refuse':
      return await respond(
        deps,
        request,
        reply,
        errorResponse(issuer, to, new OAuthError(next.code, 'the user would have to be asked')),
      )
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
  const response =
    session && user
      ? await finish(
          deps,
          to,
          { interactionId: interaction.id, request: interaction.request, session, user },
          provenance(request),
        )
      : undefined
  if (response) return await respond(deps, request, reply, response)
  const view = {
    clientName: client.clientName,
    ...(client.clientUri === undefined ? {} : { returnHref: client.clientUri }),
  }
  await sendPage(reply, alreadyCompletedPage(view, frameFor(deps, request, interaction.request.uiLocales)))
}
