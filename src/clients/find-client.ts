// clients: who is calling. Finding a client, and proving that a request comes from it. The result is a `Caller`, a type
// that only a proof gives; what a caller may do is the grants' business.

import { cached } from '../base/cached.ts'
import type { Clock } from '../base/clock.ts'
import type { Client, Resource } from '../protocol/client.ts'
import type { Store } from '../store/index.ts'

const REMEMBERED_SECONDS = 5

/** Client records, resources and origins as any node may know them: at most five seconds old, and older while the database is away. */
export interface Directory {
  /** An enabled client. Unknown and disabled are the same to everybody outside. */
  client(clientId: string): Promise<Client | undefined>
  resources(): Promise<readonly Resource[]>
  /** Whether some enabled client has registered this origin, for CORS. */
  hasOrigin(origin: string): Promise<boolean>
}

export function directory(deps: { clock: Clock; store: Pick<Store, 'clients' | 'resources'> }): Directory {
  const remembered = (most: number) => ({ seconds: REMEMBERED_SECONDS, most })
  const client = cached(deps.clock, remembered(10_000), (clientId: string) => deps.store.clients.find(clientId))
  const resources = cached(deps.clock, remembered(1), (_: 'all') => deps.store.resources.list())
  const origin = cached(deps.clock, remembered(10_000), (text: string) => deps.store.clients.hasOrigin(text))
  return {
    async client(clientId) {
      if (!isClientId(clientId)) return undefined
      const found = await client(clientId)
      return found?.disabledAt ? undefined : found
    },
    resources: () => resources('all'),
    hasOrigin: async (text) => text.length <= 300 && (await origin(text)),
  }
}

const CLIENT_ID = /^[A-Za-z0-9._~-]{1,100}$/

/** Whether a text could be the id of a client. */
export const isClientId = (text: string): boolean => CLIENT_ID.test(text)
