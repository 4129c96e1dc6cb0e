import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { signInAsAdministrator } from '../support/administrator.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { axeViolations, openConsole, overflow } from '../support/console-browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

const WINDOWS = [
  { name: 'a telephone', viewport: { width: 320, height: 700 }, colorScheme: 'light' },
  { name: 'a desk, in the dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
] as const
const LONG = 'a-resource-with-a-rather-long-identifier-that-does-not-break'

suite('the console in Chromium: clients, resources, keys, audit log and deliveries (pages.md, rule 1)', () => {
  let server: TestServer
  let administrator: BrowserSession
  let paths: readonly string[]
  before(async () => {
    server = await startServer()
    administrator = (await signInAsAdministrator(server)).browser
    const resource = { identifier: `https://${LONG}.example/${LONG}`, name: '', introspectionClients: [] }
    await server.registerResource({ ...resource, scopes: { 'orders:read': 'Read your orders' }, scopesByRole: true })
    const client = await server.register({
      client_name: LONG,
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [`https://${LONG}.example/`, 'http://localhost/callback'],
      require_pkce: false,
    })
    await server.deps.store.outbox.add([
      { id: '01900000-0000-7000-8000-000000000001', topic: 'notice', payload: Buffer.from('x'), lifetimeSeconds: 600 },
    ])
    const [event] = await server.deps.store.auditTrail.latest({}, 1)
    const own = `/admin/resources/${encodeURIComponent(resource.identifier)}`
    paths = [
      '/admin/clients',
      '/admin/clients?query=nobody',
      '/admin/clients/new',
      `/admin/clients/${client.clientId}`,
      `/admin/clients/${client.clientId}/delete`,
      '/admin/resources',
      '/admin/resources/new',
      own,
      `${own}/delete`,
      '/admin/keys',
      '/admin/keys/emergency',
      '/admin/audit',
      `/admin/audit/${event?.id}`,
      '/admin/deliveries',
    ]
  })
  after(() => server.close())

  for (const { name, ...options } of WINDOWS) {
    test(`every page is accessible, and no wider than its window, on ${name}`, async () => {
      const page = await openConsole(server, administrator, options)
      for (const path of paths) {
        const answer = await page.goto(path)
        assert.equal(answer?.status(), 200, path)
        assert.deepEqual([path, await axeViolations(page)], [path, []])
        assert.deepEqual([path, Math.max(0, await overflow(page))], [path, 0])
      }
    })
  }
})
