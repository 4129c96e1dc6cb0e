import type { ConfigFault } from './config-faults.ts'
import type { Environment } from './settings.ts'

// Who listens where besides the public listener, and how one listener sends a browser to the other.

/** Where the console and the admin API are served apart from the public. */
export interface AdminListener {
  readonly host: string
  readonly port: number
  /** Scheme, host and port, as browsers reach it. Its host name is the issuer's: the session cookies belong to that. */
  readonly origin: string
}

/** Where the metrics are read, and nothing else. */
export interface MetricsListener {
  readonly host: string
  readonly port: number
}

interface Listeners {
  readonly admin: AdminListener | undefined
  readonly metrics: MetricsListener | undefined
}

export function listenersOf(values: Environment, issuer: string): Listeners {
  const { ADMIN_PORT, ADMIN_HOST, ADMIN_URL, METRICS_PORT, METRICS_HOST } = values
  return {
    admin: ADMIN_PORT
      ? { host: ADMIN_HOST, port: ADMIN_PORT, origin: ADMIN_URL ?? withPort(issuer, ADMIN_PORT) }
      : undefined,
    metrics: METRICS_PORT ? { host: METRICS_HOST, port: METRICS_PORT } : undefined,
  }
}

function withPort(issuer: string, port: number): string {
  const url = new URL(issuer)
  url.port = String(port)
  return url.origin
}

/** What is wrong with the listeners. */
export function* listenerFaults(values: Environment, issuer: string): Generator<ConfigFault> {
  const { PORT, ADMIN_PORT, ADMIN_URL, METRICS_PORT } = values
  if (ADMIN_URL && !ADMIN_PORT) {
    yield {
      variable: 'ADMIN_URL',
      problem: 'administrators have no listener of their own',
      fix: 'set ADMIN_PORT too, or leave it out',
    }
  }
  if (ADMIN_URL && !sharesCookies(ADMIN_URL, issuer)) {
    const { protocol, hostname } = new URL(issuer)
    yield {
      variable: 'ADMIN_URL',
      problem: 'its scheme or host name is not that of the issuer, to which the session cookies belong',
      fix: `begin it with ${protocol}//${hostname}, and let the port alone differ`,
    }
  }
  if (ADMIN_PORT === PORT) yield taken('ADMIN_PORT', 'PORT')
  if (METRICS_PORT === PORT) yield taken('METRICS_PORT', 'PORT')
  if (METRICS_PORT && METRICS_PORT === ADMIN_PORT) yield taken('METRICS_PORT', 'ADMIN_PORT')
}

const taken = (variable: string, by: string): ConfigFault => ({
  variable,
  problem: `it is ${by} as well`,
  fix: 'give each listener a port of its own',
})

/** Cookies know no port, and their SameSite knows the scheme and the host name. RFC 6265bis §5.2 */
function sharesCookies(left: string, right: string): boolean {
  const [one, other] = [new URL(left), new URL(right)]
  return one.protocol === other.protocol && one.hostname === other.hostname
}

interface Here {
  /** The origin of the listener that asks. */
  readonly origin: string
  readonly issuer: string
  readonly basePath: string
  readonly admin: AdminListener | undefined
}

/** Where a browser finds a path of ours: relative, unless another listener serves it. @param path below the issuer's */
export const ownUrl = (here: Here, path: string): string =>
  `${originElsewhere(here, path) ?? ''}${here.basePath}${path}`

/** The origin of the listener that serves a path of ours, where that is another. */
export function originElsewhere(here: Here, path: string): string | undefined {
  const isForAdministrators = /^\/admin(?:[/?]|$)/.test(path)
  const there = (isForAdministrators && here.admin?.origin) || new URL(here.issuer).origin
  return there === here.origin ? undefined : there
}
