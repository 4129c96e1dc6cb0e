import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import type { Surroundings } from '../interaction/next-step.ts'
import type { Provenance } from '../telemetry/audit.ts'
import { addressPrefix } from '../telemetry/log.ts'
import { pickCatalogue } from '../views/catalogue/index.ts'
import type { Html } from '../views/html.ts'
import { type Frame, frameIn } from '../views/page.ts'
import { contentSecurityPolicy } from './plugins/security-headers.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the forms of every page of this listener may lead besides itself. */
    formAction?: string
  }
}

const LONGEST_USER_AGENT = 300

/** Where a request comes from, as far as events may know it. */
export const provenance = (request: FastifyRequest): Provenance => ({
  requestId: request.id,
  address: addressPrefix(request.ip),
  userAgent: (request.headers['user-agent'] ?? '').slice(0, LONGEST_USER_AGENT),
  language: pickCatalogue(undefined, request.headers['accept-language']).lang,
})

/** What the policy knows of a request besides its row. */
export const surroundings = ({ config }: Pick<Deps, 'config'>, request: FastifyRequest): Surroundings => ({
  address: request.ip,
  requireMfa: config.requireMfa === 'all',
})

/** What every page of an answer shares: the language, by the request's `ui_locales`, else by the browser's. */
export const frameFor = ({ config }: Pick<Deps, 'config'>, request: FastifyRequest, uiLocales?: string): Frame =>
  frameIn(
    { ...config, issuer: config.origin + config.basePath },
    pickCatalogue(uiLocales, request.headers['accept-language']),
  )

interface PageOptions {
  readonly status?: number
  /** Where the form of this page may lead besides ourselves. */
  readonly formAction?: string
}

/**
 * Sends a page. Its Referrer-Policy keeps the Origin header of its forms alive: under no-referrer browsers would send
 * `Origin: null`, which is refused.
 */
export async function sendPage(
  reply: FastifyReply,
  page: Html,
  { status = 200, formAction = reply.server.formAction }: PageOptions = {},
): Promise<void> {
  await reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('referrer-policy', 'same-origin')
    .header('content-security-policy', contentSecurityPolicy(formAction))
    .send(page.toString())
}

/** Sends the browser on with a GET, whatever it came with. RFC 9700 §4.12 */
export async function seeOther(reply: FastifyReply, location: string): Promise<void> {
  await reply.code(303).header('location', location).send()
}
