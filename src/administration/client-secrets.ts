import { isId } from '../base/random.ts'
import { administered } from '../telemetry/administered.ts'
import { type AdministrationDeps, defineAction } from './action.ts'
import { clientToChange, findClient, newSecret } from './clients.ts'
import { notFound, Refused } from './refused.ts'

interface Named {
  readonly clientId: string
}

/** When the secrets of a client were made and used: never what they are. */
export const listClientSecrets = defineAction({
  permission: 'clients:read',
  async run(deps: AdministrationDeps, actor, { clientId }: Named) {
    await findClient.run(deps, actor, { clientId })
    return await deps.store.administration.listSecrets(clientId)
  },
})

/** Makes a second secret, which is told this once. */
export const addClientSecret = defineAction({
  permission: 'secrets:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { clientId }: Named) {
    const { tokenEndpointAuthMethod } = await clientToChange(deps, actor, clientId)
    if (tokenEndpointAuthMethod === 'none') throw new Refused('conflict', 'a public client has no secret')
    const { text, stored } = newSecret(deps)
    const event = administered(deps, actor, 'client.secret_added', { clientId, detail: { secret: stored.id } })
    if (!(await deps.store.clients.addSecret(clientId, stored, event))) {
      throw new Refused('conflict', 'two secrets are live already: remove one first')
    }
    return { id: stored.id, secret: text }
  },
})

export const removeClientSecret = defineAction({
  permission: 'secrets:write',
  needsFreshSignIn: true,
  async run(deps: AdministrationDeps, actor, { clientId, id }: Named & { readonly id: string }) {
    await clientToChange(deps, actor, clientId)
    const event = administered(deps, actor, 'client.secret_removed', { clientId, detail: { secret: id } })
    if (!isId(id) || !(await deps.store.clients.removeSecret(clientId, id, event))) throw notFound('secret')
  },
})
