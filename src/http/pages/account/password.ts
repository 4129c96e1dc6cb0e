import type { FastifyInstance } from 'fastify'
import { changePassword } from '../../../accounts/change-password.ts'
import { LONGEST, RULES, SHORTEST } from '../../../accounts/password-policy.ts'
import { exhaustive } from '../../../base/exhaustive.ts'
import type { Deps } from '../../../deps.ts'
import { ACCOUNT_PATHS } from '../../../views/account/frame.ts'
import { type PasswordView, passwordPage } from '../../../views/account/password.ts'
import { frameFor, sendPage } from '../../context.ts'
import { setSessionCookies } from '../../plugins/cookies.ts'
import { accountFrame, admit, admitForm, backTo, placeOf, type Visitor } from './access.ts'

const PATH = ACCOUNT_PATHS.password
const LONGEST_FIELD = 1024

/** Changing the password, by who knows the present one. */
export function passwordPages(app: FastifyInstance, deps: Deps): void {
  const view = (request: Parameters<typeof accountFrame>[1], visitor: Visitor, faults?: PasswordView['faults']) =>
    passwordPage(
      {
        ...accountFrame(deps, request, visitor, PATH),
        username: visitor.user.username,
        passwordLength: { min: SHORTEST[deps.config.passwordPolicy], max: LONGEST },
        passwordRules: RULES[deps.config.passwordPolicy],
        ...(faults ? { faults } : {}),
      },
      frameFor(deps, request),
    )
  app.get(PATH, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH)
    if (visitor) await sendPage(reply, view(request, visitor))
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, PATH)
    if (!sent) return
    const { visitor, form } = sent
    const refused = (faults: PasswordView['faults'], status = 400) =>
      sendPage(reply, view(request, visitor, faults), { status })
    const current = form.get('current')?.slice(0, LONGEST_FIELD)
    const password = form.get('password')?.slice(0, LONGEST_FIELD)
    if (current === undefined || password === undefined) {
      return await refused({
        ...(current === undefined ? { current: 'missing' as const } : {}),
        ...(password === undefined ? { password: 'missing' as const } : {}),
      })
    }
    const result = await changePassword(deps, placeOf(visitor), { current, password })
    switch (result.outcome) {
      case 'changed':
        setSessionCookies(deps, reply, result.secrets)
        return await backTo(deps, reply, PATH, 'passwordChanged')
      case 'wrong':
        return await refused({ current: 'wrong' })
      case 'refused':
        return await refused({ password: result.faults })
      case 'wait':
        reply.header('retry-after', String(result.seconds))
        return await refused({ waitSeconds: result.seconds }, 429)
      case 'busy':
        reply.header('retry-after', '2')
        return await refused({ waitSeconds: 2 }, 503)
      default:
        return exhaustive(result)
    }
  })
}
