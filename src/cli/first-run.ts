import { digestOf } from '../base/digest.ts'
import { newId, newToken } from '../base/random.ts'
import { clientMetadata } from '../protocol/client-metadata.ts'
import { type LinkDeps, newAdministratorLink } from './administrator-link.ts'
import { operated } from './change.ts'

const FIRST_CLIENT = 'first-service'
const LEASE_SECONDS = 60

/**
 * Where there is no client and no user yet, makes a one-time link to the first administrator and a machine client with a
 * secret of its own. Of several nodes that start at once, one does it. design.md §11
 * @returns what to show, once: it holds secrets, and never goes through the log
 */
export async function prepareFirstRun(deps: LinkDeps): Promise<string | undefined> {
  const { clients, users, leases } = deps.store
  if ((await clients.exist()) || (await users.exist())) return undefined
  if (!(await leases.take('first-run', newId(deps.random, deps.clock.now()), LEASE_SECONDS))) return undefined
  const { url } = await newAdministratorLink(deps)
  const secret = await addFirstClient(deps)
  return banner(deps.config.issuer, url, secret)
}

async function addFirstClient(deps: LinkDeps): Promise<string> {
  const policy = clientMetadata.parse({
    client_id: FIRST_CLIENT,
    client_name: 'First service',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    scope: '',
  })
  const event = (type: string) => operated(deps, type, { clientId: FIRST_CLIENT, detail: { by: 'first run' } })
  await deps.store.clients.put(policy, event('client.created'))
  const secret = newToken(deps.random, 'cs_')
  const stored = { id: newId(deps.random, deps.clock.now()), digest: digestOf(secret) }
  await deps.store.administration.putSecret(FIRST_CLIENT, stored, event('client.secret_added'))
  return secret
}

const banner = (issuer: string, link: string, secret: string): string => `
  Postern is new here. This is shown once, and kept in first-run.txt beside the data.

  Issuer
    ${issuer}

  Make the first administrator (the link works once, for a day; a new one: postern admin-link)
    ${link}

  Get a first token, as the client ${FIRST_CLIENT}
    curl -s -u ${FIRST_CLIENT}:${secret} -d grant_type=client_credentials ${quoted(`${issuer}/token`)}

`

/** As a POSIX shell takes it. */
const quoted = (text: string): string => (/^[\w.:/~%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
