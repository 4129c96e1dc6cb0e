import type { Config } from '../../config/config.ts'
import { always, byFindings, type Control, deployment, met, notMet, otherwise } from './control.ts'

const MINUTE = 60
const HOUR = 3600

/** Whether requests come with the address of who sent them. */
const knowsPeers = ({ isLoopback, trustProxy, tls }: Config): boolean =>
  isLoopback || trustProxy !== false || tls !== undefined

/** Every control, in the order of the security architecture. */
export const CONTROLS: readonly Control[] = [
  {
    number: 1,
    name: 'Every token is checked on every request',
    owasp: 'A07:2025',
    judge: always(
      'signature, algorithm, type, issuer, audience and expiry; at our own endpoints also whether its grant still stands',
    ),
  },
  {
    number: 2,
    name: 'One place decides who gets in',
    owasp: 'A01:2025',
    judge: always(
      'one rule for sign-in, token issue and the account pages; a fault in it denies, and the reason is kept',
    ),
  },
  {
    number: 3,
    name: 'Compliant devices',
    owasp: 'A01:2025',
    judge: always(
      'require_compliant_device of a client; a device counts when the session is bound to it, never by a header',
    ),
  },
  {
    number: 4,
    name: 'Allowed networks',
    owasp: 'A01:2025',
    judge: ({ config }) =>
      knowsPeers(config)
        ? met('allowed_networks of a client or role, by the true peer behind the proxies that TRUST_PROXY counts')
        : otherwise('TRUST_PROXY is 0: behind a proxy, the address of every user is that of the proxy'),
  },
  {
    number: 5,
    name: 'Required claims, by value',
    owasp: 'A01:2025',
    judge: always('requiredClaims, requiredRoles and requiredScopes of postern/resource-server'),
  },
  {
    number: 6,
    name: 'Each access is told',
    owasp: 'A09:2025',
    judge: ({ config }) =>
      ['info', 'debug', 'trace'].includes(config.logLevel)
        ? met('a log line for each request, an event for each decision of the policy, onDecision in services')
        : otherwise(`LOG_LEVEL=${config.logLevel} leaves out the line of each request`),
  },
  {
    number: 7,
    name: 'Least privilege',
    owasp: 'A01:2025',
    judge: (facts) =>
      byFindings(
        facts,
        ['database.role'],
        'a database role without the right to change the audit; roles that end at a time',
      ),
  },
  {
    number: 8,
    name: 'Segments apart: public, administrators, metrics, data',
    owasp: 'A02:2025',
    judge: ({ config }) => {
      if (config.admin) return met(`administrators have ${config.admin.host}:${config.admin.port} to themselves`)
      const because = 'the public listener serves administrators too: set ADMIN_PORT'
      return config.isLoopback ? otherwise(because) : notMet(because)
    },
  },
  {
    number: 9,
    name: 'Layers: perimeter, network, host, backup',
    owasp: 'A02:2025',
    judge: () => deployment('firewall, web application firewall, intrusion and endpoint detection, patches, backups'),
  },
  {
    number: 10,
    name: 'TLS 1.3 in transit',
    owasp: 'A04:2025',
    judge: ({ config, findings }) => {
      if (config.dangerouslyPlaintextDatabase) return notMet('DANGEROUSLY_PLAINTEXT_DATABASE is true')
      const open = findings.find(({ code, severity }) => code === 'database.tls' && severity !== 'ok')
      if (open) return notMet(open.message)
      if (!config.isHttps) return otherwise('the issuer is http, on this machine alone')
      if (!config.tls) return deployment('the proxy in front ends TLS: let it speak 1.3')
      const { minVersion } = config.tls
      return minVersion === 'TLSv1.3' ? met('TLS_MIN_VERSION is 1.3') : otherwise('TLS_MIN_VERSION is 1.2')
    },
  },
  {
    number: 11,
    name: 'Cookies: Secure, HttpOnly, SameSite',
    owasp: 'A07:2025',
    judge: ({ config }) =>
      config.isHttps
        ? met('__Host- names; a Strict cookie for every change, a Lax twin for /authorize alone')
        : otherwise('no Secure and no __Host-: the issuer is http, on this machine alone'),
  },
  {
    number: 12,
    name: 'Sessions end after an hour without use, and after half a day',
    owasp: 'A07:2025',
    judge: ({ config: { sessionIdleSeconds: idle, sessionMaxSeconds: most } }) =>
      (idle <= HOUR && most <= 12 * HOUR ? met : otherwise)(
        `SESSION_IDLE_SECONDS is ${idle}, SESSION_MAX_SECONDS is ${most}`,
      ),
  },
  {
    number: 13,
    name: 'Access tokens live for a quarter of an hour',
    owasp: 'A07:2025',
    judge: ({ config: { accessTokenSeconds: seconds } }) =>
      (seconds <= 15 * MINUTE ? met : otherwise)(`ACCESS_TOKEN_SECONDS is ${seconds}; a client may have its own`),
  },
  {
    number: 14,
    name: 'Limits: 10 attempts a minute, 100 requests an hour',
    owasp: 'A06:2025',
    judge: ({
      config: { limitAuthPerMinute: attempts, limitDefaultPerHour: rest, limitClientAuthPerMinute: clients },
    }) =>
      (attempts <= 10 && clients <= 10 && rest <= 100 ? met : otherwise)(
        `LIMIT_AUTH_PER_MINUTE is ${attempts}, LIMIT_CLIENT_AUTH_PER_MINUTE ${clients}, LIMIT_DEFAULT_PER_HOUR ${rest}`,
      ),
  },
  {
    number: 15,
    name: 'Limits are shared by all nodes, and exact',
    owasp: 'A06:2025',
    judge: ({ config }) =>
      met(
        `one atomic step for each attempt, in ${config.rateLimitRedisUrl ? 'Redis' : 'PostgreSQL'}; exact Retry-After`,
      ),
  },
  {
    number: 16,
    name: 'Content-Security-Policy',
    owasp: 'A05:2025',
    judge: always(
      "default-src and script-src 'self', no objects, no frames, forms to ourselves and to the app at hand",
    ),
  },
  {
    number: 17,
    name: 'Headers against framing, sniffing, leaks and plain http',
    owasp: 'A02:2025',
    judge: ({ config }) =>
      config.isHttps ? met('on every answer, HSTS for a year included') : otherwise('all but HSTS: the issuer is http'),
  },
  {
    number: 18,
    name: 'No filter of the browser against scripts',
    owasp: 'A02:2025',
    judge: always('X-XSS-Protection is 0: the filter made holes, and the Content-Security-Policy does its work'),
  },
  {
    number: 19,
    name: 'Authorization code with PKCE',
    owasp: 'A07:2025',
    judge: (facts) => byFindings(facts, ['client.no_pkce'], 'S256, of every client'),
  },
  {
    number: 20,
    name: 'The newer extensions of OAuth',
    owasp: 'A07:2025',
    judge: () =>
      notMet('resource indicators, metadata and iss are there; PAR, JAR, DPoP, device and exchange grants are not'),
  },
  {
    number: 21,
    name: 'What an access token says',
    owasp: 'A07:2025',
    judge: always('iss, sub, aud, client_id, scope, roles, iat, exp, a random jti and type, as RFC 9068 has them'),
  },
  {
    number: 22,
    name: 'One kind of token is no other',
    owasp: 'A07:2025',
    judge: always('a typ and rules for each kind; callers hear fixed words, never those of a library'),
  },
  {
    number: 23,
    name: 'RS256 by keys that change',
    owasp: 'A04:2025',
    judge: (facts) =>
      facts.config.signingKeyRotationDays > 90
        ? otherwise(`SIGNING_KEY_ROTATION_DAYS is ${facts.config.signingKeyRotationDays}`)
        : byFindings(facts, ['keys.overdue', 'keys.none'], 'the key that signs is as young as it should be'),
  },
  {
    number: 24,
    name: 'Refresh tokens rotate, for a week at most',
    owasp: 'A07:2025',
    judge: (facts) => byFindings(facts, ['client.no_rotation'], 'one live token a family; reuse ends the family'),
  },
  {
    number: 25,
    name: 'Revocation',
    owasp: 'A07:2025',
    judge: always('read at each use of our own endpoints; elsewhere by introspection, or when the token ends'),
  },
  {
    number: 26,
    name: 'A second factor',
    owasp: 'A07:2025',
    judge: ({ config }) =>
      config.requireMfa === 'all'
        ? met('REQUIRE_MFA is all: nobody gets in without one')
        : otherwise('REQUIRE_MFA is roles: of administrators, and where a role or an app demands it'),
  },
  {
    number: 27,
    name: 'Codes of an authenticator work once',
    owasp: 'A07:2025',
    judge: always('one step to either side, each accepted once; one limit for every way to give a code'),
  },
  {
    number: 28,
    name: 'Enrolment of an authenticator',
    owasp: 'A07:2025',
    judge: always('a fresh sign-in, 160 random bits, a picture drawn here, and in use when it was confirmed'),
  },
  {
    number: 29,
    name: 'E-mail addresses are proved',
    owasp: 'A07:2025',
    judge: ({ config }) =>
      config.mail === 'none'
        ? otherwise('no mail can be sent: set SMTP_URL')
        : met(config.mail === 'smtp' ? 'by a link, through SMTP_URL' : 'by a link, shown at /outbox for development'),
  },
  {
    number: 30,
    name: 'User names of 3 to 30 plain characters',
    owasp: 'A05:2025',
    judge: ({ config: { usernameMax } }) => (usernameMax <= 30 ? met : otherwise)(`USERNAME_MAX is ${usernameMax}`),
  },
  {
    number: 31,
    name: 'Password rules',
    owasp: 'A07:2025',
    judge: ({ config }) =>
      config.passwordPolicy === 'composition'
        ? met('PASSWORD_POLICY is composition: 12 to 128 of four kinds, and none that is common')
        : otherwise('PASSWORD_POLICY is nist: length and blocklist, no composition'),
  },
  {
    number: 32,
    name: 'Argon2 for passwords',
    owasp: 'A04:2025',
    judge: ({ config }) =>
      met(`argon2id with a pepper, ${config.passwordHashPermits} at once, the same work for nobody`),
  },
  {
    number: 33,
    name: 'Input is checked at the door',
    owasp: 'A05:2025',
    judge: always('each parameter is read once, by a schema; what is repeated or unreadable is refused'),
  },
  {
    number: 34,
    name: 'SQL with parameters alone',
    owasp: 'A05:2025',
    judge: always('one room has SQL, and the check refuses a statement that is made of strings'),
  },
  {
    number: 35,
    name: 'Secrets are encrypted field by field',
    owasp: 'A04:2025',
    judge: ({ config }) =>
      config.masterKey?.kind === 'passphrase'
        ? otherwise('AES-256-GCM, under a key that is stretched from a passphrase')
        : met('AES-256-GCM, bound to table, column, row and key, under a random key'),
  },
  {
    number: 36,
    name: 'Where secrets are kept',
    owasp: 'A02:2025',
    judge: ({ config, secretsFrom }) => {
      if (secretsFrom !== 'data folder') return met(`the master key comes from: ${secretsFrom}`)
      const because = 'the master key lies in DATA_DIR, beside what it seals'
      return config.isLoopback ? otherwise(because) : notMet(because)
    },
  },
  {
    number: 37,
    name: 'No home-made ciphers, hidden pages, trusted headers or talkative errors',
    owasp: 'A10:2025',
    judge: always('a test for each; errors are fixed words with a request id'),
  },
  {
    number: 38,
    name: 'Scanners in the pipeline',
    owasp: 'A03:2025',
    judge: () => deployment('the check finds secrets, loose pins and built SQL; scanners of code and image are yours'),
  },
  {
    number: 39,
    name: 'A threat model',
    owasp: 'A06:2025',
    judge: always('SECURITY.md has the boundaries and what holds each; the tests are named after the attacks'),
  },
  {
    number: 40,
    name: 'An audit that cannot be rewritten unseen',
    owasp: 'A09:2025',
    judge: (facts) => {
      const verdict = byFindings(facts, ['database.role'], 'chained, signed, and posted to AUDIT_WEBHOOK_URL')
      const isKeptElsewhere = facts.config.auditWebhookUrl !== undefined
      return verdict.state === 'met' && !isKeptElsewhere
        ? otherwise('chained and signed; no copy leaves this deployment but by the log: set AUDIT_WEBHOOK_URL')
        : verdict
    },
  },
  {
    number: 41,
    name: 'Roles and permissions',
    owasp: 'A01:2025',
    judge: (facts) =>
      byFindings(
        facts,
        ['users.no_administrator'],
        'denied unless a role allows it, read from the database at each request',
      ),
  },
  {
    number: 42,
    name: 'Forms, consent, logout and cross-origin reads',
    owasp: 'A01:2025',
    judge: always('each form has a token and our own Origin; no CORS at /authorize; logout ends what it should'),
  },
  {
    number: 43,
    name: 'What this server fetches',
    owasp: 'A01:2025',
    judge: ({ config: { outboundAllow } }) =>
      outboundAllow.length === 0
        ? met('public https addresses alone, checked when it connects')
        : otherwise(`OUTBOUND_ALLOW adds ${outboundAllow.join(', ')}`),
  },
  {
    number: 44,
    name: 'A list to go through before it opens',
    owasp: 'A02:2025',
    judge: always('this one: postern doctor --controls'),
  },
]
