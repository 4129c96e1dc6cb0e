import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Action } from '../../../administration/action.ts'
import type { Refused } from '../../../administration/refused.ts'
import { findTarget } from '../../../administration/target.ts'
import {
  deleteUser,
  disableUser,
  enableUser,
  resetFactors,
  sendPasswordReset,
  signOutUser,
  unlockUser,
} from '../../../administration/user-standing.ts'
import type { Deps } from '../../../deps.ts'
import { confirmPage } from '../../../views/admin/confirm.ts'
import { ADMIN_PATHS, type AdminNotice } from '../../../views/admin/frame.ts'
import { userPath } from '../../../views/admin/users.ts'
import { sendPage } from '../../context.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { refuseUnlessTyped } from './asked.ts'
import type { OfUser } from './user.ts'

interface Decision {
  readonly action: Action<{ readonly userId: string }, void>
  /** As the page says that it is done. */
  readonly done: AdminNotice
  readonly title: string
  readonly meaning: string
  readonly button: string
  /** Whether the name has to be typed: there is no way back. */
  readonly isFinal?: boolean
}

/** What can be done to a user, by the end of its address. Each is asked again on a page of its own, which the form without script needs. */
const DECISIONS: Readonly<Record<string, Decision>> = {
  disable: {
    action: disableUser,
    done: 'disabled',
    title: 'Disable',
    meaning: 'They are signed out everywhere, and refused with every token that they hold, at once. It can be undone.',
    button: 'Disable the user',
  },
  enable: {
    action: enableUser,
    done: 'enabled',
    title: 'Enable',
    meaning: 'They can sign in again. What they held before stays ended.',
    button: 'Enable the user',
  },
  unlock: {
    action: unlockUser,
    done: 'unlocked',
    title: 'Let strangers try again',
    meaning: 'Devices that the account does not know may try its password again.',
    button: 'Let strangers try again',
  },
  'send-reset': {
    action: sendPasswordReset,
    done: 'sent',
    title: 'Mail a link to a new password',
    meaning:
      'They get a link by which they set a new password, or their first. Everything that began before it ends then.',
    button: 'Send the mail',
  },
  'sign-out': {
    action: signOutUser,
    done: 'ended',
    title: 'Sign out everywhere',
    meaning: 'Every session and every grant of this user ends, at once.',
    button: 'Sign them out',
  },
  'reset-factors': {
    action: resetFactors,
    done: 'reset',
    title: 'Reset second factors',
    meaning:
      'Every authenticator and recovery code goes, every session ends, and the password alone signs in until they enrol again. Be sure who asks you for this.',
    button: 'Reset second factors',
  },
  delete: {
    action: deleteUser,
    done: 'deleted',
    title: 'Delete',
    meaning: 'The user goes with everything they own. The audit events stay, without their address and browser.',
    button: 'Delete the user',
    isFinal: true,
  },
}

/** What is done to a user: asked, then done, then told. */
export function userDecisions(app: FastifyInstance, deps: Deps): void {
  for (const [verb, decision] of Object.entries(DECISIONS)) {
    const path = `${ADMIN_PATHS.users}/:id/${verb}`
    app.get<OfUser>(path, async (request, reply) => {
      const visitor = await admitAdministrator(deps, request, reply, decision.action)
      if (visitor) await ask(deps, request, reply, visitor, verb, decision)
    })
    app.post<OfUser>(path, async (request, reply) => {
      const { id: userId } = request.params
      const own = `${userPath(userId)}/${verb}`
      const sent = await admitAdminForm(deps, request, reply, decision.action, own)
      if (!sent) return
      const { visitor, form } = sent
      const outcome = await tried(async () => {
        if (decision.isFinal) refuseUnlessTyped(form.get('confirm'), (await findTarget(deps, userId)).username)
        await decision.action.run(deps, visitor.actor, { userId })
      })
      if ('refused' in outcome) return await ask(deps, request, reply, visitor, verb, decision, outcome.refused)
      await backToAdmin(deps, reply, decision.isFinal ? ADMIN_PATHS.users : userPath(userId), decision.done)
    })
  }
}

async function ask(
  deps: Deps,
  request: FastifyRequest<OfUser>,
  reply: FastifyReply,
  visitor: AdminVisitor,
  verb: string,
  { title, meaning, button, isFinal }: Decision,
  refused?: Refused,
): Promise<void> {
  const { id, username } = await findTarget(deps, request.params.id)
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const page = confirmPage(
    {
      ...view,
      action: `${deps.config.basePath}${userPath(id)}/${verb}`,
      csrf,
      section: 'users',
      title: `${title}: ${username}`,
      meaning,
      button,
      back: { href: deps.config.basePath + userPath(id), name: username },
      mustType: isFinal ? username : undefined,
      command: `postern user ${verb} ${username}`,
      refused,
    },
    frame,
  )
  await sendPage(reply, page, { status: refused?.status ?? 200 })
}
