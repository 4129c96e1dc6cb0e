import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import { answer, refusalOf } from './errors.ts'
import { safeHeaders } from './security-headers.ts'

type UnreadableDeps = Pick<Deps, 'config' | 'clock' | 'log'>

/** Answers an address that the router cannot decode, like any other malformed request: no hook has run for it. */
export const unreadableAddress =
  (deps: UnreadableDeps) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.headers(safeHeaders(deps))
    void answer(deps, request, reply, refusalOf(error))
  }

/** Refuses a path with a NUL, of which PostgreSQL has no text: there is nothing of such a name. */
export function refuseNul(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ params }) => {
    const values = typeof params === 'object' && params !== null ? Object.values(params) : []
    if (values.some((value) => String(value).includes('\0'))) throw new PageError('not_found')
  })
}

const STATUS: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

/** Answers what is no HTTP request, or not one in time, and closes: where the next would begin, nobody can tell. RFC 9112 §2.2 */
export const unreadableMessage =
  (deps: UnreadableDeps) =>
  (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    const status = STATUS[error.code] ?? 400
    const body = JSON.stringify({ error: 'invalid_request' })
    const headers = {
      ...safeHeaders(deps),
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    if (socket.writable) socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
    socket.destroy(error)
  }
