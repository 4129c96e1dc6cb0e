import type { ServerOptions } from 'node:https'
import cookie from '@fastify/cookie'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type onRequestAsyncHookHandler,
} from 'fastify'
import { ceiling } from './base/ceiling.ts'
import { newRequestId } from './base/random.ts'
import type { Config } from './config/config.ts'
import type { Deps } from './deps.ts'
import { adminRoutes } from './http/admin-routes.ts'
import { demoRoutes } from './http/demo/demo.ts'
import { accountTotpEndpoints } from './http/endpoints/account-totp.ts'
import { assetEndpoints } from './http/endpoints/assets.ts'
import { authorizationEndpoint } from './http/endpoints/authorize.ts'
import { discoveryEndpoint, jwksEndpoint } from './http/endpoints/discovery.ts'
import { endSessionEndpoint } from './http/endpoints/end-session.ts'
import { closeWhenDraining, type Draining, healthEndpoints } from './http/endpoints/health.ts'
import { introspectionEndpoint } from './http/endpoints/introspection.ts'
import { revocationEndpoint } from './http/endpoints/revocation.ts'
import { tokenEndpoint } from './http/endpoints/token.ts'
import { userinfoEndpoint } from './http/endpoints/userinfo.ts'
import { dataPages } from './http/pages/account/data.ts'
import { emailPages } from './http/pages/account/email.ts'
import { factorPages } from './http/pages/account/factors.ts'
import { accountPages } from './http/pages/account/overview.ts'
import { passwordPages } from './http/pages/account/password.ts'
import { consentPages } from './http/pages/consent.ts'
import { enrolFactorPages } from './http/pages/enrol-factor.ts'
import { firstAdministratorPages } from './http/pages/first-administrator.ts'
import { interactionHub } from './http/pages/interaction.ts'
import { outboxPages } from './http/pages/outbox.ts'
import { recoveryPages } from './http/pages/recovery.ts'
import { secondFactorPages } from './http/pages/second-factor.ts'
import { signInPages } from './http/pages/sign-in.ts'
import { signUpPages } from './http/pages/sign-up.ts'
import { verifyEmailPages } from './http/pages/verify-email.ts'
import { bodyParsing } from './http/plugins/body.ts'
import { cors, preflight } from './http/plugins/cors.ts'
import { errorAnswers } from './http/plugins/errors.ts'
import { group } from './http/plugins/group.ts'
import { rightHost } from './http/plugins/host.ts'
import { notFound, perAddress } from './http/plugins/limits.ts'
import { measured } from './http/plugins/measured.ts'
import { explainedRefusals } from './http/plugins/refusals.ts'
import { requestLog } from './http/plugins/request-log.ts'
import { securityHeaders } from './http/plugins/security-headers.ts'
import { refuseNul, unreadableAddress, unreadableMessage } from './http/plugins/unreadable.ts'
import { ENDPOINTS } from './protocol/server-metadata.ts'

const BODY_BYTES = 65_536
const SLOW_CLIENT_MS = 15_000
const CHECKS = 15

export interface AppOptions {
  readonly draining?: Draining
  /** Where no proxy ends TLS. */
  readonly https?: ServerOptions | undefined
  /** `admin`: the console and the admin API alone, where they have a listener of their own. */
  readonly listener?: 'public' | 'admin'
  /** How long a client may take over its headers, over its body, and over reading nothing of the answer. */
  readonly slowClientMs?: number
}

/** The server, every plugin, endpoint and page by name. Listens to nothing yet. */
export async function buildApp(
  shared: Deps,
  { draining = { isDraining: false }, https, listener = 'public', slowClientMs = SLOW_CLIENT_MS }: AppOptions = {},
): Promise<FastifyInstance> {
  const deps = listener === 'admin' ? atAdminListener(shared) : shared
  const { config, clock } = deps
  const logger: FastifyBaseLogger = deps.log
  const app: FastifyInstance = fastify({
    ...serverOptions(https, slowClientMs),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }), // requestLog writes one line instead of two
    genReqId: newRequestId,
    requestIdHeader: false,
    trustProxy: trusted(config.trustProxy),
    bodyLimit: BODY_BYTES,
    routerOptions: { maxParamLength: 3 * 2048 }, // the identifier of a resource, percent-encoded
    connectionTimeout: slowClientMs,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    frameworkErrors: unreadableAddress(deps),
    clientErrorHandler: unreadableMessage(deps),
  })
  await app.register(cookie)
  requestLog(app)
  closeWhenDraining(app, draining)
  bodyParsing(app)
  securityHeaders(app, deps)
  errorAnswers(app, deps)
  explainedRefusals(app, deps)
  measured(app, deps)
  notFound(app, deps)
  refuseNul(app)

  const addressCeiling = perAddress(ceiling(clock, config.ceilingAddressPerMinute, 60))
  group(app, '', { audience: 'programs' }, (room) => healthEndpoints(room, deps, draining))
  group(app, config.basePath, { audience: 'people' }, assetEndpoints, [addressCeiling])
  if (listener === 'admin') app.decorate('formAction', new URL(config.issuer).origin) // where a form may lead to a sign-in
  if (listener === 'admin' || !config.admin) adminRoutes(app, deps, [addressCeiling, rightHost(deps)])
  if (listener === 'public') await publicRoutes(app, deps, addressCeiling)
  return app
}

/** The same server, whose own origin is that of the listener for administrators. */
function atAdminListener(deps: Deps): Deps {
  const { admin } = deps.config
  if (!admin) throw new Error('administrators have no listener of their own')
  return { ...deps, config: { ...deps.config, origin: admin.origin } }
}

/** What everybody may reach. */
async function publicRoutes(app: FastifyInstance, deps: Deps, addressCeiling: onRequestAsyncHookHandler) {
  const { config, clock } = deps
  const perClient = ceiling(clock, config.ceilingClientPerMinute, 60)
  const prefix = config.basePath

  // Back channel: JSON for programs.
  group(
    app,
    prefix,
    { audience: 'programs' },
    (room) => {
      tokenEndpoint(room, deps, perClient)
      revocationEndpoint(room, deps, perClient)
      userinfoEndpoint(room, deps, perClient)
      room.options(ENDPOINTS.token_endpoint, preflight(['POST']))
      room.options(ENDPOINTS.revocation_endpoint, preflight(['POST']))
      room.options(ENDPOINTS.userinfo_endpoint, preflight(['GET', 'POST']))
    },
    [cors(deps, 'registered')],
  )
  group(app, prefix, { audience: 'programs' }, (room) => introspectionEndpoint(room, deps, perClient))
  group(app, prefix, { audience: 'programs' }, (room) => accountTotpEndpoints(room, deps), [addressCeiling])

  // For everybody.
  group(
    app,
    '',
    { audience: 'programs' },
    (room) => {
      discoveryEndpoint(room, deps)
      jwksEndpoint(room, deps)
    },
    [addressCeiling, cors(deps, 'everybody')],
  )

  // Front channel: pages for people.
  group(
    app,
    prefix,
    { audience: 'people' },
    (room) => {
      authorizationEndpoint(room, deps)
      endSessionEndpoint(room, deps)
      interactionHub(room, deps)
      signInPages(room, deps)
      signUpPages(room, deps)
      secondFactorPages(room, deps)
      enrolFactorPages(room, deps)
      consentPages(room, deps)
      recoveryPages(room, deps)
      verifyEmailPages(room, deps)
      outboxPages(room, deps)
      accountPages(room, deps)
      passwordPages(room, deps)
      factorPages(room, deps)
      dataPages(room, deps)
      emailPages(room, deps)
      firstAdministratorPages(room, deps)
    },
    [addressCeiling, rightHost(deps)],
  )
  if (config.isDemoOn) await app.register(async (room) => await demoRoutes(room, deps), { prefix })
}

/** Node looks for slow clients every thirty seconds unless told otherwise: then one may take three times as long as it should. */
function serverOptions(https: ServerOptions | undefined, slowClientMs: number) {
  const connectionsCheckingInterval = slowClientMs / CHECKS
  const requestTimeout = slowClientMs - connectionsCheckingInterval
  const patience = { headersTimeout: requestTimeout, connectionsCheckingInterval }
  return { requestTimeout, ...(https ? { https: { ...https, ...patience } } : { http: patience, https: null }) }
}

/** So many proxies from our side are believed, or those of the given networks. */
function trusted(proxies: Config['trustProxy']): string[] | false | ((address: string, hop: number) => boolean) {
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies
  return proxies && [...proxies]
}
