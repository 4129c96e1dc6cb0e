import { waitInWords } from '../catalogue/fill.ts'
import type { Frame } from '../page.ts'
import { type Mail, type MailView, mail } from './mail.ts'

/** A mail with a link that works once. */
export interface LinkMailView extends MailView {
  readonly href: string
  readonly lifetimeSeconds: number
}

/** The way to a new password. */
export function resetPasswordMail(view: LinkMailView, frame: Frame): Mail {
  const { resetPassword: texts } = frame.words.mail
  return mail(
    {
      subject: texts.subject,
      name: view.name,
      before: [[texts.meaning, { account: view.account }]],
      button: { label: texts.button, href: view.href },
      after: [[texts.limit, { wait: waitInWords(frame.words.lang, view.lifetimeSeconds) }], texts.otherwise],
    },
    frame,
  )
}

/** Asks whether an address is the account's: a new account's, or one to change to. */
export function verifyEmailMail(view: LinkMailView & { readonly email: string }, frame: Frame): Mail {
  const { verifyEmail: texts } = frame.words.mail
  return mail(
    {
      subject: texts.subject,
      before: [[texts.meaning, { email: view.email, account: view.account }]],
      button: { label: texts.button, href: view.href },
      after: [[texts.limit, { wait: waitInWords(frame.words.lang, view.lifetimeSeconds) }], texts.otherwise],
    },
    frame,
  )
}

/** The right to make an account. */
export function invitationMail(view: Pick<LinkMailView, 'href' | 'lifetimeSeconds'>, frame: Frame): Mail {
  const { invitation: texts } = frame.words.mail
  const deployment = frame.deploymentName
  return mail(
    {
      subject: [texts.subject, { deployment }],
      before: [[texts.meaning, { deployment }]],
      button: { label: texts.button, href: view.href },
      after: [[texts.limit, { wait: waitInWords(frame.words.lang, view.lifetimeSeconds) }], texts.otherwise],
    },
    frame,
  )
}
