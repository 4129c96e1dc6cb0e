import type { FastifyRequest } from 'fastify'
import { denial } from '../../accounts/policy.ts'
import type { Administrator } from '../../administration/action.ts'
import { digestOf, equalInConstantTime } from '../../base/digest.ts'
import type { Deps } from '../../deps.ts'
import { NO_PROGRESS, nextStep } from '../../interaction/next-step.ts'
import { OWN_PAGES, ownPageRequest } from '../../interaction/own-pages.ts'
import { refuse } from '../../interaction/refuse.ts'
import { bearerToken } from '../../protocol/bearer-challenge.ts'
import { OAuthError } from '../../protocol/error.ts'
import { permissionsOf } from '../../protocol/permission.ts'
import { ADMIN_SCOPE, parseScope } from '../../protocol/scope.ts'
import type { Session, SessionUser } from '../../store/sessions.ts'
import { type Provenance, policyDenied } from '../../telemetry/audit.ts'
import { readAccessToken } from '../../tokens/verify.ts'
import { provenance, surroundings } from '../context.ts'
import { readCookie } from '../plugins/cookies.ts'
import { comesFromUs, csrfToken } from '../plugins/csrf.ts'

const SUBJECT = 'admin-api'
const SAFE = ['GET', 'HEAD']
const MFA = 'urn:postern:mfa'

/** Who calls the admin API, and the token that their page has to send with changes, where it is a page. */
export interface Authenticated {
  readonly actor: Administrator
  readonly csrf: string | undefined
}

/**
 * Finds out who calls: by an access token with the scope of the admin API, or by the console's session. Roles and standing are
 * read from the database on each call, and nothing is believed of what the token says of them. A second factor has to
 * have been there. What the caller may do is the actions' business.
 * @throws OAuthError
 */
export async function authenticateAdministrator(deps: Deps, request: FastifyRequest): Promise<Authenticated> {
  const token = bearerToken(request.headers.authorization)
  if (token !== undefined) return { actor: await byToken(deps, request, token), csrf: undefined }
  const cookie = readCookie(deps, request, 'strict')
  if (cookie === undefined || request.headers.authorization !== undefined) {
    throw new OAuthError('invalid_token', 'an access token is required')
  }
  return await bySession(deps, request, cookie)
}

async function byToken(deps: Deps, request: FastifyRequest, text: string): Promise<Administrator> {
  const token = await readAccessToken(deps, text)
  if (token?.aud !== deps.config.issuer) throw invalidToken('bad signature, type, issuer, audience or expiry')
  if (token.fid === undefined || !parseScope(token.scope).includes(ADMIN_SCOPE)) {
    throw new OAuthError('insufficient_scope', 'the token does not have the scope postern:admin')
  }
  const found = await deps.store.refreshFamilies.findWithAccess(token.fid)
  if (found?.family.clientId !== token.client_id) throw invalidToken('its grant has ended')
  const { family, access } = found
  const client = await deps.directory.client(family.clientId)
  if (!client?.scope.includes(ADMIN_SCOPE)) throw invalidToken('its client has gone, or lost the scope')
  const from = provenance(request)
  const reason = denial({ ...access, client, address: request.ip, now: family.now })
  if (reason) {
    const facts = {
      clientId: client.clientId,
      userId: family.user.id,
      familyId: family.id,
      sessionId: family.sessionId,
    }
    await deps.store.audit.record(policyDenied(deps, from, { ...facts, reason }))
    throw new OAuthError('access_denied', 'the policy does not allow this', { cause: reason })
  }
  if (family.acr !== MFA || !access.hasFactor) {
    throw new OAuthError('insufficient_user_authentication', 'administrators need a second factor')
  }
  return administratorOf(family.user, family, family.now, from)
}

async function bySession(deps: Deps, request: FastifyRequest, cookie: string): Promise<Authenticated> {
  const standing = await deps.store.sessions.findByStrict(digestOf(cookie))
  const { session, user } = standing
  if (!session || !user) throw new OAuthError('invalid_token', 'nobody is signed in')
  const csrf = csrfToken(deps, cookie, SUBJECT)
  if (!SAFE.includes(request.method)) refuseForgedCall(deps, request, csrf)
  const asked = ownPageRequest('/admin', { demandsMfa: true })
  const next = nextStep(asked, OWN_PAGES, NO_PROGRESS, standing, surroundings(deps, request))
  const from = provenance(request)
  if (next.step === 'refuse') throw await refuse(deps, next, standing, undefined, from)
  if (next.step !== 'finish') {
    throw new OAuthError('insufficient_user_authentication', 'administrators need a second factor')
  }
  return { actor: administratorFrom(session, user, standing.now, from), csrf }
}

/** Who is at the console, as an administrator. */
export const administratorFrom = (
  session: Pick<Session, 'id' | 'authTime'>,
  user: SessionUser,
  now: Date,
  from: Provenance,
): Administrator => administratorOf(user, { sessionId: session.id, authTime: session.authTime }, now, from)

const administratorOf = (
  {
    id,
    username,
    roles,
    permissions,
    roleScopes,
  }: Pick<SessionUser, 'id' | 'username' | 'roles' | 'permissions' | 'roleScopes'>,
  { sessionId, authTime }: { readonly sessionId: string; readonly authTime: Date },
  now: Date,
  from: Provenance,
): Administrator => ({
  userId: id,
  username,
  roles,
  permissions: permissionsOf(permissions),
  roleScopes,
  sessionId,
  authTime,
  now,
  from,
})

function refuseForgedCall(deps: Deps, request: FastifyRequest, expected: string): void {
  const token = request.headers['x-csrf-token']
  const isOurs =
    comesFromUs(deps, request) &&
    typeof token === 'string' &&
    equalInConstantTime(Buffer.from(token), Buffer.from(expected))
  if (!isOurs) throw new OAuthError('access_denied', 'the call does not come from a page of this server')
}

const invalidToken = (cause: string) => new OAuthError('invalid_token', 'the access token is not valid', { cause })
