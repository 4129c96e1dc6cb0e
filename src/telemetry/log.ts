// telemetry: what operators see. The log writes one escaped JSON line an event, and is built so that a secret has no way
// in: only named plain values are taken, a request gives its route and never its URL, headers or body.

import { isIP } from 'node:net'
import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino'
import { Secret } from '../base/secret.ts'

export type Log = Logger

interface LogOptions {
  readonly level: LevelWithSilent
  /** Standard output when absent. */
  readonly destination?: DestinationStream
}

/** Makes the log. Fastify takes it as `loggerInstance`; its `req` and `res` are understood. */
export function createLog({ level, destination }: LogOptions): Log {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: plainFields },
    serializers: { req: requestFields, res: responseFields, err: errorFields },
    hooks: { streamWrite: harmless },
  }
  return destination ? pino(options, destination) : pino(options)
}

const SERIALIZED = ['req', 'res', 'err']

/** Lets named plain values through and nothing that could bring others along: a whole object is not logged by mistake. */
function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SERIALIZED.includes(name) ? value : plainValue(value)]),
  )
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return errorFields(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Secret) return String(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  return typeof value === 'object' && value !== null ? '[object]' : value
}

interface LoggedRequest {
  readonly method?: string
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly ip?: string
}
const requestFields = ({ method, routeOptions, ip }: LoggedRequest) => ({
  method,
  route: routeOptions?.url,
  address: ip === undefined ? undefined : addressPrefix(ip),
})

const responseFields = ({ statusCode }: { readonly statusCode?: number }) => ({ status: statusCode })

const DEEPEST_CAUSE = 5

/** Name, code, message, stack and cause of an error: other fields of a library's error may hold what the user typed. */
function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : '[not an error]'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause === undefined || depth >= DEEPEST_CAUSE ? undefined : errorFields(error.cause, depth + 1)
  return { name: error.name, code, message: error.message, stack: error.stack, cause }
}

// JSON leaves these alone, yet terminals and log viewers act on them: C1 controls, line and paragraph separators,
// marks that turn the direction of text.
const UNSAFE = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
// The last net, for a secret inside an error's message: a JWT, or 256 random bits behind one of our prefixes.
const CREDENTIAL = /\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b[a-z]{2,4}_[\w-]{43}(?![\w-])/g

const harmless = (line: string): string => inert(line.replace(CREDENTIAL, '[secret]'))

/** JSON that no terminal or log viewer acts on. Read again, it is the same. */
export const inert = (json: string): string =>
  json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * The network that an address belongs to, canonically written: /24 of IPv4, also when it comes mapped into IPv6, else /64.
 * What is no address gives 'unknown'.
 */
export function addressPrefix(address: string): string {
  const plain = address.replace(/%.*$/, '')
  const v4 = isIP(plain) === 4 ? plain : mappedV4(plain)
  if (v4 !== undefined) return `${v4.split('.').slice(0, 3).join('.')}.0/24`
  return isIP(plain) === 6 ? `${groupsOf(plain).slice(0, 4).join(':')}::/64` : 'unknown'
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [left = [], right = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter(Boolean))
  return [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
}

function mappedV4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const [high = '', low = ''] = /^0:0:0:0:0:ffff:(.*)$/.exec(groupsOf(address).join(':'))?.[1]?.split(':') ?? []
  if (high === '') return undefined
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}
