import type { Envelope, Letter } from '../../accounts/letter.ts'
import { exhaustive } from '../../base/exhaustive.ts'
import type { Config } from '../../config/config.ts'
import { deviceInWords } from '../account/device.ts'
import { pickCatalogue } from '../catalogue/index.ts'
import { type Frame, frameIn } from '../page.ts'
import { accountDeletedMail, emailChangedMail, emailChangeRequestedMail, strangersShutOutMail } from './account.ts'
import { invitationMail, resetPasswordMail, verifyEmailMail } from './links.ts'
import type { Mail, MailEvent } from './mail.ts'
import {
  factorAddedMail,
  factorRemovedMail,
  newDeviceMail,
  passwordChangedMail,
  recoveryCodesRenewedMail,
  recoveryCodeUsedMail,
} from './notices.ts'

/** Puts a letter into words, in its own language. */
export function writtenLetter({ letter, language }: Envelope, config: Pick<Config, 'issuer' | 'isLoopback'>): Mail {
  const frame = frameIn(config, pickCatalogue(language, undefined))
  switch (letter.kind) {
    case 'reset-password':
      return resetPasswordMail(letter, frame)
    case 'verify-email':
      return verifyEmailMail(letter, frame)
    case 'invitation':
      return invitationMail(letter, frame)
    case 'strangers-shut-out':
      return strangersShutOutMail({ ...letter, forgotPasswordHref: `${config.issuer}/forgot-password` }, frame)
    default:
      return writtenNotice(letter, `${config.issuer}/account`, frame)
  }
}

type Notice = Extract<Letter, { readonly event: object }>

function writtenNotice(notice: Notice, accountHref: string, frame: Frame): Mail {
  const event = eventIn(notice, frame)
  switch (notice.kind) {
    case 'password-changed':
      return passwordChangedMail({ ...notice, event, accountHref }, frame)
    case 'factor-added':
      return factorAddedMail({ ...notice, event, accountHref }, frame)
    case 'factor-removed':
      return factorRemovedMail({ ...notice, event, accountHref }, frame)
    case 'recovery-codes-renewed':
      return recoveryCodesRenewedMail({ ...notice, event, accountHref }, frame)
    case 'recovery-code-used':
      return recoveryCodeUsedMail({ ...notice, event, accountHref }, frame)
    case 'new-device':
      return newDeviceMail({ ...notice, event, accountHref }, frame)
    case 'email-change-requested':
      return emailChangeRequestedMail({ ...notice, event, accountHref }, frame)
    case 'email-changed':
      return emailChangedMail({ ...notice, event, to: notice.side }, frame)
    case 'account-deleted':
      return accountDeletedMail({ ...notice, event }, frame)
    default:
      return exhaustive(notice)
  }
}

const eventIn = ({ event: { time, userAgent, address } }: Notice, { words }: Frame): MailEvent => ({
  time,
  ...(userAgent === undefined ? {} : { device: deviceInWords(userAgent, words) }),
  ...(address === undefined ? {} : { address }),
})
