import type { FastifyRequest } from 'fastify'
import { OAuthError } from '../protocol/error.ts'
import { type Pairs, type Parameters, parametersOf, refuseRepeated } from '../protocol/parameters.ts'

const MOST_PAIRS = 200

/** A body that is not a form: kept apart, so that no handler takes it for one. */
export const NOT_A_FORM = Symbol('not a form')

/**
 * Splits form-encoded text. `undefined` when it is malformed, or holds a NUL, which no grammar of ours allows and PostgreSQL
 * has no text for. WHATWG URL §5.1, RFC 6749 appendix A
 */
export function formPairs(text: string): Pairs | undefined {
  if (text === '') return []
  const parts = text.split('&').filter((part) => part !== '')
  if (parts.length > MOST_PAIRS) return undefined
  try {
    return parts.map((part) => {
      const equals = part.indexOf('=')
      return equals < 0 ? [decoded(part), ''] : [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))]
    })
  } catch {
    return undefined
  }
}

function decoded(text: string): string {
  const plain = decodeURIComponent(text.replaceAll('+', ' '))
  if (plain.includes('\0')) throw new URIError('NUL')
  return plain
}

/** The pairs of the query. @throws OAuthError when it is malformed */
export function queryPairs(request: FastifyRequest): Pairs {
  const mark = request.raw.url?.indexOf('?') ?? -1
  const pairs = formPairs(mark < 0 ? '' : (request.raw.url ?? '').slice(mark + 1))
  if (!pairs) throw new OAuthError('invalid_request', 'the query is malformed')
  return pairs
}

/** The pairs of a form body. @throws OAuthError when the body is anything else */
export function bodyPairs(request: FastifyRequest): Pairs {
  const { body } = request
  if (body === undefined || body === null) return []
  if (!Array.isArray(body))
    throw new OAuthError('invalid_request', 'the body must be application/x-www-form-urlencoded')
  return body
}

const CREDENTIALS = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'token', 'access_token', 'password']

/** The parameters of a back-channel request: from its form alone, each once. RFC 6749 §3.2, §2.3.1 */
export function backChannelParameters(request: FastifyRequest): Parameters {
  const body = bodyPairs(request)
  const names = new Set([...CREDENTIALS, ...body.map(([name]) => name)])
  // "The parameters can only be transmitted in the request-body and MUST NOT be included in the request URI." RFC 6749 §2.3.1
  if (queryPairs(request).some(([name]) => names.has(name))) {
    throw new OAuthError('invalid_request', 'parameters belong in the body')
  }
  return refuseRepeated(parametersOf(body))
}
