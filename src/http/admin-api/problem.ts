import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FRESH_SECONDS } from '../../administration/action.ts'
import { type FieldFault, Refused } from '../../administration/refused.ts'
import { bearerChallenge } from '../../protocol/bearer-challenge.ts'
import { OAuthError, type PageError } from '../../protocol/error.ts'
import { ADMIN_SCOPE } from '../../protocol/scope.ts'
import { refusalOf } from '../plugins/errors.ts'

/** What went wrong, for programs. RFC 9457 §3 */
interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly request_id: string
  readonly errors?: readonly FieldFault[]
}

/** Answers what the routes of a room refuse with problem documents, and logs the cause. */
export function problemAnswers(room: FastifyInstance): void {
  room.setErrorHandler(async (error: FastifyError | Error, request, reply) => {
    const refusal = error instanceof Refused ? error : refusalOf(error)
    request.refusal = refusal
    const level = refusal.status >= 500 ? 'error' : 'info'
    request.log[level]({ code: refusal.code, err: refusal.cause instanceof Error ? refusal.cause : error }, 'refused')
    await answerProblem(request, reply, refusal)
  })
}

async function answerProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refused | OAuthError | PageError,
): Promise<void> {
  if (!(refusal instanceof Refused) && refusal.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(refusal.retryAfterSeconds))
  }
  if (refusal.status === 401 || refusal.code === 'insufficient_scope') challenge(request, reply, refusal)
  await reply
    .code(refusal.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(request, refusal)))
}

function problemOf({ id }: FastifyRequest, refusal: Refused | OAuthError | PageError): Problem {
  const { code, status } = refusal
  const type = `urn:postern:problem:${code.replaceAll('_', '-')}`
  if (!(refusal instanceof Refused)) {
    const title = refusal instanceof OAuthError ? sentence(refusal.message) : sentence(code.replaceAll('_', ' '))
    return { type, title, status, request_id: id }
  }
  const { title, message: detail, faults } = refusal
  return { type, title, status, detail, request_id: id, ...(faults.length > 0 ? { errors: faults } : {}) }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Says what would do: a token, the scope, a second factor, or a fresher sign-in. RFC 6750 §3, RFC 9470 §3 */
function challenge(request: FastifyRequest, reply: FastifyReply, refusal: Refused | OAuthError | PageError): void {
  const isBare = refusal.code === 'invalid_token' && request.headers.authorization === undefined
  const error =
    refusal instanceof OAuthError
      ? refusal
      : new OAuthError('insufficient_user_authentication', 'a fresher sign-in is needed')
  const demand = refusal instanceof Refused ? { maxAge: FRESH_SECONDS } : { acrValues: ['urn:postern:mfa'] }
  const protection = { realm: 'postern-admin', requiredScopes: [ADMIN_SCOPE], ...demand }
  reply.header('www-authenticate', bearerChallenge(isBare ? undefined : error, protection))
}
