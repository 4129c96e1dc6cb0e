import type { FastifyInstance } from 'fastify'
import { plainLine } from '../../../base/plain-line.ts'
import { isId } from '../../../base/random.ts'
import type { Deps } from '../../../deps.ts'
import type { AccountSummary } from '../../../store/account.ts'
import { accountEvent, signedOut } from '../../../telemetry/audit.ts'
import { appsPage } from '../../../views/account/apps.ts'
import { ACCOUNT_PATHS } from '../../../views/account/frame.ts'
import { type AccountWarning, accountPage } from '../../../views/account/overview.ts'
import { LONGEST_PROFILE_FIELD, PROFILE_FIELDS, profilePage } from '../../../views/account/profile.ts'
import { sessionsPage } from '../../../views/account/sessions.ts'
import { signedOutPage } from '../../../views/log-out.ts'
import { frameFor, sendPage } from '../../context.ts'
import { clearSessionCookies } from '../../plugins/cookies.ts'
import { scopeViews } from '../consent.ts'
import { accountFrame, admit, admitForm, backTo, placeOf } from './access.ts'

const FEW_CODES = 3

/** How safe the account is, who it belongs to, where it is signed in and which apps it lets in. */
export function accountPages(app: FastifyInstance, deps: Deps): void {
  overview(app, deps)
  sessions(app, deps)
  apps(app, deps)
  profile(app, deps)
}

function overview(app: FastifyInstance, deps: Deps): void {
  app.get(ACCOUNT_PATHS.overview, async (request, reply) => {
    const visitor = await admit(deps, request, reply, ACCOUNT_PATHS.overview)
    if (!visitor) return
    const summary = await deps.store.account.summary(visitor.user.id)
    if (!summary) return
    const name = summary.claims.name
    const view = {
      ...accountFrame(deps, request, visitor, ACCOUNT_PATHS.overview),
      ...summary,
      warnings: warningsOf(summary),
      username: visitor.user.username,
      ...(typeof name === 'string' ? { name } : {}),
      email: summary.email ?? undefined,
      isEmailVerified: summary.emailVerified,
      passwordChangedAt: summary.passwordChangedAt ?? undefined,
    }
    await sendPage(reply, accountPage(view, frameFor(deps, request)))
  })
  app.post('/account/sign-out', async (request, reply) => {
    const sent = await admitForm(deps, request, reply, ACCOUNT_PATHS.overview)
    if (!sent) return
    const { session, user, from } = sent.visitor
    await deps.store.sessions.end(session.id, signedOut(deps, from, user.id, session.id))
    clearSessionCookies(deps, reply)
    reply.header('clear-site-data', '"cache", "storage"')
    await sendPage(
      reply,
      signedOutPage({ signInHref: deps.config.basePath + ACCOUNT_PATHS.overview }, frameFor(deps, request)),
    )
  })
}

/** What its owner should mend, the gravest first. */
function warningsOf({ factors, recoveryCodesLeft, email, emailVerified }: AccountSummary): readonly AccountWarning[] {
  const found: readonly (AccountWarning | false)[] = [
    factors === 0 && 'noSecondFactor',
    factors > 0 && recoveryCodesLeft === 0 && 'noRecoveryCodes',
    factors > 0 && recoveryCodesLeft > 0 && recoveryCodesLeft < FEW_CODES && 'fewRecoveryCodes',
    email === null && 'noEmail',
    email !== null && !emailVerified && 'emailUnverified',
  ]
  return found.filter((warning) => warning !== false)
}

function sessions(app: FastifyInstance, deps: Deps): void {
  const path = ACCOUNT_PATHS.sessions
  app.get(path, async (request, reply) => {
    const visitor = await admit(deps, request, reply, path)
    if (!visitor) return
    const all = await deps.store.sessions.listOfUser(visitor.user.id)
    const shown = all.map((session) => ({ ...session, isCurrent: session.id === visitor.session.id }))
    const view = {
      ...accountFrame(deps, request, visitor, path),
      sessions: shown.toSorted((left, right) => Number(right.isCurrent) - Number(left.isCurrent)),
    }
    await sendPage(reply, sessionsPage(view, frameFor(deps, request)))
  })
  app.post(path, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, path)
    if (!sent) return
    const { visitor, form } = sent
    const { user } = visitor
    if (form.get('do') === 'end-all') {
      await deps.store.users.signOutEverywhere(user.id, accountEvent(deps, 'sessions.ended', placeOf(visitor)))
      clearSessionCookies(deps, reply)
      return await sendPage(
        reply,
        signedOutPage({ signInHref: deps.config.basePath + ACCOUNT_PATHS.overview }, frameFor(deps, request)),
      )
    }
    const event = accountEvent(deps, 'session.ended', placeOf(visitor), { detail: { session: form.get('id') } })
    const isEnded = await endSession(deps, user.id, form.get('id'), event)
    await backTo(deps, reply, path, isEnded ? 'sessionEnded' : undefined)
  })
}

async function endSession(deps: Deps, userId: string, id: string | undefined, event: ReturnType<typeof accountEvent>) {
  return id !== undefined && isId(id) && (await deps.store.account.endSession(userId, id, event))
}

function apps(app: FastifyInstance, deps: Deps): void {
  const path = ACCOUNT_PATHS.apps
  app.get(path, async (request, reply) => {
    const visitor = await admit(deps, request, reply, path)
    if (!visitor) return
    const [connected, resources] = [
      await deps.store.account.listApps(visitor.user.id),
      await deps.directory.resources(),
    ]
    const view = {
      ...accountFrame(deps, request, visitor, path),
      apps: connected.map(({ clientId, name, scope, since, lastUsedAt }) => ({
        clientId,
        name,
        scopes: scopeViews(scope, resources),
        since,
        ...(lastUsedAt ? { lastUsedAt } : {}),
      })),
    }
    await sendPage(reply, appsPage(view, frameFor(deps, request)))
  })
  app.post(path, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, path)
    if (!sent) return
    const { visitor, form } = sent
    const clientId = form.get('id')
    if (clientId === undefined) return await backTo(deps, reply, path)
    const event = accountEvent(deps, 'consent.withdrawn', placeOf(visitor), { clientId })
    await deps.store.account.withdraw(visitor.user.id, clientId, event)
    await backTo(deps, reply, path, 'appRevoked')
  })
}

function profile(app: FastifyInstance, deps: Deps): void {
  const path = ACCOUNT_PATHS.profile
  app.get(path, async (request, reply) => {
    const visitor = await admit(deps, request, reply, path)
    if (!visitor) return
    const summary = await deps.store.account.summary(visitor.user.id)
    const values = Object.fromEntries(
      PROFILE_FIELDS.flatMap((name) => {
        const value = summary?.claims[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    const view = {
      ...accountFrame(deps, request, visitor, path),
      username: visitor.user.username,
      ...(summary?.email ? { email: summary.email } : {}),
      isEmailVerified: summary?.emailVerified ?? false,
      values,
    }
    await sendPage(reply, profilePage(view, frameFor(deps, request)))
  })
  app.post(path, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, path)
    if (!sent) return
    const { visitor, form } = sent
    const typed = Object.fromEntries(
      PROFILE_FIELDS.map((name) => [name, plainLine(form.get(name) ?? '', LONGEST_PROFILE_FIELD) || null]),
    )
    await deps.store.account.changeClaims(
      visitor.user.id,
      typed,
      accountEvent(deps, 'profile.changed', placeOf(visitor)),
    )
    await backTo(deps, reply, path, 'profileSaved')
  })
}
