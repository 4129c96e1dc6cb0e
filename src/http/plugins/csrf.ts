import type { FastifyRequest } from 'fastify'
import { equalInConstantTime, hmac } from '../../base/digest.ts'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import type { Parameters } from '../../protocol/parameters.ts'

type CsrfDeps = Pick<Deps, 'config' | 'derived'>

/** The token of a form: it belongs to the browser's cookie and to the one thing that the form acts on. */
export const csrfToken = ({ derived }: CsrfDeps, cookie: string, subject: string): string =>
  hmac(derived.csrf, `${subject}\0${cookie}`).toString('base64url')

/**
 * Refuses a change that another site may have caused: it has to come from a page of ours, by its Origin (or, where a
 * browser sends none, Sec-Fetch-Site), and to carry the token of its form. design.md §5.5
 * @throws PageError
 */
export function refuseForgery(
  deps: CsrfDeps,
  request: FastifyRequest,
  form: Parameters,
  cookie: string | undefined,
  subject: string,
): void {
  const token = form.get('csrf')
  const isOurs =
    comesFromUs(deps, request) &&
    cookie !== undefined &&
    token !== undefined &&
    equalInConstantTime(Buffer.from(token), Buffer.from(csrfToken(deps, cookie, subject)))
  if (!isOurs) throw new PageError('forgery', { cause: 'wrong origin, cookie or token' })
}

/** Whether a request says that a page of this very origin sent it. `same-site` is not enough: a neighbour's subdomain may be anybody's. */
export function comesFromUs({ config }: Pick<Deps, 'config'>, request: FastifyRequest): boolean {
  const { origin } = request.headers
  return origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : origin === config.origin
}
