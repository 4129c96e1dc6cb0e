import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import { JWKS_MAX_AGE_SECONDS } from '../../keys/rotate.ts'
import { SIGNING_ALGS } from '../../keys/signing-keys.ts'
import { ENDPOINTS, serverMetadata } from '../../protocol/server-metadata.ts'

/** The paths of the metadata document: below the issuer, and with the issuer's path after the well-known part. RFC 8414 §3.1, OIDC Discovery §4 */
function metadataPaths(basePath: string): readonly string[] {
  const names = ['openid-configuration', 'oauth-authorization-server']
  return [...new Set(names.flatMap((name) => [`${basePath}/.well-known/${name}`, `/.well-known/${name}${basePath}`]))]
}

/** Both discovery documents, which are one: computed from what is served. RFC 8414, OIDC Discovery */
export function discoveryEndpoint(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  const document = JSON.stringify(serverMetadata(config.issuer, SIGNING_ALGS))
  for (const path of metadataPaths(config.basePath)) {
    app.route({
      method: ['GET', 'HEAD'],
      url: path,
      handler: async (request, reply) => await sendPublic(request, reply, document),
    })
  }
}

/** The keys that validators need, with the next one among them before it signs. RFC 7517 §5 */
export function jwksEndpoint(app: FastifyInstance, { keys, config }: Pick<Deps, 'keys' | 'config'>): void {
  for (const path of [ENDPOINTS.jwks_uri, '/.well-known/jwks.json']) {
    app.route({
      method: ['GET', 'HEAD'],
      url: config.basePath + path,
      handler: async (request, reply) => await sendPublic(request, reply, JSON.stringify(await keys.jwks())),
    })
  }
}

async function sendPublic(request: FastifyRequest, reply: FastifyReply, body: string): Promise<void> {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  reply.header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`).header('etag', etag)
  // In a list, or weakened by a cache that compresses: it is the same document. RFC 9110 §13.1.2
  if (request.headers['if-none-match']?.includes(etag)) await reply.code(304).send()
  else await reply.type('application/json; charset=utf-8').send(body)
}
