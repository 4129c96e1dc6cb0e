import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A script of the demo. */
interface DemoAsset {
  readonly name: string
  readonly body: Buffer
  readonly gzip: Buffer
  /** The body's fingerprint. Only who asks with it may keep the answer for good. */
  readonly version: string
}

function asset(name: string, text: string): DemoAsset {
  const body = Buffer.from(text)
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 12)
  return { name, body, gzip: gzipSync(body, { level: 9 }), version }
}

const read = (url: URL): string => readFileSync(url, 'utf8')

/** The client library as its package ships it for browsers: one script that makes one variable. As a module it exports it. */
const library = asset(
  'oidc-client-ts.js',
  `${read(new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')))}
export const { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore } = oidc
`,
)

/** The app itself, which names the library with its version, so that both may be cached for good. */
export const appScript = asset(
  'demo.js',
  read(new URL('./assets/demo.js', import.meta.url)).replace(library.name, `${library.name}?v=${library.version}`),
)

/** Every script of the demo. */
export const demoAssets: readonly DemoAsset[] = [appScript, library]

/** Answers with a script, compressed where that is understood: it holds no secret. RFC 9110 §8.8.3, RFC 8246 */
export async function sendAsset(request: FastifyRequest, reply: FastifyReply, asset: DemoAsset): Promise<void> {
  const etag = `"${asset.version}"`
  const isExact = request.url.endsWith(`?v=${asset.version}`)
  reply.header('cache-control', isExact ? 'public, max-age=31536000, immutable' : 'public, max-age=300')
  reply.header('etag', etag).header('vary', 'Accept-Encoding').type('text/javascript; charset=utf-8')
  if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
  const takesGzip = request.headers['accept-encoding']?.includes('gzip') ?? false
  if (takesGzip) reply.header('content-encoding', 'gzip')
  await reply.send(takesGzip ? asset.gzip : asset.body)
}
