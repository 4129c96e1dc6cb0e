import { accessSync, constants } from 'node:fs'
import { after } from 'node:test'
import { type Browser, chromium } from 'playwright-core'

const ON_THE_MACHINE = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
/** Quiet on the network: a test browser speaks to loopback alone. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Promise<Browser> | undefined

/**
 * Chromium, started once for each test process and closed after its last test: the one that `CHROMIUM_PATH` names, else
 * the machine's, else the one that the driver has downloaded.
 * @throws Error when there is none, saying how to get one
 */
export const openBrowser = (): Promise<Browser> => {
  browser ??= chromium.launch({ executablePath: chromiumPath(), args: QUIET })
  return browser
}

after(async () => (await browser)?.close())

/** Where Chromium is. */
function chromiumPath(): string {
  const named = process.env.CHROMIUM_PATH
  const candidates = named === undefined ? [...ON_THE_MACHINE, chromium.executablePath()] : [named]
  const found = candidates.find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    named === undefined
      ? 'no Chromium on this machine: install Debian\'s package "chromium", run "npx playwright-core install chromium", or set CHROMIUM_PATH'
      : 'CHROMIUM_PATH does not name a program that can be started',
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
