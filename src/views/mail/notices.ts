/** What is told after a credential changed, so that its owner notices when somebody else did it. */
import type { Frame } from '../page.ts'
import { type Mail, type MailEvent, type MailView, mail } from './mail.ts'

/** A notice, with the way to undo. */
export interface NoticeMailView extends MailView {
  readonly event: MailEvent
  /** The account page: where the password is changed and sessions are ended. */
  readonly accountHref: string
}

type Texts = { readonly subject: string; readonly meaning: string; readonly otherwise?: string }

const notice = (
  { subject, meaning, otherwise }: Texts,
  values: Readonly<Record<string, string>>,
  view: NoticeMailView,
  frame: Frame,
): Mail => {
  const { words } = frame
  return mail(
    {
      subject,
      name: view.name,
      before: [
        [meaning, { account: view.account, ...values }],
        ...(otherwise === undefined ? [] : [otherwise]),
        words.mail.notYou,
      ],
      event: view.event,
      button: { label: words.mail.account, href: view.accountHref },
    },
    frame,
  )
}

/** The password was changed. */
export const passwordChangedMail = (view: NoticeMailView, frame: Frame): Mail =>
  notice(frame.words.mail.passwordChanged, {}, view, frame)

/** An authenticator was added. */
export const factorAddedMail = (view: NoticeMailView & { readonly factor: string }, frame: Frame): Mail =>
  notice(frame.words.mail.factorAdded, { factor: view.factor }, view, frame)

/** An authenticator was removed. */
export const factorRemovedMail = (view: NoticeMailView & { readonly factor: string }, frame: Frame): Mail =>
  notice(frame.words.mail.factorRemoved, { factor: view.factor }, view, frame)

/** New recovery codes replaced the old ones. */
export const recoveryCodesRenewedMail = (view: NoticeMailView, frame: Frame): Mail =>
  notice(frame.words.mail.codesRenewed, {}, view, frame)

/** A recovery code was spent. */
export const recoveryCodeUsedMail = (view: NoticeMailView & { readonly left: number }, frame: Frame): Mail =>
  notice(frame.words.mail.codeUsed, { count: String(view.left) }, view, frame)

/** Somebody signed in from a device that was not known. */
export const newDeviceMail = (view: NoticeMailView, frame: Frame): Mail =>
  notice(frame.words.mail.newDevice, {}, view, frame)
