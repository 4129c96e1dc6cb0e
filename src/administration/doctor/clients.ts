import { everyPage } from '../../base/every-page.ts'
import type { Deps } from '../../deps.ts'
import type { Client } from '../../protocol/client.ts'
import { ADMINISTRATOR } from '../../store/user-roles.ts'
import { doubt, type Finding, fine } from './finding.ts'

/** Clients that are allowed more than the standards advise, and whether anybody is an administrator. */
export async function clientFindings({ store }: Pick<Deps, 'store'>): Promise<readonly Finding[]> {
  const clients = await everyPage(
    (after, limit) => store.clients.list(after, limit),
    ({ clientId }) => clientId,
  )
  const enabled = clients.filter(({ disabledAt }) => disabledAt === undefined)
  const weak = enabled.flatMap((client) => [...findingsOf(client)])
  const isSound = fine('clients', `${enabled.length} clients, none with a weakened policy`)
  return [...(weak.length > 0 ? weak : [isSound]), await administratorFinding(store)]
}

function* findingsOf(client: Client): Generator<Finding> {
  const { clientId, requirePkce, refreshRotation, grantTypes, tokenEndpointAuthMethod, secrets } = client
  if (!requirePkce && grantTypes.includes('authorization_code')) {
    const message = `client ${clientId} may leave PKCE out, and the nonce with it`
    yield doubt('client.no_pkce', message, `postern client update ${clientId} --require-pkce`)
  }
  if (!refreshRotation && grantTypes.includes('refresh_token')) {
    const message = `client ${clientId} keeps one refresh token for the whole grant: a stolen one is not noticed`
    yield doubt('client.no_rotation', message, `postern client update ${clientId} --refresh-rotation`)
  }
  if (tokenEndpointAuthMethod !== 'none' && secrets.length === 0) {
    const message = `client ${clientId} is confidential and has no secret: it cannot authenticate`
    yield doubt('client.no_secret', message, `postern client secret add ${clientId}`)
  }
}

async function administratorFinding(store: Deps['store']): Promise<Finding> {
  if (await store.administration.isRoleHeld(ADMINISTRATOR))
    return fine('users.administrator', 'there is an administrator')
  return doubt(
    'users.no_administrator',
    'nobody is an administrator',
    'postern admin-link makes a link that creates one',
  )
}
