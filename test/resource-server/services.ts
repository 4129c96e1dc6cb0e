// The same small service three times over: an API of notes behind the package, in Express, in Fastify and in bare handlers of
// the Fetch standard as Hono and Next have them, each listening on loopback.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import express from 'express'
import { fastify } from 'fastify'
import { bearer as expressBearer } from '../../src/resource-server/express.ts'
import { bearer as fastifyBearer } from '../../src/resource-server/fastify.ts'
import { bearer as fetchBearer } from '../../src/resource-server/fetch.ts'
import type { GuardOptions, Verifier } from '../../src/resource-server/index.ts'

export interface Service {
  readonly origin: string
  close(): Promise<void>
}

type StartService = (verifier: Verifier, options: GuardOptions) => Promise<Service>

/** Each answers `GET` and `POST /notes` with whose they are. */
export const SERVICES: Readonly<Record<string, StartService>> = {
  async Express(verifier, options) {
    const app = express()
    app.set('env', 'test') // elsewhere it prints every fault
    app.use(express.urlencoded())
    app.all('/notes', expressBearer(verifier, options), (request, response) => {
      response.json({ owner: request.accessToken.subject })
    })
    return await listening(createServer(app))
  },

  async Fastify(verifier, options) {
    const app = fastify()
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
    )
    app.route({
      method: ['GET', 'POST'],
      url: '/notes',
      preHandler: fastifyBearer(verifier, options),
      handler: async ({ accessToken }) => ({ owner: accessToken.subject }),
    })
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    return { origin, close: () => app.close() }
  },

  async fetch(verifier, options) {
    const protect = fetchBearer(verifier, options)
    const handle = async (request: Request, remoteAddress: string | undefined): Promise<Response> => {
      const token = await protect(request, { remoteAddress })
      if (token instanceof Response) return token
      return Response.json({ owner: token.subject })
    }
    return await listening(createServer((request, response) => void serve(request, response, handle)))
  },
}

type Handle = (request: Request, remoteAddress: string | undefined) => Promise<Response>

/** What a platform does for such handlers. */
async function serve(request: IncomingMessage, response: ServerResponse, handle: Handle): Promise<void> {
  const headers = new Headers()
  for (const [name, values] of Object.entries(request.headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  const asked = new Request(`http://${request.headers.host}${request.url}`, {
    method: request.method ?? 'GET',
    headers,
  })
  const answer = await handle(asked, request.socket.remoteAddress).catch(() => new Response(null, { status: 500 }))
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
}

async function listening(server: Server): Promise<Service> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the service does not listen')
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { origin: `http://127.0.0.1:${address.port}`, close }
}
