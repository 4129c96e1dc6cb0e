import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePort, postern, startAlone } from '../support/processes.ts'

test('public, administrators and metrics are served at three ports, and end together (controls row 8)', async (t) => {
  const ports = { ADMIN_PORT: String(await freePort()), METRICS_PORT: String(await freePort()) }
  const alone = await startAlone({ settings: ports })
  t.after(() => alone.close())
  const origins = [alone.server.port, ports.ADMIN_PORT, ports.METRICS_PORT].map((port) => `http://localhost:${port}`)
  const statuses = (path: string) =>
    Promise.all(origins.map(async (origin) => (await fetch(origin + path, { redirect: 'manual' })).status))

  assert.deepEqual(await statuses('/healthz'), [200, 200, 404])
  assert.deepEqual(await statuses('/.well-known/openid-configuration'), [200, 404, 404])
  assert.deepEqual(await statuses('/metrics'), [404, 404, 200])
  const scrape = await (await fetch(`${origins[2]}/metrics`)).text()
  assert.match(scrape, /^postern_database_up 1$/m)
  assert.match(scrape, /^process_resident_memory_bytes \d{8,}$/m)
  assert.match(scrape, /^postern_build_info\{version="[\d.]+",node="24[\d.]+"\} 1$/m)
  assert.match(scrape, /^nodejs_eventloop_lag_seconds\{quantile="0.99"\} [\d.e-]+$/m)

  assert.deepEqual(await alone.server.end('SIGTERM'), { code: 0, signal: null })
  for (const origin of origins) await assert.rejects(fetch(`${origin}/healthz`))
})

test('a port of any listener that is taken is told before anything is changed', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  const port = await new Promise<number>((resolve) =>
    taken.once('listening', () => {
      const address = taken.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    }),
  )
  for (const variable of ['ADMIN_PORT', 'METRICS_PORT']) {
    const settings = { PORT: String(await freePort()), DATA_DIR: '/nowhere/at/all', [variable]: String(port) }
    const { code, stderr } = await postern(['start'], settings)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^${variable} ${port} cannot be served: .*set another ${variable} or `))
  }
})
