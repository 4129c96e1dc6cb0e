// What can be seen of a page in a browser: what axe has against it, what the window cuts off, what is too small to press.
import { readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** To be run in a page before its audit. */
export const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

const FOUND = `resultTypes: ['violations']`
export const AUDIT = `axe.run(document, { rules: { 'target-size': { enabled: true } }, ${FOUND} })`
/** The other theme differs by its colours alone. */
const COLOUR_AUDIT = `axe.run(document, { runOnly: ['color-contrast'], ${FOUND} })`
/** A mail has no landmarks: it stands in a page of the mail client. */
export const MAIL_AUDIT = `axe.run(document, { rules: { region: { enabled: false }, 'landmark-one-main': { enabled: false } }, ${FOUND} })`

/** What axe has against a page in the light theme, and against its colours in the dark one. */
export async function violationsIn(page: Page, audit = AUDIT): Promise<readonly string[]> {
  const violations = []
  for (const [colorScheme, question] of [
    ['light', audit],
    ['dark', COLOUR_AUDIT],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' }) // colours change at once
    const results = (await page.evaluate(question)) as AxeResults
    violations.push(
      ...results.violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map(({ html }) => html)}`),
    )
  }
  return violations
}

/** What stands beyond the edge of the window, save what scrolls in a region of its own. */
export const beyondTheEdge = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`[...document.querySelectorAll('body *')].filter((element) => {
    const { left, right, width } = element.getBoundingClientRect()
    const scrolls = element.parentElement?.closest('[tabindex="0"]')
    return !scrolls && width > 1 && (left < -1 || right > innerWidth + 1)
  }).map((element) => element.outerHTML.slice(0, 80))`)

/** What can be pressed and is less than 24 px high or wide. WCAG 2.5.8 */
export const tooSmall = (page: Page, within = 'main'): Promise<readonly string[]> =>
  page.evaluate(`[...document.querySelectorAll('${within} :is(button, a, input:not([type=hidden]), summary)')].filter((element) => {
    const { width, height } = element.getBoundingClientRect()
    return element.checkVisibility() && (width < 24 || height < 24)
  }).map((element) => element.outerHTML)`)
