import {
  accountDeletedMail,
  emailChangedMail,
  emailChangeRequestedMail,
  strangersShutOutMail,
} from '../../src/views/mail/account.ts'
import { invitationMail, resetPasswordMail, verifyEmailMail } from '../../src/views/mail/links.ts'
import type { Mail } from '../../src/views/mail/mail.ts'
import {
  factorAddedMail,
  factorRemovedMail,
  newDeviceMail,
  passwordChangedMail,
  recoveryCodesRenewedMail,
  recoveryCodeUsedMail,
} from '../../src/views/mail/notices.ts'
import type { Frame } from '../../src/views/page.ts'

/** Every mail, with the names given. */
export function mails(frame: Frame, name = 'Ada Lovelace'): ReadonlyArray<readonly [string, Mail]> {
  const account = name === 'Ada Lovelace' ? 'ada' : name
  const whose = { name, account }
  const href = `${frame.issuer}/reset-password?token=at_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy`
  const link = { ...whose, href, lifetimeSeconds: 900 }
  const event = { time: new Date('2026-11-22T01:19:07Z'), device: 'Firefox · Linux', address: '203.0.113.0/24' }
  const notice = { ...whose, event, accountHref: `${frame.issuer}/account` }
  const email = 'countess@example.com'
  return [
    ['reset-password', resetPasswordMail(link, frame)],
    ['verify-email', verifyEmailMail({ ...link, email }, frame)],
    ['email-change-requested', emailChangeRequestedMail({ ...notice, email }, frame)],
    ['email-changed, old', emailChangedMail({ ...notice, email, to: 'old' }, frame)],
    ['email-changed, new', emailChangedMail({ ...notice, email, to: 'new' }, frame)],
    ['password-changed', passwordChangedMail(notice, frame)],
    ['factor-added', factorAddedMail({ ...notice, factor: name }, frame)],
    ['factor-removed', factorRemovedMail({ ...notice, factor: name }, frame)],
    ['codes-renewed', recoveryCodesRenewedMail(notice, frame)],
    ['code-used', recoveryCodeUsedMail({ ...notice, left: 7 }, frame)],
    ['new-device', newDeviceMail({ account, event: { time: event.time }, accountHref: notice.accountHref }, frame)],
    [
      'strangers-shut-out',
      strangersShutOutMail({ ...whose, forgotPasswordHref: `${frame.issuer}/forgot-password` }, frame),
    ],
    ['invitation', invitationMail({ href, lifetimeSeconds: 7 * 86_400 }, frame)],
    ['account-deleted', accountDeletedMail(notice, frame)],
  ]
}
