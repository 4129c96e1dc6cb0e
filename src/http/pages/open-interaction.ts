import type { FastifyRequest } from 'fastify'
import { digestOf } from '../../base/digest.ts'
import { isId } from '../../base/random.ts'
import { originElsewhere } from '../../config/listeners.ts'
import type { Deps } from '../../deps.ts'
import { limitedToRoles } from '../../interaction/limit-to-roles.ts'
import { nextStep, type Step } from '../../interaction/next-step.ts'
import { OWN_PAGES } from '../../interaction/own-pages.ts'
import type { Client } from '../../protocol/client.ts'
import { PageError } from '../../protocol/error.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import { type ReturnAddress, returnAddressOf } from '../../protocol/return-address.ts'
import type { Interaction } from '../../store/interactions.ts'
import type { Standing } from '../../store/sessions.ts'
import { surroundings } from '../context.ts'
import { queryPairs } from '../parameters.ts'
import { readCookie } from '../plugins/cookies.ts'
import { sourceOf } from '../plugins/security-headers.ts'

/** An interaction that this browser began and may go on with. */
export interface OpenInteraction {
  readonly interaction: Interaction
  readonly standing: Standing
  readonly client: Client
  /** Where the client is answered; `undefined` for a page of our own. */
  readonly to: ReturnAddress | undefined
  /** What has to happen next. */
  readonly next: Step
  /** The secret of the browser that began it; its forms' tokens are bound to it. */
  readonly browser: string
}

/**
 * The interaction that a page's URL names. A link to somebody else's is worth nothing: the browser that began it has its
 * cookie. design.md §5.2
 * @returns `undefined` when it has expired, or was never there
 * @throws PageError for another browser's, and where its client has gone or no longer has the address
 */
export async function openInteraction(deps: Deps, request: FastifyRequest): Promise<OpenInteraction | undefined> {
  const id = parametersOf(queryPairs(request)).get('id')
  const browser = readCookie(deps, request, 'browser')
  if (id === undefined || !isId(id)) return undefined
  if (browser === undefined) throw new PageError('other_browser', { cause: 'no browser cookie' })
  const found = await deps.store.interactions.find(id, digestOf(browser))
  if (found === 'other-browser') throw new PageError('other_browser', { cause: 'another browser’s interaction' })
  if (!found) return undefined
  const { standing } = found
  const { client, to } = await answerable(deps, found.interaction)
  const asked = limitedToRoles(found.interaction.request, standing.user, await deps.directory.resources())
  const next = nextStep(asked, client, found.interaction, standing, surroundings(deps, request))
  return { interaction: { ...found.interaction, request: asked }, standing, client, to, next, browser }
}

async function answerable(deps: Deps, { request }: Interaction) {
  if (request.ownPath !== undefined) return { client: OWN_PAGES, to: undefined }
  const client = await deps.directory.client(request.clientId)
  if (!client) throw new PageError('unknown_client', { cause: 'the client has gone meanwhile' })
  const to = returnAddressOf(client, request)
  if (!to) throw new PageError('invalid_redirect_uri', { cause: 'no longer registered', clientName: client.clientName })
  return { client, to }
}

/** Where the hub of an interaction is. */
export const hubOf = ({ config }: Pick<Deps, 'config'>, { interaction }: OpenInteraction): string =>
  `${config.basePath}/interaction?id=${interaction.id}`

/** Where a form of an interaction may lead besides ourselves. */
export function formActionOf({ config }: Pick<Deps, 'config'>, { interaction, to }: OpenInteraction) {
  if (to) return { formAction: sourceOf(to.redirectUri) }
  const elsewhere = originElsewhere(config, interaction.request.ownPath ?? '')
  return elsewhere === undefined ? {} : { formAction: elsewhere }
}
