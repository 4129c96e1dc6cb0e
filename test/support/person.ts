// A person at a real browser: with a mouse or by keyboard alone, with script or without.
import assert from 'node:assert/strict'
import type { AxeResults } from 'axe-core'
import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { openBrowser } from './browser.ts'
import { AUDIT, axe } from './looks.ts'

const MOST_TABS = 120
const STEP_SECONDS = 30

/** How a person works a page. */
interface Hands {
  press(page: Page, target: string): Promise<void>
  type(page: Page, target: string, text: string): Promise<void>
  /** Picks the entry of a list by what it says. */
  pick(page: Page, target: string, label: string): Promise<void>
}

const mouse: Hands = {
  press: (page, target) => page.locator(target).first().click(),
  type: (page, target, text) => page.locator(target).fill(text),
  pick: async (page, target, label) => void (await page.locator(target).selectOption({ label })),
}

const keyboard: Hands = {
  async press(page, target) {
    const tag = await reach(page, target)
    await page.keyboard.press(tag === 'checkbox' ? 'Space' : 'Enter')
  },
  async type(page, target, text) {
    await reach(page, target)
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type(text)
  },
  async pick(page, target, label) {
    await reach(page, target)
    await page.keyboard.type(label)
  },
}

/** Presses Tab until the focus is there, and is seen to be. @returns what kind of element it is */
async function reach(page: Page, target: string): Promise<string> {
  const wanted = page.locator(target).first()
  for (let tabs = 0; tabs <= MOST_TABS; tabs += 1) {
    const [isThere, type] = await wanted.evaluate((element) => [
      element.ownerDocument.activeElement === element,
      element.getAttribute('type') ?? element.tagName,
    ])
    if (isThere) return String(type)
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${target} at ${page.url()}`)
}

interface Way {
  readonly name: string
  readonly hands: Hands
  readonly javaScriptEnabled: boolean
}

export const WAYS: readonly Way[] = [
  { name: 'with script', hands: mouse, javaScriptEnabled: true },
  { name: 'without script', hands: mouse, javaScriptEnabled: false },
  { name: 'by keyboard alone', hands: keyboard, javaScriptEnabled: true },
]

/** A person at a browser; whatever the pages complain of fails the test. */
export async function sitDown({ hands, javaScriptEnabled }: Way, issuer: string) {
  const context = await (await openBrowser()).newContext({ javaScriptEnabled, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) // a violated policy is an error
  })
  page.on(
    'response',
    (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
  )

  /** Waits for what the next page has, and looks at that page with axe. */
  const arrive = async (sign: string): Promise<void> => {
    await page.locator(sign).first().waitFor()
    await page.waitForLoadState()
    if (!javaScriptEnabled) return
    const { violations } = await page.evaluate<AxeResults>(`${axe}; ${AUDIT}`)
    complaints.push(
      ...violations.map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ html }) => html).join()}`),
    )
  }
  return {
    page,
    complaints,
    close: () => context.close(),
    arrive,
    open: async (path: string, sign: string) => {
      await page.goto(new URL(path, issuer).href)
      await arrive(sign)
    },
    press: (target: string) => hands.press(page, target),
    type: (target: string, text: string) => hands.type(page, target, text),
    pick: (target: string, label: string) => hands.pick(page, target, label),
    /** Presses something that leads to another page. */
    go: async (target: string, sign: string) => {
      await hands.press(page, target)
      await arrive(sign)
    },
  }
}
export type Person = Awaited<ReturnType<typeof sitDown>>

/** What an authenticator shows, so many steps from now. */
export const codeFor = (secret: string, steps: number): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP_SECONDS })

export async function givePassword(person: Person, username: string, password: string, sign: string): Promise<void> {
  await person.type('[name=username]', username)
  await person.type('[name=password]', password)
  await person.go('button#sign-in', sign)
}

/** Goes through the three steps of an enrolment, from the first page to what comes after the last. @returns the secret as it is typed by hand, and the recovery codes */
export async function enrolHere(person: Person, name: string, sign: string) {
  const { page } = person
  await person.type('[name=name]', name)
  await person.go('#start-enrolment', '#confirm-enrolment')
  await person.press('#by-hand > summary')
  const secret = (await page.locator('#key').innerText()).replaceAll(/\s/g, '')
  assert.match(secret, /^[A-Z2-7]{32}$/)
  assert.equal(await page.locator('main svg').count(), 1)
  await person.type('[name=code]', codeFor(secret, 0))
  await person.go('#confirm-enrolment', '#recovery-codes')
  const recovery = await page.locator('#recovery-codes li').allInnerTexts()
  assert.equal(new Set(recovery).size, 10)
  await person.press('#saved')
  await person.go('#codes-saved', sign)
  return { secret, recovery }
}
