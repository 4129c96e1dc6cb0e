import type { FastifyReply, FastifyRequest } from 'fastify'
import { ownUrl } from '../../config/listeners.ts'
import type { Deps } from '../../deps.ts'
import type { AuthorizationRequest } from '../../protocol/authorization-request.ts'
import { PageError } from '../../protocol/error.ts'
import type { Parameters } from '../../protocol/parameters.ts'
import { expiredPage } from '../../views/interrupted.ts'
import { frameFor, seeOther, sendPage } from '../context.ts'

const PLACE = 'form/restart'

/** The sealed copy of a request, which its page carries so that it can begin again after it has expired. design.md §5.6 */
export const sealedRestart = ({ derived }: Pick<Deps, 'derived'>, { ownPath, query }: AuthorizationRequest): string =>
  derived.restart.seal(Buffer.from(ownPath ?? `/authorize?${query}`), PLACE).toString('base64url')

/** Begins an expired page's request again, to be judged anew; without a copy, says what happened. */
export async function restart(
  deps: Pick<Deps, 'config' | 'derived'>,
  request: FastifyRequest,
  reply: FastifyReply,
  form: Parameters | undefined,
): Promise<void> {
  const copy = form?.get('restart')
  const path = copy === undefined ? undefined : deps.derived.restart.open(Buffer.from(copy, 'base64url'), PLACE)
  if (path) return await seeOther(reply, ownUrl(deps.config, path.toString('utf8')))
  if (copy !== undefined) throw new PageError('expired', { cause: 'a restart that does not open' })
  await sendPage(reply, expiredPage({}, frameFor(deps, request)), { status: 410 })
}
