import type { Config } from '../../config/config.ts'
import { doubt, type Finding, fine } from './finding.ts'

/** What the settings say by themselves. Whatever `start` would refuse never comes here. */
export function* settingFindings(config: Config): Generator<Finding> {
  yield* issuer(config)
  yield* listeners(config)
  yield* proxy(config)
  yield config.isHttps
    ? fine('cookies.host_prefix', 'cookies are held to this host by __Host- names')
    : fine('cookies.plain', 'cookies have plain names: the issuer is http on loopback, for development')
  yield config.signUp === 'open' && !config.isLoopback
    ? doubt('sign_up.open', 'anybody may make an account', 'set SIGN_UP=invite or closed unless that is meant')
    : fine('sign_up', `sign-up is ${config.signUp}`)
  if (config.dangerouslyPlaintextDatabase) {
    const message = 'DANGEROUSLY_PLAINTEXT_DATABASE allows a database connection that others can read and change'
    yield doubt(
      'dangerous.plaintext_database',
      message,
      'add sslmode=verify-full to DATABASE_URL and leave the setting out',
    )
  }
  if (config.masterKey === undefined && !config.isLoopback) {
    const message = 'the master key lies in DATA_DIR beside the data that it seals'
    yield doubt(
      'master_key.beside_data',
      message,
      'move it: set MASTER_KEY_FILE to a file that no backup of the data holds',
    )
  }
  if (config.masterKey?.kind === 'passphrase') {
    const message = 'the master key is made from a passphrase'
    yield doubt(
      'master_key.passphrase',
      message,
      'a random key is stronger: openssl rand -base64 32 (for a new deployment)',
    )
  }
  yield* mail(config)
  if (config.refreshRetrySeconds === 0) {
    const message = 'a client that loses the answer to a refresh loses its user: REFRESH_RETRY_SECONDS is 0'
    yield doubt('refresh.no_retry', message, 'set REFRESH_RETRY_SECONDS=30, the default')
  }
}

function* issuer({ issuer, isHttps, isLoopback, basePath, host }: Config): Generator<Finding> {
  if (isLoopback && !isHttps) yield fine('issuer.loopback', `${issuer} is reached from this machine alone, over http`)
  else yield fine('issuer.https', `${issuer} is https`)
  if (basePath !== '') {
    const wellKnown = `/.well-known/oauth-authorization-server${basePath}`
    const message = `the issuer has a path: its metadata is asked for at ${wellKnown} too (RFC 8414 §3.1)`
    yield doubt('issuer.path', message, `let the proxy pass ${wellKnown} on to this server`)
  }
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(host)
  if (!isLoopback && isLocal) {
    yield fine('listener.loopback', `the server listens on ${host}: only a proxy on this machine reaches it`)
  }
  if (isLoopback && !isLocal) {
    const message = `the issuer is loopback, and the server listens on ${host} for others`
    yield doubt('listener.wide', message, 'set HOST=127.0.0.1, or ISSUER to the name that others use')
  }
}

function* listeners({ admin, metrics }: Config): Generator<Finding> {
  yield admin
    ? fine('listener.admin', `administrators are served at ${admin.host}:${admin.port} alone, as ${admin.origin}`)
    : fine('listener.admin', 'the public listener serves administrators too')
  if (metrics) yield fine('listener.metrics', `whoever reaches ${metrics.host}:${metrics.port} may read the metrics`)
}

function* proxy({ trustProxy, isLoopback, isHttps, tls }: Config): Generator<Finding> {
  if (trustProxy !== false && isLoopback) {
    const message =
      'X-Forwarded-For is believed although the issuer is loopback: a script on this machine may forge addresses'
    yield doubt('proxy.needless', message, 'set TRUST_PROXY=0 unless there is a proxy')
  } else if (trustProxy === false && !isLoopback && !tls) {
    const message = 'no proxy is trusted: behind one, all users share its address, and with it their limits'
    yield doubt('proxy.untrusted', message, 'set TRUST_PROXY to the number of proxies in front, or to their addresses')
  } else if (trustProxy !== false) {
    const which = typeof trustProxy === 'number' ? `${trustProxy} hop(s)` : trustProxy.join(', ')
    yield fine('proxy', `X-Forwarded-For is believed from ${which}: see that nobody reaches the server past the proxy`)
  } else yield fine('proxy', 'no proxy is trusted')
  if (tls) yield fine('tls.here', `this server ends TLS, from ${tls.minVersion}`)
  else if (isHttps) yield fine('tls.proxy', 'TLS ends at the proxy in front: this server speaks http to it')
}

function* mail({ mail, mailFrom }: Config): Generator<Finding> {
  if (mail === 'smtp') yield fine('mail.smtp', `mails are sent from ${mailFrom.address}`)
  if (mail === 'outbox') yield fine('mail.outbox', 'mails are not sent: they are shown at /outbox, for development')
  if (mail === 'none') {
    const message =
      'no mail can be sent: nobody can reset a password or prove an address, and no notice of a change arrives'
    yield doubt('mail.none', message, 'set SMTP_URL to a mail server, and MAIL_FROM')
  }
}
