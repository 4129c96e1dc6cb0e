import type { Client, Resource } from '../protocol/client.ts'
import type { Store } from '../store/index.ts'
import type { Role } from '../store/roles.ts'
import { canonical, type UserWithPassword } from '../store/users.ts'
import type { Declaration } from './read-declaration.ts'

/** What is stored under the names that a file uses. */
export interface Known {
  readonly resources: readonly Resource[]
  readonly roles: readonly Role[]
  readonly clients: ReadonlyMap<string, Client>
  /** By canonical user name. */
  readonly users: ReadonlyMap<string, UserWithPassword>
  /** The canonical user name behind each canonical e-mail address. */
  readonly emailOwners: ReadonlyMap<string, string>
}

type KnownStore = Pick<Store, 'resources' | 'roles' | 'clients' | 'users'>

/** Reads what is stored under the names that a file uses. */
export async function readKnown(store: KnownStore, { resources, clients, users }: Declaration): Promise<Known> {
  const named = new Set([
    ...clients.map(({ value }) => value.policy.clientId),
    ...resources.flatMap(({ value }) => value.introspectionClients),
  ])
  const foundClients = await oneByOne([...named], (id) => store.clients.find(id))
  const foundUsers = await oneByOne(users, ({ value }) => store.users.findForSignIn(canonical(value.username)))
  const emails = users.flatMap(({ value }) => value.email ?? [])
  const owners = await oneByOne(emails, (email) => store.users.find({ login: email }))
  return {
    resources: await store.resources.list(),
    roles: await store.roles.list(),
    clients: new Map(foundClients.map((client) => [client.clientId, client])),
    users: new Map(foundUsers.map((user) => [canonical(user.username), user])),
    emailOwners: new Map(owners.map(({ username, email }) => [canonical(email ?? ''), canonical(username)])),
  }
}

/** In turn: the embedded engine has one session, and a set-up is small. */
async function oneByOne<From, To>(
  items: readonly From[],
  find: (item: From) => Promise<To | undefined>,
): Promise<readonly To[]> {
  const found: To[] = []
  for (const item of items) {
    const one = await find(item)
    if (one !== undefined) found.push(one)
  }
  return found
}
