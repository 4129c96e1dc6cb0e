// Clients that take logout tokens, on loopback, and people who are signed in to them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { deliverOutbox } from '../../src/jobs/deliver-outbox.ts'
import type { Delivery } from '../../src/store/outbox.ts'
import type { TestServer } from '../support/server.ts'

export interface Taken {
  /** The client, by its path. */
  readonly path: string
  readonly method: string | undefined
  readonly contentType: string | undefined
  readonly form: URLSearchParams
}

/** A receiver of logout tokens. What it answers can be changed at any time. */
export async function startReceiver() {
  const taken: Taken[] = []
  const state = { status: 200, body: '', connections: 0 }
  const server = createServer(async (request, response) => {
    const { url: path = '', method, headers } = request
    taken.push({ path, method, contentType: headers['content-type'], form: new URLSearchParams(await text(request)) })
    response.writeHead(state.status, state.status === 302 ? { location: '/elsewhere' } : {}).end(state.body)
  })
  server.on('connection', () => {
    state.connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    taken,
    state,
    /** Where a client of that name takes its tokens. */
    uriOf: (name: string) => `http://127.0.0.1:${port}/${name}`,
    /** Who was told of which session, as 'client session', in order; and forgets it. */
    told: () =>
      taken
        .splice(0)
        .map(({ path, form }) => `${path.slice(1)} ${decodeJwt(form.get('logout_token') ?? '').sid}`)
        .sort(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** Lets a node send what is due. */
export const deliver = (server: Pick<TestServer, 'deps'>): Promise<void> => deliverOutbox.run(server.deps)

/** The logout tokens that a user's sessions made, newest first. */
export const logoutsOf = async ({ deps }: TestServer, userId: string): Promise<readonly Delivery[]> =>
  (await deps.store.outbox.listDeliveries({ channel: 'logout', limit: 1000 })).filter((each) => each.userId === userId)
