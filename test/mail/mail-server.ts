import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as the mail server has taken it. */
export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  readonly isEncrypted: boolean
  readonly raw: string
}

/** A real mail server on this machine, which keeps what it takes. */
export async function startMailServer(options: SMTPServerOptions & { readonly host?: string } = {}) {
  const { host = '127.0.0.1', ...rest } = options
  const taken: TakenMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        taken.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          isEncrypted: session.secure,
          raw: Buffer.concat(parts).toString(),
        })
        done()
      })
    },
    ...rest,
  })
  server.on('error', () => undefined) // a client that gives a connection up is what is tested
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve)
  })
  const { port } = server.server.address() as AddressInfo
  return {
    taken,
    host,
    port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** The text of a part that is transported as quoted-printable. RFC 2045 §6.7 */
export const readable = (raw: string): string =>
  Buffer.from(
    raw
      .replace(/=\r?\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')
