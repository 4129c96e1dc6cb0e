import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'
import { keepCertificateFresh, serverCertificate } from '../../src/http/tls.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startServer } from '../support/server.ts'

const run = promisify(execFile)
const read = (path: string) => readFileSync(path, 'utf8')

interface Pair {
  readonly cert: string
  readonly key: string
}

/** A certificate for this machine, signed by itself. */
async function selfSigned(folder: string, name: string): Promise<Pair> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const whom = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost']
  await run('openssl', ['req', ...how, ...whom, '-keyout', key, '-out', cert])
  return { cert: read(cert), key: read(key) }
}

async function shake(port: number, ca: Pair, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: ca.cert, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** One request, asked on a connection that stays open, as its status line. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [data] = await once(socket, 'data')
  return String(data).split('\r\n')[0] ?? ''
}

suite('TLS that this server ends itself (controls.md row 10)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  const [certFile, keyFile] = [join(folder, 'served.crt'), join(folder, 'served.key')]
  let first: Pair
  let second: Pair

  const write = (pair: Pair) => {
    writeFileSync(certFile, pair.cert)
    writeFileSync(keyFile, pair.key)
  }
  const certificateOf = (minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') =>
    serverCertificate({ certFile, keyFile, minVersion }, read)

  /** A server that says only that it is there. */
  async function listening(certificate = certificateOf()) {
    const server = createServer(certificate.options, (_, response) => response.end('here'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      server,
      port: (server.address() as AddressInfo).port,
      certificate,
    }
  }

  before(async () => {
    first = await selfSigned(folder, 'first')
    second = await selfSigned(folder, 'second')
  })
  after(() => rmSync(folder, { recursive: true }))

  test('the whole app answers over TLS 1.3, and TLS 1.2 is refused unless it is allowed (RFC 9325 §3.1.1)', async () => {
    write(first)
    const server = await startServer({ ISSUER: 'https://localhost' })
    const app = await buildApp(server.deps, { https: certificateOf().options })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const socket = await shake(port, first)
    assert.equal(socket.getProtocol(), 'TLSv1.3')
    assert.match(await ask(socket), /^HTTP\/1\.1 200/)
    socket.destroy()
    await assert.rejects(shake(port, first, { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ })
    await app.close()
    await server.close()
  })

  test('TLS 1.2, where it is allowed, has forward secrecy and authenticated encryption only; 1.1 there is none (RFC 9325 §4.2)', async () => {
    write(first)
    const { server, port } = await listening(certificateOf('TLSv1.2'))
    const socket = await shake(port, first, { maxVersion: 'TLSv1.2' })
    assert.equal(socket.getProtocol(), 'TLSv1.2')
    assert.match(socket.getCipher().name, /^ECDHE-.*(?:GCM|POLY1305)/)
    socket.destroy()
    const cbc = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:AES128-SHA' } as const
    await assert.rejects(shake(port, first, cbc), { code: /HANDSHAKE_FAILURE/ })
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    await assert.rejects(shake(port, first, old), { code: /PROTOCOL_VERSION/ })
    server.close()
  })

  test('a new pair of files is served to new connections, and those that are open live on', async () => {
    write(first)
    const { server, port, certificate } = await listening()
    const early = await shake(port, first)
    assert.equal(certificate.renew([server]), false)
    write(second)
    assert.equal(certificate.renew([server]), true)
    const late = await shake(port, second)
    assert.equal(new X509Certificate(late.getPeerCertificate().raw).subject, 'CN=second')
    assert.match(await ask(early), /^HTTP\/1\.1 200/)
    await assert.rejects(shake(port, second, { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ })
    for (const socket of [early, late]) socket.destroy()
    server.close()
  })

  test('the files are watched, and a half-written pair is not served', async () => {
    write(first)
    const lines: string[] = []
    const heard = Promise.withResolvers<void>()
    const complained = Promise.withResolvers<void>()
    const listener = createLog({
      level: 'info',
      destination: {
        write: (line: string) => {
          lines.push(line)
          if (line.includes('a new TLS certificate')) heard.resolve()
          if (line.includes('could not be renewed')) complained.resolve()
        },
      },
    })
    const { server, port, certificate } = await listening()
    const stop = keepCertificateFresh(certificate, [server], listener, 5)
    writeFileSync(certFile, second.cert) // with the key of the first
    await complained.promise
    ;(await shake(port, first)).destroy()
    writeFileSync(keyFile, second.key)
    await heard.promise
    ;(await shake(port, second)).destroy()
    stop()
    server.close()
    assert.equal(lines.length, 2, 'one complaint, one success')
    assert.ok(lines.every((line) => !line.includes('PRIVATE KEY')))
  })

  test('a start with a key of another certificate, or without a file, names the setting (A172)', () => {
    write({ cert: first.cert, key: second.key })
    assert.throws(() => certificateOf(), new ConfigFaults([pairFault]))
    const missing = { certFile: join(folder, 'none'), keyFile, minVersion: 'TLSv1.3' } as const
    assert.throws(() => serverCertificate(missing, read), /TLS_CERT_FILE: the file cannot be read/)
  })
})

const pairFault = {
  variable: 'TLS_CERT_FILE',
  problem: 'it and TLS_KEY_FILE are not a certificate and its private key',
  fix: 'name a PEM chain that begins with the certificate of this server, and the key that belongs to it',
}

test('half a pair, and an http issuer beside it, are refused with the setting that is wrong (A172)', () => {
  const faultsOf = (variables: Record<string, string>) => {
    try {
      loadConfig(variables, read)
      return []
    } catch (error) {
      if (error instanceof ConfigFaults) return error.faults.map(({ variable }) => variable)
      throw error
    }
  }
  assert.deepEqual(faultsOf({ TLS_CERT_FILE: 'a.crt' }), ['TLS_KEY_FILE'])
  assert.deepEqual(faultsOf({ TLS_KEY_FILE: 'a.key' }), ['TLS_CERT_FILE'])
  const pair = { TLS_CERT_FILE: 'a.crt', TLS_KEY_FILE: 'a.key' }
  assert.deepEqual(faultsOf({ ...pair, ISSUER: 'http://localhost:3000' }), ['ISSUER'])
  assert.equal(loadConfig(pair, read).issuer, 'https://localhost:3000')
  assert.equal(loadConfig(pair, read).tls?.minVersion, 'TLSv1.3')
  assert.equal(loadConfig({ ...pair, TLS_MIN_VERSION: '1.2' }, read).tls?.minVersion, 'TLSv1.2')
  assert.equal(loadConfig({}, read).tls, undefined)
})
