import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PATIENCE_MS = 600
const SOCKETS = 100

suite('A153 clients that take their time (ASVS 15.2.2)', () => {
  let server: TestServer
  let app: FastifyInstance
  before(async () => {
    server = await startServer({}, 'PGlite')
    app = await buildApp(server.deps, { slowClientMs: PATIENCE_MS })
    await app.listen({ host: '127.0.0.1', port: 0 })
  })
  after(async () => {
    await app.close()
    await server.close()
  })

  /** Sends what it is given, and then a little now and then, for as long as the server listens. */
  async function dribble(first: string, more: string): Promise<number> {
    const { port } = app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    const began = performance.now()
    socket.write(first)
    const trickle = setInterval(() => socket.write(more), PATIENCE_MS / 20)
    await new Promise((resolve) => socket.resume().on('close', resolve)) // be it by a reset
    clearInterval(trickle)
    return performance.now() - began
  }

  for (const [what, first, more] of [
    ['headers', 'GET /jwks HTTP/1.1\r\nHost: gate.example\r\n', 'X-Slow: a\r\n'],
    ['a body', 'POST /token HTTP/1.1\r\nHost: gate.example\r\nContent-Length: 60000\r\n\r\n', 'a'],
  ] as const) {
    test(`with ${what} are cut off, and keep nobody else waiting`, async () => {
      const slow = Array.from({ length: SOCKETS }, () => dribble(first, more))
      const answer = await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/jwks`)
      assert.equal(answer.status, 200)
      const took = await Promise.all(slow)
      // Twice the patience leaves room for a busy machine; by Node's own interval it would be half a minute.
      assert.ok(Math.max(...took) < PATIENCE_MS * 5, `${Math.max(...took)} ms`)
    })
  }

  test('the server that operators start gives them fifteen seconds', async () => {
    const { requestTimeout, headersTimeout, timeout } = server.app.server
    for (const milliseconds of [requestTimeout, headersTimeout, timeout])
      assert.ok(milliseconds > 0 && milliseconds <= 15_000)
  })
})
