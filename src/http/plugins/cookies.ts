import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SessionSecrets } from '../../accounts/sign-in.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import { newToken } from '../../base/random.ts'
import type { Deps } from '../../deps.ts'

const NAMES = { strict: 'session', lax: 'session-lax', browser: 'browser', device: 'device' } as const
type CookieName = keyof typeof NAMES

type CookieDeps = Pick<Deps, 'config'>

const nameOf = ({ config }: CookieDeps, cookie: CookieName): string => config.cookiePrefix + NAMES[cookie]

const attributes = ({ config }: CookieDeps, sameSite: 'strict' | 'lax'): CookieSerializeOptions => ({
  path: '/', // as __Host- demands
  httpOnly: true,
  secure: config.isHttps,
  sameSite,
})

const SECRET = /^(?:ss|sl|br|dv)_[A-Za-z0-9_-]{43}$/

/** The value of a cookie of ours. One that was sent twice was planted by somebody, and counts as none. */
export function readCookie(deps: CookieDeps, request: FastifyRequest, cookie: CookieName): string | undefined {
  const name = nameOf(deps, cookie)
  const sent = (request.headers.cookie ?? '').split(';').filter((pair) => pair.trim().startsWith(`${name}=`))
  const value = sent.length === 1 ? request.cookies[name] : undefined
  return value !== undefined && SECRET.test(value) ? value : undefined
}

/** The digest of a cookie's secret, by which its row is found. */
export function cookieDigest(deps: CookieDeps, request: FastifyRequest, cookie: CookieName): Digest | undefined {
  const value = readCookie(deps, request, cookie)
  return value === undefined ? undefined : digestOf(value)
}

/** The secret that binds a browser's interactions; made where there is none. design.md §5.2 */
export function ensureBrowserCookie(
  deps: CookieDeps & Pick<Deps, 'random'>,
  request: FastifyRequest,
  reply: FastifyReply,
): string {
  const present = readCookie(deps, request, 'browser')
  if (present !== undefined) return present
  const made = newToken(deps.random, 'br_')
  reply.setCookie(nameOf(deps, 'browser'), made, attributes(deps, 'lax'))
  return made
}

/** Gives the browser both secrets of its session. */
export function setSessionCookies(deps: CookieDeps, reply: FastifyReply, secrets: SessionSecrets): void {
  const maxAge = deps.config.sessionMaxSeconds
  reply.setCookie(nameOf(deps, 'strict'), secrets.strict, { ...attributes(deps, 'strict'), maxAge })
  reply.setCookie(nameOf(deps, 'lax'), secrets.lax, { ...attributes(deps, 'lax'), maxAge })
}

/** As long as browsers keep a cookie at most. */
const DEVICE_SECONDS = 400 * 86_400

/**
 * The secret by which accounts know this browser; a new one where it has none. It proves a device and nobody's identity, and
 * is worth nothing before a full sign-in. Strict: only forms of ours are looked at for it.
 */
export const deviceSecret = (deps: CookieDeps & Pick<Deps, 'random'>, request: FastifyRequest): string =>
  readCookie(deps, request, 'device') ?? newToken(deps.random, 'dv_')

/** Gives the browser the secret of its device, for as long as can be. */
export function setDeviceCookie(deps: CookieDeps, reply: FastifyReply, secret: string): void {
  reply.setCookie(nameOf(deps, 'device'), secret, { ...attributes(deps, 'strict'), maxAge: DEVICE_SECONDS })
}

/** Takes both secrets of the session back; the browser cookie stays, for it says nothing about who is there. */
export function clearSessionCookies(deps: CookieDeps, reply: FastifyReply): void {
  reply.clearCookie(nameOf(deps, 'strict'), attributes(deps, 'strict'))
  reply.clearCookie(nameOf(deps, 'lax'), attributes(deps, 'lax'))
}
