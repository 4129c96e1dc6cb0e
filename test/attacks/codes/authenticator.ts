// What every attack on one-time codes shares: an authenticator that is in time with the server, and who has one.
import assert from 'node:assert/strict'
import type { LightMyRequestResponse } from 'fastify'
import { generateSync } from 'otplib'
import { numericDate } from '../../../src/base/numeric-date.ts'
import type { BrowserSession } from '../../support/browser-session.ts'
import type { TestServer } from '../../support/server.ts'
import type { TestUser } from '../front-channel.ts'

const STEP_SECONDS = 30
export const FACTORS = '/account/second-factor'
export const ENROL = '/account/second-factor/new'

/** The code of a secret, so many steps from now. */
export const codeFor = (server: Pick<TestServer, 'clock'>, secret: string, steps = 0): string =>
  generateSync({ secret, epoch: numericDate(server.clock.now()) + steps * STEP_SECONDS })

/** Moves to so many seconds after the beginning of the next time step but one: no step used before is good any more. */
export function nextStep(server: TestServer, second = 10): void {
  const now = server.clock.now().getTime() / 1000
  server.clock.advance(2 * STEP_SECONDS - (now % STEP_SECONDS) + second)
}

export const secretIn = (body: string): string => /otpauth:[^"]*[?&](?:amp;)?secret=([A-Z2-7]+)/.exec(body)?.[1] ?? ''
export const recoveryCodesIn = (body: string): readonly string[] =>
  body.match(/(?<![\w-])[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}(?![\w-])/g) ?? []

export const isCodePage = ({ body }: LightMyRequestResponse): boolean => body.includes('id="second-factor-form"')
export const isOverview = ({ body }: LightMyRequestResponse): boolean => body.includes('id="overview"')

/** Opens a page of the account and gives the password: what comes next is the answer. */
export async function withPassword(
  server: TestServer,
  user: Pick<TestUser, 'username' | 'password'>,
  { path = '/account', browser = server.browser() }: { path?: string; browser?: BrowserSession } = {},
) {
  const signIn = await browser.follow(await browser.get(path))
  const { username, password } = user
  return { browser, page: await browser.follow(await browser.submit(signIn, { username, password })) }
}

/** Enrols an authenticator from the account's pages. */
export async function enrol(server: TestServer, browser: BrowserSession, name = 'My phone') {
  const start = await browser.follow(await browser.get(ENROL))
  const scan = await browser.follow(await browser.submit(start, { name }))
  const secret = secretIn(scan.body)
  const page = await browser.follow(await browser.submit(scan, { code: codeFor(server, secret) }))
  return { secret, scan, page, recovery: recoveryCodesIn(page.body) }
}

/** A user with an authenticator and ten recovery codes, none of whose steps so far is good any more. */
export async function enrolled(server: TestServer) {
  const user = await server.makeUser()
  const { browser } = await withPassword(server, user)
  const { secret, page, recovery } = await enrol(server, browser)
  assert.equal(recovery.length, 10, page.body)
  await browser.follow(await browser.submit(page, { saved: 'yes' }))
  nextStep(server)
  return { user, secret, recovery, browser }
}

/** A sign-in that waits for the second factor. */
export async function atCodePage(server: TestServer, user: TestUser, browser = server.browser()) {
  const { page } = await withPassword(server, user, { browser })
  assert.ok(isCodePage(page), page.body)
  const give = async (code: string) => await browser.follow(await browser.submit(page, { code }))
  const recoveryPage = async () => {
    const [, href = ''] = /id="use-recovery" href="([^"]+)"/.exec(page.body) ?? []
    return await browser.get(href.replaceAll('&amp;', '&'))
  }
  const giveRecovery = async (code: string) =>
    await browser.follow(await browser.submit(await recoveryPage(), { code }))
  return { browser, page, give, giveRecovery }
}

/** A full sign-in by password and code. */
export async function fullySignedIn(server: TestServer, user: TestUser, secret: string) {
  const { browser, give } = await atCodePage(server, user)
  const page = await give(codeFor(server, secret))
  assert.ok(isOverview(page), page.body)
  return browser
}

/** The id of the one authenticator that a user has, and that counts. */
export async function onlyFactor(server: TestServer, userId: string): Promise<string> {
  const [factor, ...others] = await server.deps.store.secondFactors.listTotp(userId)
  assert.ok(factor && others.length === 0)
  return factor.id
}
