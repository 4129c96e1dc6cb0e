import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AxeResults } from 'axe-core'
import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { openBrowser } from '../support/browser.ts'
import { AUDIT, axe } from '../support/looks.ts'
import { type LoneServer, startAlone } from '../support/processes.ts'

// The life of a second factor as a person lives it: a real server, a real browser, and mails from the outbox.
const PASSWORD = 'Correct-Horse-7-Staple!'
const NEW_PASSWORD = 'Another-Horse-9-Battery!'
const MOST_TABS = 60
const STEP_SECONDS = 30

let alone: LoneServer
before(async () => {
  const settings = { SIGN_UP: 'open', LIMIT_AUTH_PER_MINUTE: '1000', CEILING_ADDRESS_PER_MINUTE: '100000' }
  alone = await startAlone({ settings })
})
after(() => alone.close())

/** How a person works a page. */
interface Hands {
  press(page: Page, target: string): Promise<void>
  type(page: Page, target: string, text: string): Promise<void>
}

const mouse: Hands = {
  press: (page, target) => page.locator(target).first().click(),
  type: (page, target, text) => page.locator(target).fill(text),
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

const WAYS: readonly Way[] = [
  { name: 'with script', hands: mouse, javaScriptEnabled: true },
  { name: 'without script', hands: mouse, javaScriptEnabled: false },
  { name: 'by keyboard alone', hands: keyboard, javaScriptEnabled: true },
]

/** A person at a browser; whatever the pages complain of fails the test. */
async function sitDown({ hands, javaScriptEnabled }: Way) {
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
      await page.goto(alone.issuer + path)
      await arrive(sign)
    },
    press: (target: string) => hands.press(page, target),
    type: (target: string, text: string) => hands.type(page, target, text),
    /** Presses something that leads to another page. */
    go: async (target: string, sign: string) => {
      await hands.press(page, target)
      await arrive(sign)
    },
  }
}
type Person = Awaited<ReturnType<typeof sitDown>>

const SIGN_IN = '#sign-in-form'
const OVERVIEW = '#overview'
const CODE = '#second-factor-form'

const codeFor = (secret: string, steps: number): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * STEP_SECONDS })

async function givePassword(person: Person, username: string, password: string, sign: string): Promise<void> {
  await person.type('[name=username]', username)
  await person.type('[name=password]', password)
  await person.go('button#sign-in', sign)
}

async function signIn(person: Person, username: string, password: string, sign: string): Promise<void> {
  await person.open('/account', SIGN_IN)
  await givePassword(person, username, password, sign)
}

async function giveRecoveryCode(person: Person, code: string): Promise<void> {
  await person.go('#use-recovery', '#recovery-code-form')
  await person.type('[name=code]', code)
  await person.go('#verify', OVERVIEW)
}

const signOut = (person: Person): Promise<void> => person.go('#sign-out', 'main:not(:has(form))')

async function signUp(person: Person, username: string): Promise<void> {
  await person.open('/account', SIGN_IN)
  await person.go('a#sign-up', 'button#sign-up')
  await person.type('[name=username]', username)
  await person.type('[name=email]', `${username}@mail.example`)
  await person.type('[name=password]', PASSWORD)
  await person.go('button#sign-up', OVERVIEW)
}

/** @returns the secret as it is typed by hand, and the recovery codes */
async function enrol(person: Person) {
  const { page } = person
  await person.go('#to-factors', '#add-factor')
  await person.go('#add-factor', '#start-enrolment')
  await person.type('[name=name]', 'Ada’s phone')
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
  await person.go('#codes-saved', '#factors')
  assert.match(await page.locator('#factors').innerText(), /Ada’s phone/)
  return { secret, recovery }
}

/** Asks for a new password, and follows the link in the mail. */
async function resetPassword(person: Person, username: string): Promise<void> {
  const { page } = person
  await person.open('/account', SIGN_IN)
  await person.go('#forgot-password', '#send-link')
  await person.type('[name=login]', username)
  await person.go('#send-link', '#outbox')
  await person.go('#outbox', '#mails')
  const to = `tr:has-text("${username}@mail.example")`
  await person.go(`${to} a`, '#mail')
  assert.match(await page.locator('#mail').innerText(), /reset-password\?token=/)
  await person.go('#mail a[href*=reset-password]', '#reset-password')
  await person.type('[name=password]', NEW_PASSWORD)
  await person.go('#reset-password', 'a#sign-in')
  await person.go('a#sign-in', SIGN_IN)
}

for (const [index, way] of WAYS.entries()) {
  test(`${way.name}: enrol, sign in by code, by recovery code, with a new password, and remove it (pages.md)`, async (t) => {
    const person = await sitDown(way)
    t.after(() => person.close())
    const username = `ada_${index}`
    await signUp(person, username)
    const { secret, recovery } = await enrol(person)
    await signOut(person)

    await signIn(person, username, PASSWORD, CODE)
    await person.type('[name=code]', codeFor(secret, 1)) // the present one was spent by the enrolment
    await person.go('#verify', OVERVIEW)
    await signOut(person)

    await signIn(person, username, PASSWORD, CODE)
    await giveRecoveryCode(person, recovery[0] ?? '')
    await signOut(person)

    await resetPassword(person, username)
    await givePassword(person, username, NEW_PASSWORD, CODE)
    await giveRecoveryCode(person, recovery[1]?.toUpperCase() ?? '')

    await person.go('#to-factors', '#factors')
    assert.match(await person.page.locator('#codes-left').innerText(), /\b8\b/)
    await person.press('[id^=change-]')
    await person.go('button[id^=remove-]', '#notice')
    assert.equal(await person.page.locator('#factors').count(), 0)
    await signOut(person)
    await signIn(person, username, NEW_PASSWORD, OVERVIEW)
    assert.deepEqual(person.complaints, [])
  })
}
