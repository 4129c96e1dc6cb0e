import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { DECLARED, SECRETS } from '../support/journey.ts'
import { type LoneServer, startAlone } from '../support/processes.ts'

const SHUTDOWN_SECONDS = 3
const FORM = 'grant_type=client_credentials'

suite('SIGTERM', () => {
  let alone: LoneServer
  before(async () => {
    alone = await startAlone({
      engine: 'PostgreSQL',
      declared: DECLARED,
      settings: { SHUTDOWN_SECONDS: String(SHUTDOWN_SECONDS) },
    })
  })
  after(() => alone.close())

  /** A request that is under way: the server has its head and half of its body. */
  async function halfSent() {
    const { port } = alone.server
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ended = once(socket, 'close').then(() => Buffer.concat(chunks).toString())
    await once(socket, 'connect')
    const basic = Buffer.from(`machine:${SECRETS.machine}`).toString('base64')
    const head = [
      'POST /token HTTP/1.1',
      `Host: localhost:${port}`,
      `Authorization: Basic ${basic}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${FORM.length}`,
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${FORM.slice(0, 10)}`)
    await alone.server.ask({ url: '/healthz' }) // what was sent before has been read by now
    return { finish: () => socket.write(FORM.slice(10)), ended }
  }

  test('lets a request that is under way finish, takes no new one, and ends with 0 (A192)', async () => {
    const request = await halfSent()
    process.kill(alone.server.pid, 'SIGTERM')
    await alone.server.said(/"message":"draining"/)
    await assert.rejects(fetch(`${alone.server.base}/healthz`))
    const began = performance.now()
    request.finish()
    const answer = await request.ended
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.match(answer, /"access_token":"/)
    assert.deepEqual(await alone.server.ended, { code: 0, signal: null })
    assert.ok(performance.now() - began < SHUTDOWN_SECONDS * 500, 'it waited for a connection that was done')
    assert.match(alone.server.output(), /"message":"stopped"/)
  })

  test('waits no longer than SHUTDOWN_SECONDS for one that never finishes (design: operators)', async () => {
    await alone.restart('SIGKILL')
    const request = await halfSent()
    const began = performance.now()
    assert.deepEqual(await alone.server.end('SIGTERM'), { code: 0, signal: null })
    const seconds = (performance.now() - began) / 1000
    assert.ok(seconds > SHUTDOWN_SECONDS - 1 && seconds < SHUTDOWN_SECONDS + 5, `${seconds} s`)
    assert.equal(await request.ended, '')
  })

  test('is obeyed once, however often it is sent', async () => {
    await alone.restart('SIGKILL')
    process.kill(alone.server.pid, 'SIGTERM')
    process.kill(alone.server.pid, 'SIGINT')
    assert.deepEqual(await alone.server.end('SIGTERM'), { code: 0, signal: null })
    assert.equal(alone.server.output().split('"message":"draining"').length, 2)
  })
})
