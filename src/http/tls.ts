import type { ServerOptions } from 'node:https'
import { createSecureContext, type SecureContextOptions, Server } from 'node:tls'
import type { Config } from '../config/config.ts'
import { ConfigFaults } from '../config/config-faults.ts'
import type { ReadFile } from '../config/environment.ts'
import type { Log } from '../telemetry/log.ts'

/** The certificate of this server, for where no proxy ends TLS. */
export interface ServerCertificate {
  readonly options: ServerOptions
  /**
   * Looks at the files again. Connections that are open keep what they began with.
   * @returns whether the files hold another pair, which new connections get from now on
   * @throws ConfigFaults when they hold no good pair: the last one is served on
   */
  renew(servers: readonly Server[]): boolean
}

/** With TLS 1.2, forward secrecy and authenticated encryption alone. RFC 9325 §4.2. The suites of TLS 1.3 are all good. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

/** Reads the certificate and its key, and proves that they belong together. @throws ConfigFaults */
export function serverCertificate(tls: NonNullable<Config['tls']>, readFile: ReadFile): ServerCertificate {
  const read = (variable: string, path: string): string => {
    try {
      return readFile(path)
    } catch {
      throw faultOf(variable, 'the file cannot be read', 'name a file that the user of this process may read')
    }
  }
  const load = (): SecureContextOptions => ({
    cert: read('TLS_CERT_FILE', tls.certFile),
    key: read('TLS_KEY_FILE', tls.keyFile),
    minVersion: tls.minVersion,
    ciphers: CIPHERS,
  })
  let served = proved(load())
  return {
    options: { ...served, honorCipherOrder: true },
    renew(servers) {
      const found = load()
      if (found.cert === served.cert && found.key === served.key) return false
      const good = proved(found)
      for (const server of servers) server.setSecureContext(good)
      served = found
      return true
    },
  }
}

function proved(options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options)
    return options
  } catch {
    throw faultOf(
      'TLS_CERT_FILE',
      'it and TLS_KEY_FILE are not a certificate and its private key',
      'name a PEM chain that begins with the certificate of this server, and the key that belongs to it',
    )
  }
}

const faultOf = (variable: string, problem: string, fix: string): ConfigFaults =>
  new ConfigFaults([{ variable, problem, fix }])

const LOOK_EVERY_MS = 10_000

/**
 * Serves a new certificate within seconds of its files being there. While one of the two is still the old one, or neither
 * is any good, the last good pair is served on.
 * @returns what stops it
 */
export function keepCertificateFresh(
  certificate: ServerCertificate,
  servers: readonly object[],
  log: Log,
  everyMs: number = LOOK_EVERY_MS,
): () => void {
  const secured = servers.filter((server) => server instanceof Server)
  let complained = false
  const timer = setInterval(() => {
    try {
      if (certificate.renew(secured)) log.info('a new TLS certificate is served')
      complained = false
    } catch (error) {
      if (!complained) log.error({ err: error }, 'the TLS certificate could not be renewed: the last one is served on')
      complained = true
    }
  }, everyMs).unref()
  return () => clearInterval(timer)
}
