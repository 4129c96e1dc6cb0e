import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { beginInteraction } from '../../src/interaction/begin.ts'
import { ownPageRequest } from '../../src/interaction/own-pages.ts'
import { ENDPOINTS } from '../../src/protocol/server-metadata.ts'
import { accountStylesheet } from '../../src/views/assets.ts'
import { type Form, formsOf } from '../support/browser-session.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ADMIN = 'https://gate.example:3001'
const WITHIN = ['/admin', '/admin/users', '/admin/api/v1/users', '/admin/api/v1']

describe('listeners apart', () => {
  let server: TestServer
  let admin: FastifyInstance
  before(async () => {
    server = await startServer({ ADMIN_PORT: '3001' })
    admin = await buildApp(server.deps, { listener: 'admin' })
  })
  after(async () => {
    await admin.close()
    await server.close()
  })
  const asked = (app: FastifyInstance, options: InjectOptions) =>
    app.inject({ ...options, headers: { host: 'gate.example:3001', accept: 'text/html', ...options.headers } })

  test('the public listener has no route for administrators, by any method (controls row 8)', async () => {
    for (const url of WITHIN)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const)
        assert.equal((await asked(server.app, { method, url })).statusCode, 404, `${method} ${url}`)
  })

  test('the listener of administrators has nothing for the public (controls row 8)', async () => {
    const routes = [
      ...Object.values(ENDPOINTS),
      '/interaction',
      '/login',
      '/signup',
      '/account',
      '/first-administrator',
      '/demo',
      '/outbox',
      '/.well-known/openid-configuration',
      '/metrics',
    ]
    for (const url of routes)
      for (const method of ['GET', 'POST'] as const)
        assert.equal((await asked(admin, { method, url })).statusCode, 404, `${method} ${url}`)
  })

  test('the listener of administrators tells its health and gives the assets of its pages', async () => {
    assert.equal((await asked(admin, { url: '/healthz' })).statusCode, 200)
    assert.equal((await asked(admin, { url: '/readyz' })).statusCode, 200)
    assert.equal((await asked(admin, { url: accountStylesheet.path })).statusCode, 200)
  })

  test('a sign-in for a page of administrators ends at their listener, and Chromium may follow (CSP form-action)', async () => {
    const user = await server.makeUser()
    const browser = server.browser()
    const page = await browser.follow(await browser.get('/account', { fromElsewhere: true }))
    const secret = browser.cookies.get('__Host-browser')?.value ?? assert.fail('no browser cookie')
    assert.doesNotMatch(String(page.headers['content-security-policy']), /3001/)

    const id = await beginInteraction(server.deps, ownPageRequest('/admin/users?page=2'), secret, undefined)
    const form = await browser.follow(await browser.get(`/interaction?id=${id}`))
    assert.match(String(form.headers['content-security-policy']), /form-action 'self' https:\/\/gate\.example:3001$/)
    const end = await browser.follow(await browser.submit(form, { username: user.username, password: user.password }))
    assert.equal(end.statusCode, 303)
    assert.equal(end.headers.location, `${ADMIN}/admin/users?page=2`)
  })

  test('a form of one listener is refused at the other: each knows its own origin (design.md §5.5)', async () => {
    const browser = server.browser()
    const user = await server.makeUser()
    const form = await browser.follow(await browser.get('/account'))
    const forged = { username: user.username, password: user.password }
    const [{ action, fields }] = formsOf(form.body) as [Form]
    const refused = await browser.post(action, { ...fields, ...forged }, { origin: ADMIN })
    assert.equal(refused.statusCode, 403)
    assert.equal((await browser.post(action, { ...fields, ...forged })).statusCode, 303)
  })
})
