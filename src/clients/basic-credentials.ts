/** What HTTP Basic carries for a client. RFC 6749 §2.3.1, RFC 7617 §2 */
export interface BasicCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i

/** Reads an Authorization header: `undefined` when it is absent or of another scheme. Both parts are form-encoded inside. */
export function basicCredentials(authorization: string | undefined): BasicCredentials | 'malformed' | undefined {
  if (authorization === undefined || !/^basic( |$)/i.test(authorization)) return undefined
  const [, encoded] = BASIC.exec(authorization) ?? []
  const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const clientId = formDecoded(pair.slice(0, Math.max(colon, 0)))
  const clientSecret = formDecoded(pair.slice(colon + 1))
  if (colon < 1 || !clientId || clientSecret === undefined) return 'malformed'
  return { clientId, clientSecret }
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
