import type { FastifyInstance } from 'fastify'
import { formPairs, NOT_A_FORM } from '../parameters.ts'

const FORM = /^application\/x-www-form-urlencoded(?:; ?charset="?utf-8"?)?$/i

/** Reads form bodies, and nothing else: another content type, spelled however, gives a body that no handler acts on. */
export function bodyParsing(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const isForm = FORM.test(request.headers['content-type'] ?? '')
    done(null, (isForm && formPairs(body.toString('utf8'))) || (body.length === 0 ? undefined : NOT_A_FORM))
  })
}
