// demo: the newcomer's minute, on a loopback issuer only. A single-page app and an API that stand outside the gate as
// anybody's would: the app speaks to this server through oidc-client-ts, the API checks tokens with the keys that it fetches.
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { ceiling } from '../../base/ceiling.ts'
import type { Deps } from '../../deps.ts'
import type { Resource } from '../../protocol/client.ts'
import { clientMetadata } from '../../protocol/client-metadata.ts'
import { bearer } from '../../resource-server/fastify.ts'
import { createVerifier } from '../../resource-server/index.ts'
import { administrationEvent } from '../../telemetry/audit.ts'
import { demoPage } from '../../views/demo.ts'
import { frameFor, sendPage } from '../context.ts'
import { group } from '../plugins/group.ts'
import { rightHost } from '../plugins/host.ts'
import { perAddress } from '../plugins/limits.ts'
import { appScript, demoAssets, sendAsset } from './demo-assets.ts'

const CLIENT_ID = 'postern-demo'
const API_SCOPE = 'demo:read'

const appUri = (issuer: string) => `${issuer}/demo`
const apiUri = (issuer: string) => `${issuer}/demo/api`

/** The demo's page, its scripts, and the API that it calls. */
export function demoRoutes(app: FastifyInstance, deps: Deps): void {
  const limit = perAddress(ceiling(deps.clock, deps.config.ceilingAddressPerMinute, 60))
  group(app, '', { audience: 'people' }, (room) => demoPageRoute(room, deps), [limit, rightHost(deps)])
  group(app, '/demo/assets', { audience: 'people' }, demoAssetRoutes, [limit])
  group(app, '/demo/api', { audience: 'programs' }, (room) => greetingRoute(room, deps), [limit])
}

function demoPageRoute(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  const view = {
    script: `${config.basePath}/demo/assets/${appScript.name}?v=${appScript.version}`,
    clientId: CLIENT_ID,
    redirectUri: appUri(config.issuer),
    apiUrl: `${apiUri(config.issuer)}/greeting`,
  }
  app.get('/demo', async (request, reply) => await sendPage(reply, demoPage(view, frameFor({ config }, request))))
}

function demoAssetRoutes(app: FastifyInstance): void {
  for (const asset of demoAssets) {
    app.get(`/${asset.name}`, async (request, reply) => await sendAsset(request, reply, asset))
  }
}

/** What a backend of anybody's has to write: one verifier, and one line for each route that it protects. */
function greetingRoute(app: FastifyInstance, { config, clock }: Pick<Deps, 'config' | 'clock'>): void {
  const verifier = createVerifier({ issuer: config.issuer, audience: apiUri(config.issuer), clock })
  const preHandler = bearer(verifier, { realm: 'demo', requiredScopes: [API_SCOPE] })
  app.get('/greeting', { preHandler }, async ({ accessToken: { subject, clientId, scopes } }) => ({
    greeting: 'Hello. The token you showed was good here.',
    subject,
    client: clientId,
    scope: scopes.join(' '),
  }))
}

/** Registers the demo's app and API, or mends what they say after the issuer has moved. Writes nothing when all is as it should be. */
export async function ensureDemo(deps: Deps): Promise<void> {
  const { store, config } = deps
  const resource: Resource = {
    identifier: apiUri(config.issuer),
    name: 'Demo API',
    scopes: { [API_SCOPE]: 'Read a greeting' },
    introspectionClients: [],
    scopesByRole: false,
  }
  const { disabled: _, ...policy } = clientMetadata.parse({
    client_id: CLIENT_ID,
    client_name: 'Demo app',
    redirect_uris: [appUri(config.issuer)],
    post_logout_redirect_uris: [appUri(config.issuer)],
    scope: `openid profile email ${API_SCOPE}`,
    resources: [resource.identifier],
  })

  const resources = await store.resources.list()
  if (!resources.some((known) => isDeepStrictEqual({ ...known, ...resource }, known))) {
    const detail = { resource: resource.identifier }
    await store.resources.put(resource, administrationEvent(deps, 'resource.put', 'system', { detail }))
  }
  const known = await store.clients.find(CLIENT_ID)
  if (!known || !isDeepStrictEqual({ ...known, ...policy }, known)) {
    const event = administrationEvent(deps, 'client.put', 'system', { clientId: CLIENT_ID })
    await store.clients.put({ ...policy, disabled: known?.disabledAt !== undefined }, event)
  }
}
