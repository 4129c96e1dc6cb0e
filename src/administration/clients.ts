import { digestOf } from '../base/digest.ts'
import { newId, newToken } from '../base/random.ts'
import { type ClientPolicy, clientMetadata } from '../protocol/client-metadata.ts'
import type { ClientQuery, StoredClient } from '../store/clients.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, type Administrator, defineAction } from './action.ts'
import { quicker, unchangedSince, type Versioned } from './change.ts'
import { metadataOf, metadataToChange, storedMetadata } from './client-facts.ts'
import { clientFaults, scopesOf } from './client-faults.ts'
import { refuseClientBeyond } from './reach.ts'
import { notFound, Refused } from './refused.ts'

/** The policy of a client, or a part of it, by the names of RFC 7591 §2: not yet judged. */
type Metadata = Readonly<Record<string, unknown>>

interface Named {
  readonly clientId: string
}

export const listClients = defineAction({
  permission: 'clients:read',
  run: (deps: AdministrationDeps, _actor, query: ClientQuery) => deps.store.clients.search(query),
})

export const findClient = defineAction({
  permission: 'clients:read',
  run: (deps: AdministrationDeps, _actor, { clientId }: Named) => clientNamed(deps, clientId),
})

/** Makes a client. A confidential one gets a secret, which is told this once; that is why the sign-in has to be fresh. */
export const createClient = defineAction({
  permission: 'clients:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { metadata }: { readonly metadata: Metadata }) {
    const policy = await judged(deps, actor, { client_id: newId(deps.random, deps.clock.now()), ...metadata })
    const { clientId } = policy
    const secret = policy.tokenEndpointAuthMethod === 'none' ? undefined : newSecret(deps)
    const event = administered(deps, actor, 'client.created', { clientId, after: metadataOf(policy) })
    if (!(await deps.store.clients.put(policy, event, { expects: 'absent', secret: secret?.stored }))) {
      throw new Refused('conflict', 'there is a client of this id')
    }
    return { client: await clientNamed(deps, clientId), secret: secret?.text }
  },
})

/** Changes what is said of a client; `null` takes a field away. RFC 7396 */
export const updateClient = defineAction({
  permission: 'clients:write',
  async run(deps: AdministrationDeps, actor, { clientId, version, metadata }: Named & Versioned & ClientChange) {
    const stored = await clientToChange(deps, actor, clientId)
    const wanted = Object.entries({ ...metadataToChange(stored), ...metadata }).filter(([, value]) => value !== null)
    const policy = await judged(deps, actor, Object.fromEntries(wanted))
    const event = administered(deps, actor, 'client.updated', {
      clientId,
      before: storedMetadata(stored),
      after: metadataOf(policy),
    })
    if (!(await deps.store.clients.put(policy, event, unchangedSince(stored, version)))) throw quicker()
    return await clientNamed(deps, clientId)
  },
})

export const deleteClient = defineAction({
  permission: 'clients:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { clientId }: Named) {
    const before = storedMetadata(await clientToChange(deps, actor, clientId))
    const event = administered(deps, actor, 'client.deleted', { clientId, before })
    if (!(await deps.store.clients.remove(clientId, event))) throw notFound('client')
  },
})

export const disableClient = switching(true)
export const enableClient = switching(false)

/** Ends every grant that users have given a client until now: they sign in again. */
export const endGrantsOfClient = defineAction({
  permission: 'clients:write',
  async run(deps: AdministrationDeps, actor, { clientId }: Named) {
    await clientToChange(deps, actor, clientId)
    await deps.store.clients.endGrants(clientId, administered(deps, actor, 'client.grants_ended', { clientId }))
    return await clientNamed(deps, clientId)
  },
})

interface ClientChange {
  readonly metadata: Metadata
}

function switching(isDisabled: boolean) {
  return defineAction({
    permission: 'clients:write',
    async run(deps: AdministrationDeps, actor, { clientId }: Named) {
      await clientToChange(deps, actor, clientId)
      const type = isDisabled ? 'client.disabled' : 'client.enabled'
      const facts = { clientId, before: { disabled: !isDisabled }, after: { disabled: isDisabled } }
      await deps.store.clients.setDisabled(clientId, isDisabled, administered(deps, actor, type, facts))
      return await clientNamed(deps, clientId)
    },
  })
}

/** A secret, and what is stored of it. */
export function newSecret(deps: Pick<AdministrationDeps, 'random' | 'clock'>) {
  const text = newToken(deps.random, 'cs_')
  return { text, stored: { id: newId(deps.random, deps.clock.now()), digest: digestOf(text) } }
}

/** The client that a change is about. @throws Refused for one that is out of the actor's reach */
export async function clientToChange(
  deps: AdministrationDeps,
  actor: Administrator,
  clientId: string,
): Promise<StoredClient> {
  const stored = await clientNamed(deps, clientId)
  refuseClientBeyond(actor, stored, await deps.store.resources.list())
  return stored
}

async function clientNamed(deps: AdministrationDeps, clientId: string): Promise<StoredClient> {
  const client = await deps.store.clients.findStored(clientId)
  if (!client) throw notFound('client')
  return client
}

/** Judges a client as a whole, as the file and the command line do. @throws Refused with every fault */
async function judged(deps: AdministrationDeps, actor: Administrator, metadata: Metadata): Promise<ClientPolicy> {
  const parsed = clientMetadata.safeParse(metadata)
  const known = await deps.store.resources.list()
  const faults = parsed.success
    ? clientFaults(parsed.data, scopesOf(known))
    : parsed.error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }))
  if (!parsed.success || faults.length > 0) {
    throw new Refused('invalid_request', 'the client cannot be as it is described', faults)
  }
  refuseClientBeyond(actor, parsed.data, known)
  return parsed.data
}
