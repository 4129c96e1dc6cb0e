import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildApp } from '../../src/app.ts'
import type { Deps } from '../../src/deps.ts'
import { sendPage } from '../../src/http/context.ts'
import { accountCsrf, admit, admitForm } from '../../src/http/pages/account/access.ts'
import { html } from '../../src/views/html.ts'
import { openBrowser } from '../support/browser.ts'
import { freePort } from '../support/processes.ts'
import { startServer } from '../support/server.ts'

const PATH = '/admin/probe'

/** A page of administrators with a form that asks for a sign-in of the last minutes: what this test is about is its listener. */
async function adminListener(shared: Deps, origin: string) {
  const app = await buildApp(shared, { listener: 'admin' })
  const deps = { ...shared, config: { ...shared.config, origin } }
  app.get(PATH, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH)
    if (!visitor) return
    const page = html`<!doctype html><title>Probe</title><h1 id="who">${visitor.user.username}</h1>
<form method="post"><input type="hidden" name="csrf" value="${accountCsrf(deps, visitor)}"><button>Go</button></form>`
    await sendPage(reply, page)
  })
  app.post(PATH, async (request, reply) => {
    const admitted = await admitForm(deps, request, reply, PATH, { maxAgeSeconds: 300 })
    if (admitted) await sendPage(reply, html`<!doctype html><title>Done</title><h1 id="done">Done</h1>`)
  })
  return app
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with script' : 'without script'
  test(`a browser signs in for administrators’ pages at another port, and again when it is due, ${how} (design.md §5)`, async (t) => {
    const [port, adminPort] = [await freePort(), await freePort()]
    const [issuer, origin] = [`http://localhost:${port}`, `http://localhost:${adminPort}`]
    const server = await startServer({ ISSUER: issuer, PORT: String(port), ADMIN_PORT: String(adminPort) })
    t.after(() => server.close())
    const admin = await adminListener(server.deps, origin)
    t.after(() => admin.close())
    await server.app.listen({ host: '127.0.0.1', port })
    await admin.listen({ host: '127.0.0.1', port: adminPort })
    const user = await server.makeUser()
    const context = await (await openBrowser()).newContext({ javaScriptEnabled })
    t.after(() => context.close())
    const page = await context.newPage()
    const blocked: string[] = []
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) blocked.push(message.text())
    })
    const signIn = async () => {
      await page.waitForURL(`${issuer}/login?**`)
      await page.locator('[name=username]').fill(user.username)
      await page.locator('[name=password]').fill(user.password)
      await page.locator('#sign-in-form button[type=submit]').first().click()
    }

    await page.goto(origin + PATH)
    await signIn()
    await page.waitForURL(origin + PATH)
    assert.equal(await page.locator('#who').textContent(), user.username)
    await page.locator('button').click()
    assert.equal(await page.locator('#done').textContent(), 'Done')

    await page.goto(origin + PATH)
    server.clock.advance(400)
    await page.locator('button').click()
    await signIn()
    await page.waitForURL(origin + PATH)
    assert.deepEqual(blocked, [])

    await page.goto(`data:text/html,<a href="${origin}${PATH}">from another site</a>`)
    await page.locator('a').click()
    await page.locator('#who').waitFor()
    assert.equal(new URL(page.url()).origin, origin)
  })
}
