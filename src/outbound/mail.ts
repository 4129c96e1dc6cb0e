import { createTransport } from 'nodemailer'
import type { Secret } from '../base/secret.ts'
import type { Sender } from '../config/forms.ts'

/** A mail, ready to go. */
export interface OutgoingMail {
  /** The same for every attempt, so that a mail server or reader can tell a second copy. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface Mailer {
  /** Gives a mail to the mail server. @throws MailError when that has not taken it */
  send(mail: OutgoingMail): Promise<void>
}

/** A mail was not taken. Its message is a code: the server's words may name people, and are not repeated. */
export class MailError extends Error {
  override readonly name = 'MailError'
}

interface MailerOptions {
  readonly url: Secret
  readonly from: Sender
  /** What this server calls itself: the host of the issuer. */
  readonly name: string
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
/** None of them is for the whole: together they bound an attempt. */
const TIMEOUTS = { dnsTimeout: 5000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/**
 * Sends mails through an SMTP server, each on a connection of its own. RFC 5321. Off this machine a connection is
 * encrypted before anything is said on it, and the server's certificate is checked; no answer talks us out of that
 * (RFC 3207 §6). On this machine there is nobody in between.
 */
export function createMailer({ url, from, name }: MailerOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url.reveal())
  const host = decodeURIComponent(hostname).replace(/^\[|\]$/g, '')
  const isLocal = LOOPBACK.includes(host.toLowerCase())
  const isSecure = protocol === 'smtps:'
  const transport = createTransport({
    ...TIMEOUTS,
    host,
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    requireTLS: !isSecure && !isLocal,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !isLocal },
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    name,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ id, to, subject, text, html }) {
      try {
        await transport.sendMail({
          // As objects, so that no address is read as several.
          from: { name: from.name ?? '', address: from.address },
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${id}@${name}>`,
          headers: { 'Auto-Submitted': 'auto-generated' }, // so that nobody's absence is answered to us. RFC 3834 §5
        })
      } catch (error) {
        throw new MailError(codeOf(error))
      }
    },
  }
}

/** The kind of failure, and the SMTP reply code where there is one. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EUNKNOWN'
  const reply = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : Number.NaN
  return Number.isInteger(reply) ? `${code} ${reply}` : code
}
