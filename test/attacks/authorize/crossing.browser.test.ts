import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, createServer as createProbe } from 'node:net'
import { after, before, suite, type TestContext, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { openBrowser } from '../../support/browser.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import type { TestUser } from '../front-channel.ts'

// `localhost` and `127.0.0.1` are two sites to a browser: the gate stands on the one, the apps on the other.
suite('A037 crossing between sites, in Chromium', () => {
  let server: TestServer
  let issuer: string
  let apps: Server
  let app: string
  let user: TestUser
  const arrivals: IncomingMessage[] = []
  before(async () => {
    const port = await freePort()
    issuer = `http://localhost:${port}`
    server = await startServer({ ISSUER: issuer, PORT: String(port) })
    await server.app.listen({ host: '127.0.0.1', port })
    apps = createServer((request, response) => {
      if (request.url?.startsWith('/callback')) arrivals.push(request)
      const page = request.url?.startsWith('/start?') ? startPage(request.url.slice('/start?'.length)) : 'arrived'
      response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>App</title>${page}`)
    }).listen(0, '127.0.0.1')
    await once(apps, 'listening')
    app = `http://127.0.0.1:${(apps.address() as AddressInfo).port}`
    user = await server.makeUser()
  })
  after(async () => {
    apps.closeAllConnections()
    apps.close()
    server.app.server.closeAllConnections()
    await server.close()
  })

  async function freePort(): Promise<number> {
    const probe = createProbe().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    return port
  }

  /** A page of the app, with a link and a form that go to the gate. */
  function startPage(query: string): string {
    const fields = [...new URLSearchParams(query)].map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    )
    return `<a id="go" href="${issuer}/authorize?${query.replaceAll('&', '&amp;')}">go</a>
<form method="post" action="${issuer}/authorize">${fields.join('')}<button id="post">post</button></form>
<iframe id="frame"></iframe>`
  }

  interface Visit {
    readonly context: BrowserContext
    readonly page: Page
    readonly violations: string[]
  }

  /** A browser of its own that notes what the gate's policy refused. */
  async function visit(t: TestContext): Promise<Visit> {
    const context = await (await openBrowser()).newContext()
    t.after(() => context.close())
    const violations: string[] = []
    context.on('console', (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) violations.push(message.text())
    })
    return { context, page: await context.newPage(), violations }
  }

  const register = (redirectUri: string, more = {}): Promise<TestClient> =>
    server.register({ redirect_uris: [redirectUri], ...more })
  const query = (client: TestClient, more: Record<string, string> = {}) =>
    authorizeUrl(client, pkce().challenge, more).slice('/authorize?'.length)
  const start = (page: Page, client: TestClient, more: Record<string, string> = {}) =>
    page.goto(`${app}/start?${query(client, more)}`)

  async function signIn(page: Page): Promise<void> {
    await page.fill('[name=username]', user.username)
    await page.fill('[name=password]', user.password)
    await page.click('button#sign-in')
  }
  async function arrival(page: Page): Promise<URLSearchParams> {
    await page.waitForURL(`${app}/callback**`)
    return new URL(page.url()).searchParams
  }

  test('A037 sign-in and consent lead back across origins, with the policy as it is sent (CSP Level 3 §6.4.1)', async (t) => {
    const { page, violations } = await visit(t)
    await start(page, await register(`${app}/callback`))
    await page.click('#go')
    await signIn(page)
    await page.click('#allow')
    const answer = await arrival(page)
    assert.match(answer.get('code') ?? '', /^ac_/)
    assert.equal(answer.get('iss'), issuer)
    assert.deepEqual(violations, [])
  })

  test('A037 consent that was given before is crossed from sign-in alone, without a stop (CSP Level 3 §6.4.1)', async (t) => {
    const { page, violations } = await visit(t)
    await start(page, await register(`${app}/callback`, { first_party: true }))
    await page.click('#go')
    await signIn(page)
    assert.match((await arrival(page)).get('code') ?? '', /^ac_/)
    assert.deepEqual(violations, [])
  })

  test('A037 who is signed in stays signed in for an app on another site, by link and by form (RFC 6265bis §5.6.7)', async (t) => {
    const { page, violations } = await visit(t)
    const first = await register(`${app}/callback`)
    await start(page, first)
    await page.click('#go')
    await signIn(page)
    await page.click('#allow')
    await arrival(page)
    for (const how of ['#go', '#post']) {
      await start(page, first, { prompt: 'none' })
      await page.click(how)
      assert.match((await arrival(page)).get('code') ?? '', /^ac_/, how)
    }
    const second = await register(`${app}/callback`)
    for (const how of ['#go', '#post']) {
      await start(page, second)
      await page.click(how)
      await page.locator('#allow').waitFor() // no password: the Lax twin said who is there
      assert.ok((await page.locator('#account').innerText()).includes(user.username))
    }
    await page.click('#allow') // and the Strict cookie, sent from our own page, decides
    assert.match((await arrival(page)).get('code') ?? '', /^ac_/)
    assert.deepEqual(violations, [])
  })

  test('A037 the Strict cookie and its Lax twin go where they should, and to no script (RFC 6265bis §5.6.7)', async (t) => {
    const { context, page } = await visit(t)
    await start(page, await register(`${app}/callback`))
    await page.click('#go')
    await signIn(page)
    await page.locator('#allow').waitFor()
    const cookies = (await context.cookies(issuer)).map(({ name, sameSite, httpOnly }) => [name, sameSite, httpOnly])
    assert.ok(
      cookies.some((cookie) => String(cookie) === 'session,Strict,true'),
      String(cookies),
    )
    assert.ok(
      cookies.some((cookie) => String(cookie) === 'session-lax,Lax,true'),
      String(cookies),
    )
    assert.ok(cookies.every(([, , httpOnly]) => httpOnly))
    assert.equal(await page.evaluate('document.cookie'), '')
    const asked = context.waitForEvent('request', (request) => request.url().startsWith(`${issuer}/authorize`))
    const other = await context.newPage()
    await start(other, await register(`${app}/callback`))
    await other.click('#go')
    const sent = (await (await asked).allHeaders()).cookie ?? ''
    assert.match(sent, /session-lax=sl_/)
    assert.doesNotMatch(sent, /session=ss_/)
  })

  test("A037 an app's own scheme is not stopped by form-action, and the page names no other (RFC 8252 §7.1)", async (t) => {
    const { page, violations } = await visit(t)
    const native = await register('com.example.app:/callback')
    await start(page, native)
    await page.click('#go')
    const policy = (await page.request.get(page.url())).headers()['content-security-policy'] ?? ''
    assert.match(policy, /form-action 'self' com\.example\.app:$/)
    await signIn(page)
    // Nothing on this machine takes the scheme, so no page follows the answer.
    const left = page.waitForResponse((response) => /^com\.example\.app:/.test(response.headers().location ?? ''))
    await page.click('#allow')
    assert.match((await left).headers().location ?? '', /^com\.example\.app:\/callback\?code=ac_/)
    assert.equal(await page.evaluate('1 + 1'), 2) // what the policy refused would have been said by now
    assert.deepEqual(violations, [])
  })

  test('A037 a policy that does not name where the redirect leads would have stopped it: the tests above can fail (CSP Level 3 §6.4.1)', async (t) => {
    const { context, page } = await visit(t)
    await page.route('**/consent?**', async (route) => {
      if (route.request().method() !== 'GET') return await route.continue()
      const response = await route.fetch()
      const policy = (response.headers()['content-security-policy'] ?? '').replace(
        /form-action .*/,
        "form-action 'self'",
      )
      await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } })
    })
    await start(page, await register(`${app}/callback`))
    await page.click('#go')
    await signIn(page)
    await page.locator('#allow').waitFor()
    await page.reload() // a redirect cannot be altered on its way, a request can
    const before = arrivals.length
    const refused = context.waitForEvent('console', (message) => /form-action/.test(message.text()))
    await page.click('#allow')
    await refused
    assert.equal(arrivals.length, before)
  })

  test('A037 an answer by form crosses with its script, and without any (OAuth 2.0 Form Post Response Mode §2)', async (t) => {
    for (const javaScriptEnabled of [true, false]) {
      const context = await (await openBrowser()).newContext({ javaScriptEnabled })
      t.after(() => context.close())
      const page = await context.newPage()
      await start(page, await register(`${app}/callback`), { response_mode: 'form_post' })
      await page.click('#go')
      await signIn(page)
      await page.click('#allow')
      if (!javaScriptEnabled) await page.click('#continue')
      await page.waitForURL(`${app}/callback`)
      assert.equal(arrivals.at(-1)?.method, 'POST')
      assert.equal(arrivals.at(-1)?.headers.cookie, undefined)
    }
  })

  test('A101 no page of ours is shown in a frame of another site (RFC 9700 §4.16)', async (t) => {
    const { page } = await visit(t)
    const client = await register(`${app}/callback`)
    await start(page, client)
    const refused = page.waitForEvent('framenavigated', (frame) => frame.url().startsWith('chrome-error:'))
    await page.evaluate(`document.getElementById('frame').src = '${issuer}/authorize?${query(client)}'`)
    await refused
    const frames = page.frames().filter((frame) => frame !== page.mainFrame())
    for (const frame of frames) assert.equal(await frame.locator('[name=password]').count(), 0)
  })

  test('A096 a page of another site can post to us, and changes nothing (design.md §5.5)', async (t) => {
    const { context, page } = await visit(t)
    await start(page, await register(`${app}/callback`))
    await page.click('#go')
    await signIn(page)
    await page.locator('#allow').waitFor()
    const target = await page.locator('#consent-form').getAttribute('action')
    const csrf = await page.locator('#consent-form [name=csrf]').inputValue()
    const evil = await context.newPage()
    await evil.goto(`${app}/evil`)
    for (const [path, fields] of [
      [target, { decision: 'allow', csrf }],
      ['/logout', { decision: 'allow', csrf }],
      [target?.replace('consent', 'login'), { username: user.username, password: user.password, csrf }],
    ] as const) {
      const answered = evil.waitForResponse((response) => response.url().startsWith(issuer))
      const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
      await evil.setContent(`<form method="post" action="${issuer}${path}">${inputs.join('')}<button>x</button></form>`)
      await evil.click('button')
      assert.equal((await answered).status(), 403, String(path))
      await evil.goto(`${app}/evil`)
    }
    await page.click('#allow') // it all still stands
    assert.match((await arrival(page)).get('code') ?? '', /^ac_/)
  })
})
