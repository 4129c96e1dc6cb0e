import { readFileSync } from 'node:fs'
import { after } from 'node:test'
import type { AxeResults } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { openBrowser } from './browser.ts'
import type { BrowserSession } from './browser-session.ts'
import type { TestServer } from './server.ts'

const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** A page of Chromium that shows what the server answers to a session, without a port: each request goes to the app itself. */
export async function openConsole(server: TestServer, session: BrowserSession, options: BrowserContextOptions) {
  const context = await (await openBrowser()).newContext({ ...options, baseURL: server.config.issuer })
  after(() => context.close())
  const cookie = [...session.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
  await context.route('**/*', async (route) => {
    const request = route.request()
    const { pathname, search, host } = new URL(request.url())
    const answer = await server.app.inject({ url: pathname + search, headers: { host, cookie } })
    const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
    const body = answer.rawPayload
    await route.fulfill({ status: answer.statusCode, headers: Object.fromEntries(headers), body })
  })
  return await context.newPage()
}

/** What axe finds on a page, by rule and element. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  const source = `${axe}; axe.run(document, { resultTypes: ['violations'] })`
  const { violations } = await page.evaluate<AxeResults>(source)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

/** How far a page is wider than its window, in CSS pixels. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
