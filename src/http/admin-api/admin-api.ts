// http/admin-api: the administration for programs. Each operation is one entry of a table, from which its route, its checks,
// its part of the OpenAPI document and its row in the permission tests are made.

import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { refuseUnlessAllowed } from '../../administration/action.ts'
import type { Deps } from '../../deps.ts'
import { group } from '../plugins/group.ts'
import { authenticateAdministrator } from './authenticate.ts'
import { once } from './once.ts'
import { openApiDocument } from './openapi.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { problemAnswers } from './problem.ts'
import { jsonBody, readCall } from './read-call.ts'

/** Where the admin API is, below the issuer or the listener for administrators. */
const ADMIN_API = '/admin/api/v1'

/** Every operation of the admin API, and its document. */
export function adminApi(app: FastifyInstance, deps: Deps, before: readonly onRequestAsyncHookHandler[]): void {
  const document = openApiDocument(deps.config, OPERATIONS)
  group(
    app,
    deps.config.basePath + ADMIN_API,
    { audience: 'programs' },
    (room) => {
      problemAnswers(room)
      room.removeAllContentTypeParsers()
      room.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
        done(null, jsonBody(request.headers['content-type'], Buffer.from(body)))
      })
      room.get('/openapi.json', async (_request, reply) => await reply.send(document))
      for (const operation of OPERATIONS) serve(room, deps, operation)
    },
    before,
  )
}

function serve(room: FastifyInstance, deps: Deps, operation: Operation): void {
  const { method, path: url } = operation
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { actor, csrf } = await authenticateAdministrator(deps, request)
    if (operation.action) await refuseUnlessAllowed(deps, actor, operation.action)
    const call = readCall(operation, request)
    const answer = await once(deps, actor, operation, request, () => operation.run(deps, actor, call))
    if (answer.version !== undefined) reply.header('etag', `"${answer.version}"`)
    if (answer.location !== undefined) reply.header('location', deps.config.basePath + ADMIN_API + answer.location)
    if (csrf !== undefined) reply.header('x-csrf-token', csrf)
    if (operation.mediaType !== undefined) reply.type(operation.mediaType)
    reply.code(operation.status)
    await (operation.status === 204 ? reply.send() : reply.send(answer.body))
  }
  room.route({ method, url, handler })
}
