import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { createOutbound, OutboundError, type OutboundFailure } from '../../src/outbound/fetch-safely.ts'

const caps = { maxBytes: 5000, timeoutMs: 5000 }

/** A server on loopback that counts the connections made to it, and a door that may reach it. */
async function peer(t: TestContext, answer: RequestListener) {
  const server = createServer(answer)
  let connections = 0
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  return { port, url: `http://${host}`, outbound: createOutbound({ allow: [host] }), connections: () => connections }
}

const failsWith = (promise: Promise<unknown>, failure: OutboundFailure, message?: string) =>
  assert.rejects(promise, (error) => error instanceof OutboundError && error.failure === failure, message)

test('an allowed host is reached over http, with the method, headers and body given', async (t) => {
  const { url, outbound } = await peer(t, async (request, response) => {
    const body = await text(request)
    response.writeHead(201, { 'content-type': 'text/plain' })
    response.end(`${request.method} ${request.url} ${request.headers['x-a']} ${body}`)
  })
  const response = await outbound.fetch(`${url}/path?q=1`, {
    ...caps,
    method: 'POST',
    headers: { 'x-a': 'b' },
    body: 'text',
  })
  assert.deepEqual([response.status, response.headers['content-type']], [201, 'text/plain'])
  assert.equal(response.body.toString(), 'POST /path?q=1 b text')
})

test('what is not https, or carries a user name, is refused unseen (A105)', async (t) => {
  const { port, connections } = await peer(t, (_, response) => response.end())
  const outbound = createOutbound({ allow: [] })
  for (const url of [
    `http://127.0.0.1:${port}/`,
    'http://example.com/',
    'https://a@example.com/',
    'https://a:b@example.com/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'data:,x',
    '//example.com',
    '',
  ]) {
    await failsWith(outbound.fetch(url, caps), 'forbidden_url', url)
  }
  assert.equal(connections(), 0)
})

test('an address that is not public is refused, however it is spelled, and not connected to (A105)', async (t) => {
  const { port, connections } = await peer(t, (_, response) => response.end())
  const outbound = createOutbound({ allow: [] })
  const hosts = [
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '10.0.0.1',
    '１２７.0.0.1',
    '127。0。0。1',
  ]
  for (const host of hosts) await failsWith(outbound.fetch(`https://${host}:${port}/`, caps), 'forbidden_address', host)
  assert.equal(connections(), 0)
})

test('a name is judged by the addresses it has when the connection is made (A105)', async (t) => {
  const { port, connections } = await peer(t, (_, response) => response.end())
  const names: Record<string, string[]> = {
    'loopback.example': ['127.0.0.1'],
    'mixed.example': ['8.8.8.8', '127.0.0.1'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'metadata.example': ['169.254.169.254'],
  }
  const lookup = async (name: string) =>
    (names[name] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const outbound = createOutbound({ allow: [], lookup })
  for (const name of Object.keys(names))
    await failsWith(outbound.fetch(`https://${name}:${port}/`, caps), 'forbidden_address', name)
  await failsWith(outbound.fetch(`https://nowhere.example:${port}/`, caps), 'unreachable')
  assert.equal(connections(), 0)
})

test('a name that changes between two look-ups gains nothing: there is one look-up a call (A105)', async (t) => {
  const { port, connections } = await peer(t, (_, response) => response.end())
  let lookups = 0
  const lookup = async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '8.8.8.8', family: 4 }]
  await failsWith(
    createOutbound({ allow: [], lookup }).fetch(`https://rebind.example:${port}/`, caps),
    'forbidden_address',
  )
  assert.deepEqual([lookups, connections()], [1, 0])
})

test('an allowed host is allowed on its port only', async (t) => {
  const { port, connections } = await peer(t, (_, response) => response.end())
  const outbound = createOutbound({ allow: [`localhost:${port + 1}`] })
  await failsWith(outbound.fetch(`http://localhost:${port}/`, caps), 'forbidden_url')
  await failsWith(outbound.fetch(`https://localhost:${port}/`, caps), 'forbidden_address')
  assert.equal(connections(), 0)
})

test('https speaks TLS, and a server that does not is unreachable', async (t) => {
  const { url, outbound } = await peer(t, (_, response) => response.end())
  await failsWith(outbound.fetch(url.replace('http:', 'https:'), caps), 'unreachable')
})

test('a redirect is not followed (A105)', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { url, outbound, connections } = await peer(t, (_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    await failsWith(outbound.fetch(url, caps), 'redirected', String(status))
    assert.equal(connections(), 1)
  }
})

test('a body over the cap is refused, whether it says its length or not (A105)', async (t) => {
  for (const chunked of [false, true]) {
    const { url, outbound } = await peer(t, (_, response) => {
      if (chunked) response.write('x')
      response.end('x'.repeat(5_000_000))
    })
    await failsWith(outbound.fetch(url, caps), 'too_large', `chunked ${chunked}`)
  }
})

test('a body of exactly the cap is read', async (t) => {
  const { url, outbound } = await peer(t, (_, response) => response.end('x'.repeat(caps.maxBytes)))
  assert.equal((await outbound.fetch(url, caps)).body.length, caps.maxBytes)
})

test('plain bytes are asked for, and a compressed answer is refused unopened (A105)', async (t) => {
  const { url, outbound } = await peer(t, (request, response) => {
    assert.equal(request.headers['accept-encoding'], 'identity')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(3_000_000)))
  })
  await failsWith(outbound.fetch(url, caps), 'compressed')
})

test('a server that is silent, or slow in its body, is left when the time is over (A105)', async (t) => {
  const silent = await peer(t, () => {})
  await failsWith(silent.outbound.fetch(silent.url, { ...caps, timeoutMs: 50 }), 'timed_out')
  const slow = await peer(t, (_, response) => void response.write('x'))
  await failsWith(slow.outbound.fetch(slow.url, { ...caps, timeoutMs: 50 }), 'timed_out')
})

test('a look-up that never ends is left when the time is over (A105)', async () => {
  const lookup = () => new Promise<never>(() => {})
  await failsWith(
    createOutbound({ allow: [], lookup }).fetch('https://slow.example/', { ...caps, timeoutMs: 50 }),
    'timed_out',
  )
})

test('an answer that breaks off is no answer', async (t) => {
  const { url, outbound } = await peer(t, (_, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('x', () => response.destroy())
  })
  await failsWith(outbound.fetch(url, caps), 'unreachable')
})

test('the proxy variables of the environment are ignored (controls.md row 43)', async (t) => {
  const proxy = await peer(t, (_, response) => response.end('by proxy'))
  const { url } = await peer(t, (_, response) => response.end('direct'))
  const door = new URL('../../src/outbound/fetch-safely.ts', import.meta.url)
  // In a process of its own, since Node reads these variables when it starts.
  const script = `
    const { createOutbound } = await import('${door}')
    const outbound = createOutbound({ allow: ['${new URL(url).host}'] })
    process.stdout.write((await outbound.fetch('${url}', ${JSON.stringify(caps)})).body)`
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', http_proxy: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: '' }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })
  assert.deepEqual([stdout, proxy.connections()], ['direct', 0])
})
