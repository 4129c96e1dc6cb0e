// The browser of the tests: the machine's, or one that is installed on the spot.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import { root } from '../check/source.ts'

const USUAL_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const ON_A_MAC = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/**
 * The path of a Chromium that starts, installing one where there is none: Debian's package as root on Debian, the driver's
 * own download elsewhere.
 * @throws when none can be had, naming what was tried
 */
export function findChromium(): string {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined) {
    if (existsSync(named)) return named
    throw new Error(`CHROMIUM_PATH is ${named}, and there is no such file`)
  }
  return onThisMachine() ?? installed()
}

function onThisMachine(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = USUAL_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...candidates, ...ON_A_MAC, chromium.executablePath()].find((path) => existsSync(path))
}

function installed(): string {
  const isDebian = existsSync('/etc/debian_version') && spawnSync('apt-get', ['--version']).status === 0
  const commands = userInfo().uid === 0 && isDebian ? DEBIAN : [DRIVER]
  process.stdout.write(`no Chromium here: ${commands.map((command) => command.join(' ')).join(' && ')}\n`)
  try {
    for (const [program, ...parameters] of commands) {
      execFileSync(program, parameters, {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
    }
  } catch (error) {
    throw new Error(`Chromium is not here and could not be installed; name one in CHROMIUM_PATH. ${String(error)}`)
  }
  const path = onThisMachine()
  if (path === undefined)
    throw new Error('Chromium was installed, but is not where it was looked for; name it in CHROMIUM_PATH')
  return path
}

type Command = readonly [string, ...string[]]
const DEBIAN: readonly Command[] = [
  ['apt-get', 'update', '-qq'],
  ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium'],
]
const DRIVER: Command = [process.execPath, join('node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium']
