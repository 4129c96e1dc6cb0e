import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { signUp } from '../../accounts/sign-up.ts'
import { digestOf } from '../../base/digest.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Deps } from '../../deps.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import { ADMINISTRATOR } from '../../store/user-roles.ts'
import type { AccountFaults } from '../../views/account-fields.ts'
import { firstAdministratorPage } from '../../views/first-administrator.ts'
import { frameFor, provenance, sendPage } from '../context.ts'
import { bodyPairs, queryPairs } from '../parameters.ts'
import { ensureBrowserCookie, readCookie } from '../plugins/cookies.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { accountView, readAccountForm, shownFaults } from './account-form.ts'

const SUBJECT = 'first-administrator'

/** The page behind the one-time link that makes an administrator. design.md §11 */
export function firstAdministratorPages(app: FastifyInstance, deps: Deps): void {
  app.get('/first-administrator', async (request, reply) => {
    if (!(await linkOf(deps, request))) return await sendGone(deps, request, reply)
    await show(deps, request, reply, ensureBrowserCookie(deps, request, reply), {})
  })

  app.post('/first-administrator', async (request, reply) => {
    const parameters = parametersOf(bodyPairs(request))
    const browser = readCookie(deps, request, 'browser')
    refuseForgery(deps, request, parameters, browser, SUBJECT)
    const link = await linkOf(deps, request)
    if (!link) return await sendGone(deps, request, reply)
    const { form, missing } = readAccountForm(parameters)
    const showAgain = (faults: AccountFaults, status = 400) =>
      show(deps, request, reply, browser ?? '', form, faults, status)
    if (missing) return await showAgain(missing)

    const right = { by: 'first-administrator', link, roles: [ADMINISTRATOR], emailVerified: false } as const
    const result = await signUp(deps, form, right, provenance(request))
    switch (result.outcome) {
      case 'created': {
        const view = { state: 'done', username: form.username, signInHref: `${deps.config.basePath}/account` } as const
        return await sendPage(reply, firstAdministratorPage(view, frameFor(deps, request)))
      }
      case 'refused':
        return await showAgain(shownFaults(result.faults))
      case 'wait':
        reply.header('retry-after', String(result.seconds))
        return await showAgain({ waitSeconds: result.seconds }, 429)
      case 'busy':
        reply.header('retry-after', '2')
        return await showAgain({ waitSeconds: 2 }, 503)
      case 'link-used':
        return await sendGone(deps, request, reply)
      default:
        return exhaustive(result)
    }
  })
}

const tokenOf = (request: FastifyRequest): string => parametersOf(queryPairs(request)).get('token') ?? ''

async function linkOf(deps: Deps, request: FastifyRequest) {
  const digest = digestOf(tokenOf(request))
  return (await deps.store.actionTokens.find(digest, 'first-administrator')) ? digest : undefined
}

async function sendGone(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const view = { state: 'expired', command: 'npx postern admin-link' } as const
  await sendPage(reply, firstAdministratorPage(view, frameFor(deps, request)), { status: 410 })
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  browser: string,
  typed: Parameters<typeof accountView>[1],
  faults?: AccountFaults,
  status = 200,
): Promise<void> {
  const view = {
    state: 'form',
    ...accountView(deps, typed, faults),
    action: `${deps.config.basePath}/first-administrator?token=${encodeURIComponent(tokenOf(request))}`,
    csrf: csrfToken(deps, browser, SUBJECT),
  } as const
  await sendPage(reply, firstAdministratorPage(view, frameFor(deps, request)), { status })
}
