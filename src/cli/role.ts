import { z } from 'zod'
import { network } from '../protocol/client-metadata.ts'
import { PERMISSIONS } from '../protocol/permission.ts'
import type { Role, StoredRole } from '../store/roles.ts'
import { ADMINISTRATOR } from '../store/user-roles.ts'
import { operated } from './change.ts'
import { roleScopeFaults } from './check-declaration.ts'
import type { Command, Given } from './command.ts'
import { properties, table } from './output.ts'
import { Refusal, UsageError } from './refusal.ts'

const shown = ({ name, description, requireMfa, allowedNetworks, permissions, scopes, holders }: StoredRole) => ({
  name,
  description,
  require_mfa: requireMfa,
  allowed_networks: allowedNetworks,
  permissions,
  scopes,
  holders,
})

export const roleCommands: readonly Command[] = [
  {
    name: 'role list',
    summary: 'List the roles.',
    async run(context) {
      const { store } = await context.deps()
      const roles = await store.roles.list()
      const rows = roles.map(({ name, permissions, holders, description }) => [name, permissions, holders, description])
      return { text: table(['name', 'permissions', 'holders', 'description'], rows), json: { roles: roles.map(shown) } }
    },
  },
  {
    name: 'role show',
    summary: 'Show a role.',
    words: ['ROLE'],
    async run(context, given) {
      const { store } = await context.deps()
      const role = shown(await roleNamed(store, given.word(0)))
      return { text: properties({ ...role, scopes: scopeWords(role.scopes) }), json: role }
    },
  },
  {
    name: 'role put',
    summary: 'Make a role, or change it: what is not said stays.',
    words: ['ROLE'],
    options: {
      description: { type: 'string', value: 'TEXT', meaning: 'What it is for.' },
      permission: { type: 'string', multiple: true, value: 'NAME', meaning: 'What it allows in the administration.' },
      scope: {
        type: 'string',
        multiple: true,
        value: 'RESOURCE=SCOPE',
        meaning: 'A scope that it allows at a resource.',
      },
      network: { type: 'string', multiple: true, value: 'CIDR', meaning: 'Where its holders may come from.' },
      'require-mfa': { type: 'boolean', meaning: 'Whether its holders need a second factor.' },
    },
    async run(context, given) {
      const { store, ...deps } = await context.deps()
      const name = given.word(0)
      const stored = await store.roles.find(name)
      const role = { ...NEW, ...stored, ...said(given), name }
      if (name === ADMINISTRATOR && !(role.permissions.includes('*') && role.requireMfa)) {
        throw new Refusal('the role administrator has every permission, and demands a second factor')
      }
      const resources = await store.resources.list()
      const known = new Map(resources.map(({ identifier, scopes }) => [identifier, scopes]))
      const [fault] = roleScopeFaults(role.scopes, known)
      if (fault) throw new Refusal(`${fault.part.join(' ')} ${fault.message}`)
      await store.roles.put(role, operated(deps, 'role.put', { detail: { role: name } }))
      const now = shown(await roleNamed(store, name))
      return { text: `Role ${name} is ${stored ? 'changed' : 'made'}.`, json: now }
    },
  },
  {
    name: 'role remove',
    summary: 'Delete a role: nobody holds it any more.',
    words: ['ROLE'],
    async run(context, given) {
      const { store, ...deps } = await context.deps()
      const name = given.word(0)
      if (name === ADMINISTRATOR) throw new Refusal('the role administrator stays')
      await roleNamed(store, name)
      await store.roles.remove(name, operated(deps, 'role.deleted', { detail: { role: name } }))
      return { text: `Removed role ${name}.`, json: { name, removed: true } }
    },
  },
]

const NEW: Omit<Role, 'name'> = { description: '', requireMfa: false, allowedNetworks: [], permissions: [], scopes: {} }

/** What the options say; an option that is not there says nothing. */
function said(given: Given): Partial<Role> {
  const description = given.text('description')
  const requireMfa = given.flag('require-mfa')
  return {
    ...(description !== undefined && { description: one(z.string().max(300), description, '--description') }),
    ...(requireMfa !== undefined && { requireMfa }),
    ...list(given, 'permission', z.enum(PERMISSIONS), 'permissions'),
    ...list(given, 'network', network, 'allowedNetworks'),
    ...(given.texts('scope') && { scopes: scopesIn(given.texts('scope') ?? []) }),
  }
}

function list(given: Given, option: string, schema: z.ZodType<string>, member: 'permissions' | 'allowedNetworks') {
  const texts = given.texts(option)
  return texts && { [member]: [...new Set(texts.map((text) => one(schema, text, `--${option}`)))].sort() }
}

function one<Value>(schema: z.ZodType<Value>, text: string, option: string): Value {
  const parsed = schema.safeParse(text)
  if (!parsed.success) throw new UsageError(`${option} ${parsed.error.issues[0]?.message ?? 'is not right'}`)
  return parsed.data
}

/** The scope stands after the last `=`: an identifier may hold others. */
function scopesIn(pairs: readonly string[]): Record<string, string[]> {
  const scopes: Record<string, string[]> = {}
  for (const pair of pairs) {
    const equals = pair.lastIndexOf('=')
    if (equals < 1) throw new UsageError('--scope is RESOURCE=SCOPE')
    const identifier = pair.slice(0, equals)
    scopes[identifier] = [...new Set([...(scopes[identifier] ?? []), pair.slice(equals + 1)])].sort()
  }
  return scopes
}

const scopeWords = (scopes: Role['scopes']): readonly string[] =>
  Object.entries(scopes).flatMap(([identifier, names]) => names.map((name) => `${identifier}=${name}`))

async function roleNamed(
  store: { readonly roles: { find(name: string): Promise<StoredRole | undefined> } },
  name: string,
): Promise<StoredRole> {
  const role = await store.roles.find(name)
  if (!role) throw new Refusal(`there is no role ${name}`)
  return role
}
