import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type RefusalCode, Refused } from '../../administration/refused.ts'
import type { Deps } from '../../deps.ts'
import { OAuthError, PageError, type PageErrorCode } from '../../protocol/error.ts'
import { StoreUnavailable } from '../../store/database.ts'
import { errorPage } from '../../views/error.ts'
import { frameFor, sendPage } from '../context.ts'

type ErrorDeps = Pick<Deps, 'config' | 'clock' | 'log'>

/** How a route answers when it refuses: with a page for people, or JSON for programs. */
export type Audience = 'people' | 'programs'

declare module 'fastify' {
  interface FastifyContextConfig {
    audience?: Audience
  }
}

/** Turns whatever was thrown into the one right answer, and logs its cause under the request id. Nothing of the cause is sent. */
export function errorAnswers(app: FastifyInstance, deps: ErrorDeps): void {
  app.setErrorHandler(async (error: FastifyError | Error, request, reply) => {
    const refusal = refusalOf(error)
    request.refusal = refusal
    logRefusal(request, refusal, error)
    await answer(deps, request, reply, refusal)
  })
}

/** Answers a refusal in the way of the route: the only writer of error answers. */
export async function answer(
  deps: ErrorDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: OAuthError | PageError,
): Promise<void> {
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', String(refusal.retryAfterSeconds))
  if (isForPeople(request)) await sendErrorPage(deps, request, reply, refusal)
  else await sendErrorJson(request, reply, refusal)
}

const isForPeople = (request: FastifyRequest): boolean =>
  (request.routeOptions.config?.audience ?? (request.headers.accept?.includes('text/html') ? 'people' : 'programs')) ===
  'people'

async function sendErrorPage(
  deps: ErrorDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: OAuthError | PageError,
) {
  const { code, clientName, status } =
    refusal instanceof PageError ? refusal : { ...pageCode(refusal), clientName: undefined }
  const view = {
    code,
    requestId: request.id,
    time: deps.clock.now(),
    ...(clientName === undefined ? {} : { clientName }),
    ...(refusal.retryAfterSeconds === undefined ? {} : { waitSeconds: refusal.retryAfterSeconds }),
  }
  await sendPage(reply, errorPage(view, frameFor(deps, request)), { status })
}

const PAGE_CODES: Partial<Record<OAuthError['code'], { code: PageErrorCode; status: number }>> = {
  slow_down: { code: 'too_many_requests', status: 429 },
  temporarily_unavailable: { code: 'unavailable', status: 503 },
  server_error: { code: 'server_error', status: 500 },
}
const pageCode = (refusal: OAuthError) => PAGE_CODES[refusal.code] ?? { code: 'invalid_request' as const, status: 400 }

/** What the administration refuses, where no page can mend it. */
const REFUSED_PAGES: Partial<Record<RefusalCode, PageErrorCode>> = {
  forbidden: 'forbidden',
  insufficient_user_authentication: 'forbidden',
  not_found: 'not_found',
  unavailable: 'unavailable',
}

const JSON_CODES: Partial<Record<PageErrorCode, string>> = {
  not_found: 'not_found',
  method_not_allowed: 'invalid_request',
  payload_too_large: 'invalid_request',
  too_many_requests: 'slow_down',
  unavailable: 'temporarily_unavailable',
  server_error: 'server_error',
}

async function sendErrorJson(request: FastifyRequest, reply: FastifyReply, refusal: OAuthError | PageError) {
  const isTried = request.headers.authorization?.toLowerCase().startsWith('basic ')
  if (refusal.code === 'invalid_client' && isTried) reply.header('www-authenticate', 'Basic realm="postern"') // RFC 6749 §5.2
  const error = refusal instanceof OAuthError ? refusal.code : (JSON_CODES[refusal.code] ?? 'invalid_request')
  await reply.code(refusal.status).send({
    error,
    ...(refusal instanceof OAuthError ? { error_description: refusal.message } : {}),
    ...(refusal.retryAfterSeconds === undefined ? {} : { retry_after: refusal.retryAfterSeconds }),
    request_id: request.id,
  })
}

/** Fastify's own refusals, by status: a body too large, a media type or a length it cannot read. */
export function refusalOf(error: FastifyError | Error): OAuthError | PageError {
  if (error instanceof OAuthError || error instanceof PageError) return error
  if (error instanceof Refused) return new PageError(REFUSED_PAGES[error.code] ?? 'invalid_request', { cause: error })
  if (error instanceof StoreUnavailable) {
    return new OAuthError('temporarily_unavailable', 'the server cannot answer now', {
      cause: error,
      retryAfterSeconds: 5,
    })
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (status === 413) return new PageError('payload_too_large', { cause: error })
  if (status >= 400 && status < 500)
    return new OAuthError('invalid_request', 'the request is malformed', { cause: error })
  return new OAuthError('server_error', 'an internal error occurred', { cause: error })
}

function logRefusal(request: FastifyRequest, refusal: OAuthError | PageError, error: Error): void {
  const { cause } = refusal
  const facts = { code: refusal.code, cause: cause instanceof Error ? undefined : cause }
  if (refusal.status >= 500) request.log.error({ err: cause instanceof Error ? cause : error, ...facts }, 'failed')
  else request.log.info({ ...(cause instanceof Error ? { err: cause } : {}), ...facts }, 'refused')
}
