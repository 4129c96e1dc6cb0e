import type { Frame } from '../page.ts'
import { type Mail, type MailView, mail } from './mail.ts'
import type { NoticeMailView } from './notices.ts'

/** To the old address, before a change: the time to stop it. */
export function emailChangeRequestedMail(view: NoticeMailView & { readonly email: string }, frame: Frame): Mail {
  const { words } = frame
  const { emailChangeRequested: texts } = words.mail
  return mail(
    {
      subject: texts.subject,
      name: view.name,
      before: [[texts.meaning, { account: view.account, email: view.email }], texts.otherwise],
      event: view.event,
      button: { label: words.mail.account, href: view.accountHref },
    },
    frame,
  )
}

export interface EmailChangedMailView extends Pick<NoticeMailView, 'name' | 'account' | 'event'> {
  /** The new address. */
  readonly email: string
  readonly to: 'old' | 'new'
}

/** To both addresses, after the change. */
export function emailChangedMail(view: EmailChangedMailView, frame: Frame): Mail {
  const { emailChanged: texts } = frame.words.mail
  return mail(
    {
      subject: texts.subject,
      name: view.name,
      before: [[view.to === 'old' ? texts.toOld : texts.toNew, { account: view.account, email: view.email }]],
      event: view.event,
      after: [[texts.otherwise, { deployment: frame.deploymentName }]],
    },
    frame,
  )
}

/** The account is closed to strangers: how its owner gets in all the same. design.md §6 */
export function strangersShutOutMail(view: MailView & { readonly forgotPasswordHref: string }, frame: Frame): Mail {
  const { strangersShutOut: texts } = frame.words.mail
  return mail(
    {
      subject: texts.subject,
      name: view.name,
      before: [[texts.meaning, { account: view.account }], texts.remedy],
      button: { label: texts.button, href: view.forgotPasswordHref },
    },
    frame,
  )
}

/** The last message. */
export function accountDeletedMail(view: Pick<NoticeMailView, 'name' | 'account' | 'event'>, frame: Frame): Mail {
  const { accountDeleted: texts } = frame.words.mail
  const deployment = frame.deploymentName
  return mail(
    {
      subject: texts.subject,
      name: view.name,
      before: [[texts.meaning, { account: view.account, deployment }]],
      event: view.event,
      after: [[texts.otherwise, { deployment }]],
    },
    frame,
  )
}
