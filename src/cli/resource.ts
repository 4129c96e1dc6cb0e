import { operated } from './change.ts'
import type { Command } from './command.ts'
import { table } from './output.ts'
import { Refusal } from './refusal.ts'

export const resourceCommands: readonly Command[] = [
  {
    name: 'resource list',
    summary: 'List the resources: the APIs that tokens are for. The file makes and changes them: see apply.',
    async run(context) {
      const { store } = await context.deps()
      const resources = (await store.resources.list()).map((one) => ({
        identifier: one.identifier,
        name: one.name,
        scopes: one.scopes,
        introspection_clients: one.introspectionClients,
        scopes_by_role: one.scopesByRole,
      }))
      const rows = resources.map((one) => [one.identifier, one.name, Object.keys(one.scopes), one.scopes_by_role])
      const text = table(['identifier', 'name', 'scopes', 'by_roles'], rows)
      return { text: rows.length === 0 ? 'No resources.' : text, json: { resources } }
    },
  },
  {
    name: 'resource delete',
    summary: 'Delete a resource that no client may ask tokens for, with what roles allow there.',
    words: ['IDENTIFIER'],
    async run(context, given) {
      const deps = await context.deps()
      const identifier = given.word(0)
      if (!(await deps.store.resources.find(identifier))) throw new Refusal('there is no such resource')
      const event = operated(deps, 'resource.deleted', { detail: { resource: identifier } })
      if (!(await deps.store.resources.remove(identifier, event))) {
        throw new Refusal('clients may ask tokens for it: take it from them first')
      }
      return { text: `Deleted resource ${identifier}.`, json: { identifier, deleted: true } }
    },
  },
]
