// Every page of the console, read off the table of routes, in a browser: what is added is looked at here without a word.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { routesOf } from '../attacks/front-channel.ts'
import { signInAs, signInAsAdministrator } from '../support/administrator.ts'
import { openBrowser } from '../support/browser.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { axe, beyondTheEdge, tooSmall, violationsIn } from '../support/looks.ts'
import { freePort } from '../support/processes.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { furnish } from './console-states.ts'

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 900 }
const NARROWEST = { width: 320, height: 640 }

/** A server that listens, as browsers need it. */
async function listening(): Promise<TestServer> {
  const port = await freePort()
  const settings = {
    ISSUER: `http://localhost:${port}`,
    PORT: String(port),
    CEILING_ADDRESS_PER_MINUTE: '1000000',
    LIMIT_DEFAULT_PER_HOUR: '1000000',
  }
  const server = await startServer(settings, 'PGlite')
  await server.app.listen({ host: '127.0.0.1', port })
  return server
}

/** A page of the console, and the route that gives it. */
interface Place {
  readonly route: string
  readonly path: string
}

/** The addresses of the console that give a page, as the router has them. */
async function pagesOf(
  server: TestServer,
  session: BrowserSession,
  pathOf: (route: string) => string,
  routes = routesOf(server.app),
) {
  const places: Place[] = []
  for (const { method, path: route } of routes) {
    if (method !== 'GET' || !/^\/admin(?:$|\/(?!api\/))/.test(route)) continue
    const path = pathOf(route)
    const { statusCode, headers, body } = await session.get(path)
    if (statusCode === 405) continue // the route takes forms alone
    assert.equal(statusCode, 200, `${path}: ${body.slice(0, 2000)}`)
    if (String(headers['content-type']).startsWith('text/html')) places.push({ route, path })
  }
  return places
}

/** A page in a browser where somebody is signed in. */
async function openPage(server: TestServer, session: BrowserSession): Promise<{ page: Page; complaints: string[] }> {
  const context = await (await openBrowser()).newContext({ baseURL: server.config.issuer, viewport: PHONE })
  after(() => context.close())
  const cookies = [...session.cookies].map(([name, { value }]) => ({ name, value, domain: 'localhost', path: '/' }))
  await context.addCookies(cookies)
  await context.addInitScript({ content: axe })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints }
}

/** Opens a page of the console, and sees that it is that one. */
async function visit(page: Page, path: string): Promise<void> {
  assert.equal((await page.goto(path))?.status(), 200)
  assert.equal(new URL(page.url()).pathname, path)
}

/** What is wrong with a page at these widths and at the narrowest, in either theme. */
async function faultsOf(page: Page, viewports = [DESK, PHONE]): Promise<readonly string[]> {
  const faults: string[] = []
  for (const viewport of viewports) {
    await page.setViewportSize(viewport)
    faults.push(...(await violationsIn(page)).map((each) => `${viewport.width} px: ${each}`))
    faults.push(
      ...(await tooSmall(page, ':is(main, nav)')).map((each) => `${viewport.width} px, less than 24 px: ${each}`),
    )
  }
  await page.setViewportSize(NARROWEST)
  faults.push(...(await beyondTheEdge(page)).map((each) => `beyond the edge: ${each}`))
  const width = await page.evaluate('document.documentElement.scrollWidth')
  if (width !== NARROWEST.width) faults.push(`scrolls sideways: ${width} px`)
  return faults
}

/** What Tab never reaches, and what does not show that it has the focus. WCAG 2.1.1, 2.4.7 */
async function keyboardFaultsOf(page: Page): Promise<readonly string[]> {
  const stops = await page.evaluate<number>(`(() => {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    window.unreached = new Set(all.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled))
    window.unseen = []
    addEventListener('focusin', ({ target }) => {
      window.unreached.delete(target)
      const { outlineStyle, boxShadow } = getComputedStyle(target)
      if (outlineStyle === 'none' && boxShadow === 'none') window.unseen.push(target.outerHTML.slice(0, 120))
    })
    document.activeElement?.blur()
    const parts = document.querySelectorAll('[type=datetime-local]').length * 8 // each of its parts is a stop
    return window.unreached.size + parts
  })()`)
  for (let presses = 0; presses < stops + 3; presses += 1) await page.keyboard.press('Tab')
  return await page.evaluate(`[
    ...[...window.unreached].map((element) => 'Tab does not reach ' + element.outerHTML.slice(0, 120)),
    ...window.unseen.map((element) => 'the focus does not show: ' + element)]`)
}

/** Sends the first form with a text to write, with what no field takes. @returns whether there was one */
const sendNonsense = (page: Page): Promise<boolean> =>
  page.evaluate(`(() => {
    const isWritten = (field) => field.matches('textarea, input:not([type=hidden], [type=checkbox], [type=radio])')
    const form = [...document.querySelectorAll('main form[method=post]')].find((each) => [...each.elements].some(isWritten))
    if (!form) return false
    for (const field of form.elements) if (isWritten(field)) field.value = field.type === 'datetime-local' ? '' : '<no> such, thing'
    form.noValidate = true
    form.requestSubmit()
    return true
  })()`)

/** The faults of a page that lead to no field of it, and those that do not take the focus there. */
async function leadingNowhere(page: Page): Promise<readonly string[]> {
  const links = await page.locator('#fault a').all()
  const lost: string[] = []
  for (const link of links) {
    const id = decodeURIComponent((await link.getAttribute('href'))?.slice(1) ?? '')
    await link.focus()
    await page.keyboard.press('Enter')
    const arrived = await page.evaluate<boolean>(`(() => {
      const field = document.getElementById(${JSON.stringify(id)})
      return field !== null && (document.activeElement === field || !field.matches('input, textarea, select'))
    })()`)
    if (!arrived) lost.push(id)
  }
  return lost
}

suite('the console in a browser (pages.md, rules 1 to 3)', () => {
  let server: TestServer
  let places: readonly Place[]
  before(async () => {
    server = await listening()
    const furnished = await furnish(server)
    places = await pagesOf(server, furnished.administrator, furnished.pathOf)
  })
  after(() => server.close())
  /** Some pages want a sign-in of the last five minutes. */
  const freshAdministrator = async () => (await signInAsAdministrator(server)).browser

  test('axe finds nothing on any page, light or dark, on a phone or a desk; nothing is cut off or too small to press', async (t) => {
    const { page, complaints } = await openPage(server, await freshAdministrator())
    for (const { route, path } of places) {
      await t.test(route, async () => {
        await visit(page, path)
        assert.deepEqual(await faultsOf(page), [])
      })
    }
    assert.deepEqual(complaints, [])
  })

  test('every page is worked by keyboard alone: past the way among them, through all that can be pressed or filled in', async (t) => {
    const { page } = await openPage(server, await freshAdministrator())
    await page.setViewportSize(DESK)
    for (const { route, path } of places) {
      await t.test(route, async () => {
        await visit(page, path)
        assert.deepEqual(await keyboardFaultsOf(page), [])
      })
    }
    await page.goto('/admin/users')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.className'), 'skip')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate('document.activeElement.id'), 'main')
  })

  test('what is filled in wrongly is told first, with the focus, and leads to its field', async (t) => {
    const { page } = await openPage(server, await freshAdministrator())
    for (const { route, path } of places) {
      await t.test(route, async () => {
        await visit(page, path)
        const answer = page.waitForResponse((response) => response.request().method() === 'POST')
        answer.catch(() => undefined) // no form, no answer
        if (!(await sendNonsense(page))) return
        const status = (await answer).status()
        await page.waitForLoadState()
        assert.deepEqual(await faultsOf(page, [PHONE]), [])
        if (status < 400) return // there is nothing that it would not take
        assert.match(await page.title(), /^Error: /)
        assert.equal(await page.evaluate('document.activeElement.id'), 'fault')
        assert.deepEqual(await leadingNowhere(page), [])
      })
    }
  })

  test('who may not, and what is not there, is answered by a page like the others', async () => {
    const nobody = await openPage(server, (await signInAs(server, [])).browser)
    const somebody = await openPage(server, await freshAdministrator())
    for (const [{ page }, path, status] of [
      [nobody, '/admin', 403],
      [somebody, '/admin/users/018f0000-0000-7000-8000-00000000dead', 404],
      [somebody, '/admin/roles/nobody', 404],
    ] as const) {
      assert.equal((await page.goto(path))?.status(), status)
      assert.deepEqual(await faultsOf(page, [PHONE]), [], path)
    }
  })
})

test('axe finds nothing on any list of a console where there is nothing yet', async (t) => {
  const server = await listening()
  t.after(() => server.close())
  const { browser } = await signInAsAdministrator(server)
  const isList = ({ path }: { readonly path: string }) => !path.includes('/:')
  const lists = routesOf(server.app).filter(isList)
  const places = await pagesOf(server, browser, (route) => route, lists)
  const { page } = await openPage(server, browser)
  for (const { route, path } of places) {
    await t.test(route, async () => {
      await page.goto(path)
      assert.deepEqual(await faultsOf(page, [PHONE]), [])
    })
  }
})
