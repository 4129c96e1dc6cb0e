import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { chargeAttempt } from '../../../accounts/throttle.ts'
import { cancelEmailChange, requestEmailChange, resendVerification } from '../../../accounts/verification.ts'
import type { Deps } from '../../../deps.ts'
import { type EmailView, emailPage } from '../../../views/account/email.ts'
import { ACCOUNT_SUBPATHS } from '../../../views/account/frame.ts'
import { frameFor, sendPage } from '../../context.ts'
import { accountFrame, admit, admitForm, backTo, FRESH, type Visitor } from './access.ts'

const PATH = ACCOUNT_SUBPATHS.email
const LONGEST_FIELD = 1024

/** The address that this server writes to: proving it, and changing it, which both addresses are told of. */
export function emailPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH, FRESH)
    if (visitor) await show(deps, request, reply, visitor, {})
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, PATH, FRESH)
    if (!sent) return
    const { visitor, form } = sent
    const user = await deps.store.users.find({ id: visitor.user.id })
    if (!user) return await backTo(deps, reply, PATH)
    if (form.get('do') === 'cancel') {
      await cancelEmailChange(deps, user.id, visitor.from)
      return await backTo(deps, reply, PATH, 'emailCancelled')
    }
    const wait = (seconds: number) => {
      reply.header('retry-after', String(seconds))
      return show(deps, request, reply, visitor, { faults: { waitSeconds: seconds } }, 429)
    }
    const seconds = await chargeAttempt(deps, visitor.from.address, user.id) // it tells which addresses are taken
    if (seconds > 0) return await wait(seconds)
    if (form.get('do') === 'resend') {
      const result = await resendVerification(deps, user, visitor.from)
      return result.outcome === 'wait'
        ? await wait(result.seconds)
        : await backTo(deps, reply, PATH, 'verificationSent')
    }
    const typed = (form.get('email') ?? '').trim().slice(0, LONGEST_FIELD)
    if (typed === '') return await show(deps, request, reply, visitor, { faults: { email: 'missing' } }, 400)
    const result = await requestEmailChange(deps, user, typed, visitor.from)
    if (result.outcome === 'asked') return await backTo(deps, reply, PATH, 'emailRequested')
    if (result.outcome === 'wait') return await wait(result.seconds)
    await show(deps, request, reply, visitor, { typed, faults: { email: result.outcome } }, 400)
  })
}

async function show(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
  shown: Pick<EmailView, 'typed' | 'faults'>,
  status = 200,
): Promise<void> {
  const user = await deps.store.users.find({ id: visitor.user.id })
  const pending = await deps.store.mailLinks.findPendingEmail(visitor.user.id)
  const view = {
    ...accountFrame(deps, request, visitor, PATH),
    ...(user?.email ? { email: user.email } : {}),
    isVerified: user?.emailVerified ?? false,
    ...(pending === undefined ? {} : { pending }),
    ...shown,
  }
  await sendPage(reply, emailPage(view, frameFor(deps, request)), { status })
}
