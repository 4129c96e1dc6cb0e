import { availableParallelism } from 'node:os'
import { Secret } from '../base/secret.ts'
import { type ConfigFault, ConfigFaults } from './config-faults.ts'
import { databaseFaults, redisFaults, verified } from './database-faults.ts'
import { type ReadFile, readEnvironment, type Variables } from './environment.ts'
import { LOOPBACK_HOSTS, type Sender } from './forms.ts'
import { type AdminListener, listenerFaults, listenersOf, type MetricsListener } from './listeners.ts'
import { isWeak, type MasterKey } from './master-key.ts'
import type { Environment } from './settings.ts'

/** Where the certificate of this server lies. */
export interface TlsSettings {
  readonly certFile: string
  readonly keyFile: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

/** The settings as the server uses them. Each is described in settings.ts under the same name in capitals. */
export interface Config {
  readonly issuer: string
  /** Scheme, host and port of the issuer: what a browser calls our origin. On the listener of administrators, its own. */
  readonly origin: string
  /** The issuer's path: '' or '/auth', never with a slash at its end. */
  readonly basePath: string
  readonly isHttps: boolean
  /** Whether the issuer names this machine: then http, the demo and open sign-up are allowed. */
  readonly isLoopback: boolean
  /** `__Host-` over https, where browsers hold such a cookie to this origin; '' over http, where they would drop it. */
  readonly cookiePrefix: '__Host-' | ''
  readonly host: string
  readonly port: number
  /** `undefined`: the public listener serves administrators too. */
  readonly admin: AdminListener | undefined
  /** `undefined`: no metrics are served. */
  readonly metrics: MetricsListener | undefined
  /** As Fastify takes it: `false`, a number of proxies, or their addresses. */
  readonly trustProxy: false | number | readonly string[]
  /** `undefined`: plain http, for a loopback issuer or a proxy that ends TLS. */
  readonly tls: TlsSettings | undefined
  /** `undefined`: the embedded database in `dataDir`. A database elsewhere is reached with `sslmode=verify-full`. */
  readonly databaseUrl: Secret | undefined
  readonly databasePoolSize: number
  readonly dangerouslyPlaintextDatabase: boolean
  readonly dataDir: string
  /** `undefined`: made in `dataDir` by `masterKey`, with the embedded database only. */
  readonly masterKey: MasterKey | undefined
  /** Opens what it sealed, for as long as a change of master keys lasts. */
  readonly masterKeyPrevious: MasterKey | undefined
  readonly logLevel: Environment['LOG_LEVEL']
  /** `host:port`, in lower case. */
  readonly outboundAllow: readonly string[]
  /** Where mails go: to a mail server, to a page for developers, or nowhere: then none is written. */
  readonly mail: 'smtp' | 'outbox' | 'none'
  readonly smtpUrl: Secret | undefined
  readonly mailFrom: Sender
  readonly shutdownSeconds: number
  readonly isDemoOn: boolean
  readonly signUp: 'open' | 'invite' | 'closed'
  readonly usernameMax: number
  readonly requireMfa: 'roles' | 'all'
  readonly passwordPolicy: 'composition' | 'nist'
  readonly passwordHashPermits: number
  readonly sessionIdleSeconds: number
  readonly sessionMaxSeconds: number
  readonly codeSeconds: number
  readonly accessTokenSeconds: number
  readonly idTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly refreshRetrySeconds: number
  readonly signingKeyBits: number
  readonly signingKeyRotationDays: number
  readonly auditRetentionDays: number
  /** May hold a token of the receiver. */
  readonly auditWebhookUrl: Secret | undefined
  /** `undefined`: limits are kept in the database. */
  readonly rateLimitRedisUrl: Secret | undefined
  readonly limitAuthPerMinute: number
  readonly limitClientAuthPerMinute: number
  readonly limitDefaultPerHour: number
  readonly ceilingClientPerMinute: number
  readonly ceilingAddressPerMinute: number
  readonly ceilingClientAuthPerMinute: number
}

/**
 * Reads the settings and judges them together.
 * @throws ConfigFaults with everything that is wrong, at once. Nothing is opened or connected to.
 */
export function loadConfig(variables: Variables, readFile: ReadFile): Config {
  const { values, faults } = readEnvironment(variables, readFile)
  const issuer = values.ISSUER ?? `${tlsOf(values) ? 'https' : 'http'}://localhost:${values.PORT}`
  const isLoopback = LOOPBACK_HOSTS.includes(new URL(issuer).hostname)
  const cores = availableParallelism()

  // A rule that trips over a variable which was already at fault would only repeat it.
  const isNews = ({ variable }: ConfigFault) =>
    !faults.some((fault) => fault.variable.replace(/_FILE$/, '') === variable)
  const broken = [
    ...secretFaults(values),
    ...databaseFaults(values),
    ...redisFaults(values),
    ...tlsFaults(values, issuer),
    ...listenerFaults(values, issuer),
    ...limitFaults(values, isLoopback, cores),
  ]
  const all = [...faults, ...broken.filter(isNews)]
  if (all.length > 0) throw new ConfigFaults(all)

  const { origin, pathname, protocol } = new URL(issuer)
  const isHttps = protocol === 'https:'
  return {
    issuer,
    origin,
    basePath: pathname === '/' ? '' : pathname,
    isHttps,
    isLoopback,
    cookiePrefix: isHttps ? '__Host-' : '',
    host: values.HOST,
    port: values.PORT,
    ...listenersOf(values, issuer),
    trustProxy: values.TRUST_PROXY,
    tls: tlsOf(values),
    databaseUrl: values.DATABASE_URL && new Secret(verified(values.DATABASE_URL).href),
    databasePoolSize: values.DATABASE_POOL_SIZE,
    dangerouslyPlaintextDatabase: values.DANGEROUSLY_PLAINTEXT_DATABASE === 'true',
    dataDir: values.DATA_DIR,
    masterKey: values.MASTER_KEY,
    masterKeyPrevious: values.MASTER_KEY_PREVIOUS,
    logLevel: values.LOG_LEVEL,
    outboundAllow: values.OUTBOUND_ALLOW ?? [],
    mail: values.SMTP_URL ? 'smtp' : isLoopback ? 'outbox' : 'none',
    smtpUrl: values.SMTP_URL && new Secret(values.SMTP_URL.href),
    mailFrom: values.MAIL_FROM ?? { name: undefined, address: `no-reply@${new URL(issuer).hostname}` },
    shutdownSeconds: values.SHUTDOWN_SECONDS,
    isDemoOn: values.DEMO === undefined ? isLoopback : values.DEMO === 'on',
    signUp: values.SIGN_UP ?? (isLoopback ? 'open' : 'invite'),
    usernameMax: values.USERNAME_MAX,
    requireMfa: values.REQUIRE_MFA,
    passwordPolicy: values.PASSWORD_POLICY,
    passwordHashPermits: values.PASSWORD_HASH_PERMITS ?? cores,
    sessionIdleSeconds: values.SESSION_IDLE_SECONDS,
    sessionMaxSeconds: values.SESSION_MAX_SECONDS,
    codeSeconds: values.CODE_SECONDS,
    accessTokenSeconds: values.ACCESS_TOKEN_SECONDS,
    idTokenSeconds: values.ID_TOKEN_SECONDS,
    refreshTokenSeconds: values.REFRESH_TOKEN_SECONDS,
    refreshRetrySeconds: values.REFRESH_RETRY_SECONDS,
    signingKeyBits: values.SIGNING_KEY_BITS,
    signingKeyRotationDays: values.SIGNING_KEY_ROTATION_DAYS,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    auditWebhookUrl: values.AUDIT_WEBHOOK_URL && new Secret(values.AUDIT_WEBHOOK_URL.href),
    rateLimitRedisUrl: values.RATE_LIMIT_REDIS_URL && new Secret(values.RATE_LIMIT_REDIS_URL.href),
    limitAuthPerMinute: values.LIMIT_AUTH_PER_MINUTE,
    limitClientAuthPerMinute: values.LIMIT_CLIENT_AUTH_PER_MINUTE,
    limitDefaultPerHour: values.LIMIT_DEFAULT_PER_HOUR,
    ceilingClientPerMinute: values.CEILING_CLIENT_PER_MINUTE,
    ceilingAddressPerMinute: values.CEILING_ADDRESS_PER_MINUTE,
    ceilingClientAuthPerMinute: values.CEILING_CLIENT_AUTH_PER_MINUTE,
  }
}

function* secretFaults({ DATABASE_URL, MASTER_KEY, MASTER_KEY_PREVIOUS }: Environment): Generator<ConfigFault> {
  const fix = 'set it to the output of: openssl rand -base64 32'
  if (DATABASE_URL && !MASTER_KEY) {
    yield { variable: 'MASTER_KEY', problem: 'DATABASE_URL is set and there is no key to seal its secrets with', fix }
  }
  if (MASTER_KEY && isWeak(MASTER_KEY)) {
    yield { variable: 'MASTER_KEY', problem: 'its value is a placeholder, or could be guessed', fix }
  }
  if (MASTER_KEY_PREVIOUS && !MASTER_KEY) {
    yield { variable: 'MASTER_KEY_PREVIOUS', problem: 'MASTER_KEY, which takes its place, is not set', fix: 'set both' }
  }
}

function tlsOf({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_MIN_VERSION }: Environment) {
  return certFile && keyFile ? ({ certFile, keyFile, minVersion: `TLSv${TLS_MIN_VERSION}` } as const) : undefined
}

function* tlsFaults(values: Environment, issuer: string): Generator<ConfigFault> {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = values
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const variable = certFile === undefined ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE'
    yield { variable, problem: 'its other half is set', fix: 'set both, or neither where a proxy ends TLS' }
  }
  if (tlsOf(values) && issuer.startsWith('http:')) {
    yield {
      variable: 'ISSUER',
      problem: 'it begins with http, and TLS_CERT_FILE is set',
      fix: 'make it begin with https',
    }
  }
}

function* limitFaults(values: Environment, isLoopback: boolean, cores: number): Generator<ConfigFault> {
  if (values.DEMO === 'on' && !isLoopback) {
    yield { variable: 'DEMO', problem: 'the demo is for a loopback issuer only', fix: 'set it to off, or leave it out' }
  }
  if (values.SESSION_IDLE_SECONDS > values.SESSION_MAX_SECONDS) {
    yield {
      variable: 'SESSION_IDLE_SECONDS',
      problem: 'it is more than SESSION_MAX_SECONDS',
      fix: 'set it to SESSION_MAX_SECONDS or less',
    }
  }
  if ((values.PASSWORD_HASH_PERMITS ?? 0) > cores) {
    yield {
      variable: 'PASSWORD_HASH_PERMITS',
      problem: 'it is more than the number of processor cores, and sign-ins would starve all else',
      fix: `set it to ${cores} or less, or leave it out`,
    }
  }
}
