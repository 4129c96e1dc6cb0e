const PRINTABLE = /^[\x21-\x7e]+$/
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::(\d{1,5}))?(?=[/?]|$)/
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/ // RFC 8252 §7.1: a reversed domain name, hence a dot
const LONGEST = 2048

/** Whether an address may be registered to redirect to: https, http on a loopback address, or a private-use scheme. RFC 6749 §3.1.2, RFC 8252 §7 */
export function isRegistrableRedirectUri(uri: string): boolean {
  if (uri.length > LONGEST || !PRINTABLE.test(uri) || /[#\\"<>^`{|}]/.test(uri) || !URL.canParse(uri)) return false
  const { protocol, username, password, hostname } = new URL(uri)
  if (username !== '' || password !== '') return false
  if (protocol === 'https:') return uri.startsWith('https://') && hostname !== '' && !hostname.endsWith('.')
  if (protocol === 'http:') return LOOPBACK.test(uri)
  return PRIVATE_USE.test(uri)
}

/** Whether it leads to this very machine, over plain http. RFC 8252 §7.3 */
export const isLoopbackUri = (uri: string): boolean => LOOPBACK.test(uri)

/** Whether an address may be registered for us to call: as one to redirect to, but no app's own scheme. OIDC Back-Channel Logout 1.0 §2.2 */
export const isRegistrableCallUri = (uri: string): boolean => isRegistrableRedirectUri(uri) && /^https?:/.test(uri)

/**
 * Whether a sent redirect URI is a registered one: the exact string, save that a loopback address may use any port.
 * RFC 9700 §4.1.3, RFC 8252 §7.3
 */
export function matchesRegistered(registered: readonly string[], sent: string): boolean {
  const wanted = withoutLoopbackPort(sent)
  return registered.some((uri) => uri === sent || (wanted !== undefined && withoutLoopbackPort(uri) === wanted))
}

/** `undefined` for what is no loopback address: nothing that was sent may pass for the form that is compared. */
function withoutLoopbackPort(uri: string): string | undefined {
  const [prefix, host, port] = LOOPBACK.exec(uri) ?? []
  if (prefix === undefined || Number(port ?? 80) > 65_535) return undefined
  return `http://${host}${uri.slice(prefix.length)}`
}

/** The origins a client's pages come from, by its redirect URIs. Private-use schemes have none. */
export const originsOf = (uris: readonly string[]): readonly string[] => [
  ...new Set(uris.filter((uri) => /^https?:/.test(uri)).map((uri) => new URL(uri).origin)),
]
