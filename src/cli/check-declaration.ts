import { usernameFault } from '../accounts/names.ts'
import { passwordFaults } from '../accounts/password-policy.ts'
import { clientFaults, scopesOf } from '../administration/client-faults.ts'
import type { Config } from '../config/config.ts'
import { ADMINISTRATOR } from '../store/user-roles.ts'
import { canonical } from '../store/users.ts'
import type { DeclaredUser } from './declaration.ts'
import type { Known } from './known.ts'
import type { Entry, Reading } from './read-declaration.ts'
import type { FileFault, Path } from './read-document.ts'

export type Rules = Pick<Config, 'issuer' | 'usernameMax' | 'passwordPolicy'>

/** A fault of one part of an entry. */
export interface EntryFault {
  readonly part: Path
  readonly message: string
}

/** What is wrong between the entries of a file, and between them and what is stored. Entries that are wrong in themselves are left out. */
export function checkDeclaration({ declaration, faultAt }: Reading, known: Known, rules: Rules): readonly FileFault[] {
  const { resources, roles, clients, users } = declaration
  const scopes = scopesOf(known.resources)
  for (const { value } of resources) scopes.set(value.identifier, value.scopes)
  const roleNames = new Set([
    ...known.roles.map(({ name }) => name),
    ...roles.map(({ value }) => value.name),
    ADMINISTRATOR,
  ])
  const clientIds = new Set([...known.clients.keys(), ...clients.map(({ value }) => value.policy.clientId)])
  const all = <T>(entries: readonly Entry<T>[], check: (value: T) => Iterable<EntryFault>): readonly FileFault[] =>
    entries.flatMap(({ value, path }) =>
      [...check(value)].map(({ part, message }) => faultAt([...path, ...part], message)),
    )
  return [
    ...all(resources, function* ({ identifier, introspectionClients }) {
      if (identifier === rules.issuer)
        yield { part: ['identifier'], message: 'is the issuer, whose tokens are its own' }
      if (introspectionClients.some((id) => !clientIds.has(id))) {
        yield { part: ['introspection_clients'], message: 'names a client that is neither here nor stored' }
      }
    }),
    ...all(roles, ({ scopes: allowed = {} }) => roleScopeFaults(allowed, scopes)),
    ...all(clients, ({ policy }) =>
      clientFaults(policy, scopes).map(({ field, message }) => ({ part: [field], message })),
    ),
    ...all(users, (user) => userFaults(user, roleNames, known, rules)),
    ...all(
      resources,
      onceEach('identifier', ({ identifier }) => identifier),
    ),
    ...all(
      roles,
      onceEach('name', ({ name }) => name),
    ),
    ...all(
      clients,
      onceEach('client_id', ({ policy }) => policy.clientId),
    ),
    ...all(
      users,
      onceEach('username', ({ username }) => canonical(username)),
    ),
    ...all(
      users,
      onceEach('email', ({ email }) => email && canonical(email)),
    ),
  ]
}

/** Whether every scope of a role is one of its resource. */
export function* roleScopeFaults(
  allowed: Readonly<Record<string, readonly string[]>>,
  known: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Generator<EntryFault> {
  for (const [identifier, names] of Object.entries(allowed)) {
    const defined = known.get(identifier)
    if (!defined) yield { part: ['scopes', identifier], message: 'is a resource that is neither here nor stored' }
    else if (names.some((name) => !Object.hasOwn(defined, name)))
      yield { part: ['scopes', identifier], message: 'names a scope that the resource does not define' }
  }
}

function* userFaults(
  user: DeclaredUser,
  roles: ReadonlySet<string>,
  known: Known,
  rules: Rules,
): Generator<EntryFault> {
  const malformed = usernameFault(user.username, rules.usernameMax)
  // The reserved names are kept from strangers; whoever writes this file runs the server.
  if (malformed !== undefined && malformed !== 'reserved') {
    yield { part: ['username'], message: `must be 3 to ${rules.usernameMax} of A-Z a-z 0-9 _` }
  }
  const owner = user.email === undefined ? undefined : known.emailOwners.get(canonical(user.email))
  if (owner !== undefined && owner !== canonical(user.username)) {
    yield { part: ['email'], message: 'is the address of another user' }
  }
  const broken = user.password === undefined ? [] : newPasswordFaults(user.password, user, rules)
  if (broken.length > 0) yield { part: ['password'], message: `breaks the password policy: ${broken.join(', ')}` }
  for (const [index, role] of user.roles?.entries() ?? []) {
    if (!roles.has(role)) yield { part: ['roles', index], message: 'is a role that is neither here nor stored' }
  }
}

/** Which rules of this deployment a new password breaks, by their names. */
export const newPasswordFaults = (
  password: string,
  { username, email }: { readonly username: string; readonly email?: string | null | undefined },
  rules: Rules,
): readonly string[] =>
  passwordFaults(rules.passwordPolicy, password, {
    words: [username, email ?? undefined, email?.split('@')[0], new URL(rules.issuer).hostname],
  })

/** Faults for whatever was there before. */
function onceEach<T>(field: string, key: (value: T) => string | undefined): (value: T) => readonly EntryFault[] {
  const seen = new Set<string>()
  return (value) => {
    const name = key(value)
    if (name === undefined) return []
    if (seen.has(name)) return [{ part: [field], message: 'stands here for the second time' }]
    seen.add(name)
    return []
  }
}
