import type { FastifyInstance } from 'fastify'
import { assets } from '../../views/assets.ts'

/** The few files that pages load. With the version that the page names they may be kept for good. */
export function assetEndpoints(app: FastifyInstance): void {
  for (const asset of assets) {
    const etag = `"${asset.version}"`
    app.route<{ Querystring: { v?: string } }>({
      method: ['GET', 'HEAD'],
      url: asset.path,
      handler: async (request, reply) => {
        const isExact = request.query.v === asset.version
        reply.header('cache-control', isExact ? 'public, max-age=31536000, immutable' : 'public, max-age=300')
        reply.header('etag', etag).header('vary', 'Accept-Encoding').type(asset.contentType)
        if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
        const takesGzip = request.headers['accept-encoding']?.includes('gzip') ?? false
        if (takesGzip) reply.header('content-encoding', 'gzip')
        await reply.send(takesGzip ? asset.gzip : asset.body)
      },
    })
  }
}
