// `npm run check`: everything about the tree that can be told without running it. Each check says ok or what is wrong.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deadCode, deadPackages } from './check/dead-code.ts'
import { breaches } from './check/house.ts'
import { looseEntries, loosePins } from './check/lockfile.ts'
import { type Finding, readTree, root } from './check/source.ts'
import { longFiles, placesOfAMachine, secrets, sqlFromStrings } from './check/tree.ts'

interface Check {
  readonly name: string
  /** What is wrong, in words for a reader; empty when nothing is. */
  readonly run: () => string | Promise<string>
}

const TEXT = /(?:\.(?:[cm]?[jt]s|json|ya?ml|md|sql|css|html|example|svg|txt|sh)|\/run|Dockerfile|ignore|\.npmrc)$/
const tree = readTree(TEXT)
const parsed = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))

const told = (findings: readonly Finding[]): string =>
  findings.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n')

/** Runs a tool of node_modules; what it printed is what is wrong, unless it ended well. */
const tool = (path: string, ...parameters: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const program = join(root, 'node_modules', path)
    execFile(process.execPath, [program, ...parameters], { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve(error === null ? '' : `${stdout}${stderr}`.trim() || error.message),
    )
  })

/** `.env.example` and the README's table are printed from the list of settings. */
async function settingsInStep(): Promise<string> {
  const settings = join(root, 'src', 'config', 'environment.ts')
  const { environmentExample, settingsTable }: { environmentExample: () => string; settingsTable: () => string } =
    await import(settings)
  return [
    tree.get('.env.example') === environmentExample()
      ? ''
      : '.env.example differs from what src/config/environment.ts prints',
    tree.get('README.md')?.includes(settingsTable())
      ? ''
      : 'README.md lacks the table that src/config/environment.ts prints',
  ]
    .filter((wrong) => wrong !== '')
    .join('\n')
}

const checks: readonly Check[] = [
  { name: 'types', run: () => tool('typescript/bin/tsc') },
  {
    name: 'lint and format',
    run: () =>
      tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--diagnostic-level=warn', '--colors=off'),
  },
  { name: 'import directions', run: () => told(breaches(tree)) },
  { name: 'dead code', run: () => told([...deadCode(tree), ...deadPackages(parsed('package.json'), tree)]) },
  { name: 'settings in step', run: settingsInStep },
  { name: 'SQL from strings', run: () => told(sqlFromStrings(tree)) },
  { name: 'secrets', run: () => told(secrets(tree)) },
  { name: 'places of a machine', run: () => told(placesOfAMachine(tree, process.env.npm_config_registry)) },
  {
    name: 'lockfile and pins',
    run: () => told([...looseEntries(parsed('package-lock.json')), ...loosePins(parsed('package.json'))]),
  },
  { name: 'file sizes', run: () => told(longFiles(tree)) },
]

const outcomes = await Promise.all(
  checks.map(async ({ name, run }) => {
    const started = performance.now()
    const wrong = await Promise.resolve()
      .then(run)
      .catch((error: unknown) => String(error))
    return { name, wrong, milliseconds: Math.round(performance.now() - started) }
  }),
)
for (const { name, wrong, milliseconds } of outcomes) {
  process.stdout.write(`${wrong === '' ? 'ok  ' : 'FAIL'}  ${name} (${milliseconds} ms)\n`)
  if (wrong !== '') process.stdout.write(`${wrong.replace(/^/gm, '      ')}\n`)
}
process.exitCode = outcomes.every(({ wrong }) => wrong === '') ? 0 : 1
