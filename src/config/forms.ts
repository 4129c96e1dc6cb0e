import { isIP } from 'node:net'
import { Secret } from '../base/secret.ts'

// How a setting may be written: each function reads one text and gives `undefined` when it is not of that form.

export type Form<Value> = (text: string) => Value | undefined

/** A whole number between two bounds, both allowed. */
export const wholeNumber =
  (least: number, most: number): Form<number> =>
  (text) =>
    /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined

/** One word of a closed list. */
export const oneOf =
  <const Word extends string>(words: readonly Word[]): Form<Word> =>
  (text) =>
    words.find((word) => word === text)

/** Every part of a comma list, or nothing when one part is wrong. */
export const listOf =
  <Value>(form: Form<Value>): Form<readonly Value[]> =>
  (text) => {
    const values = text.split(',').map((part) => form(part.trim()))
    return values.every((value) => value !== undefined) ? values : undefined
  }

export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '[::1]', 'localhost']

/**
 * An issuer identifier, spelled the one way that a comparison of strings will find again. RFC 8414 §2
 * https, or http on a loopback host; a path is allowed; no query, fragment, user name or trailing slash.
 */
export const issuerForm: Form<string> = (text) => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname))
  const canonical = url.origin + (url.pathname === '/' ? '' : url.pathname)
  return isAllowed && text === canonical && !text.endsWith('/') ? text : undefined
}

/** Scheme, host and port, without anything after them: https, or http on a loopback host. */
export const originForm: Form<string> = (text) => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname))
  const isBare = url.href === `${url.origin}/`
  return isAllowed && isBare ? url.origin : undefined
}

/** A secret in the words of another system. */
export const secretText: Form<Secret> = (text) => new Secret(text)

/** Names between slashes, none of which leads elsewhere. */
export const vaultPath: Form<string> = (text) =>
  /^[\w.-]+(?:\/[\w.-]+)*$/.test(text) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(text) ? text : undefined

/** An address or a host name to listen on. */
export const hostForm: Form<string> = (text) =>
  isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) ? text : undefined

/** `host:port`, the host in lower case; an IPv6 address stands in brackets. */
export const hostAndPort: Form<string> = (text) => {
  const [, host = '', port = ''] = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):(\d{1,5})$/i.exec(text) ?? []
  return URL.canParse(`http://${host}:${port}`) ? `${host.toLowerCase()}:${Number(port)}` : undefined
}

/** An address block. A block of all addresses is none: whoever trusts everybody lets everybody forge an address. */
const addressBlock: Form<string> = (text) => {
  const [address = '', prefix = '', ...rest] = text.split('/')
  const longest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  const isBlock = rest.length === 0 && /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= longest
  return isBlock || (longest > 0 && text === address) ? text : undefined
}

/** How many proxies stand in front, or which addresses they have; `false` for none. */
export const proxyForm: Form<false | number | readonly string[]> = (text) => {
  if (text === '0') return false
  return wholeNumber(1, 10)(text) ?? listOf(addressBlock)(text)
}

/** Where something is posted to. Whether the address may be called is judged when it is. */
export const webhookForm: Form<URL> = (text) => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.username === '' && url.password === '' ? url : undefined
}

/** A PostgreSQL connection URL that says which server it means, so that no other variable decides that. */
export const databaseUrlForm: Form<URL> = (text) => {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text) || !isDecodable(text)) return undefined
  const url = new URL(text)
  return databaseHost(url) === '' || url.pathname.length < 2 ? undefined : url
}

const isDecodable = (text: string): boolean => {
  try {
    return decodeURIComponent(text) !== ''
  } catch {
    return false
  }
}

/** Where the driver connects to: the last `host` parameter wins over the authority; a path is a unix socket. */
export const databaseHost = (url: URL): string =>
  url.searchParams.getAll('host').at(-1) ?? decodeURIComponent(url.hostname)

/** A mail server: smtp (port 587 unless given) or smtps (465), with user name and password where it wants them. */
export const smtpUrlForm: Form<URL> = (text) => {
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === ''
  const isWhole = (url.username === '') === (url.password === '')
  return url.hostname !== '' && isPlain && isWhole && isDecodable(`${url.username} ${url.password}`) ? url : undefined
}

/** A Redis server, by nothing but scheme, credentials, host, port and database number. */
export const redisUrlForm: Form<URL> = (text) => {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = /^(\/\d{0,4})?$/.test(url.pathname) && url.search === '' && url.hash === ''
  return url.hostname !== '' && isPlain && isDecodable(`${url.username} ${url.password}`) ? url : undefined
}

/** Whom mails are from. */
export interface Sender {
  readonly name: string | undefined
  readonly address: string
}

const ADDRESS = /^[\w.%+-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i

/** An address, or a name and the address in angle brackets. Nothing in it can begin another header. RFC 5322 §3.4 */
export const senderForm: Form<Sender> = (text) => {
  const [, name, bracketed] = /^([^<>"\p{C}]+?)\s*<([^<>]+)>$/u.exec(text) ?? []
  const address = bracketed ?? text
  return ADDRESS.test(address) ? { name, address } : undefined
}
