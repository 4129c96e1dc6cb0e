// A shell beside a running server: commands reach the embedded database that this process serves, as an operator's do.

import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { z } from 'zod'
import { runCommand } from '../../src/cli/index.ts'
import { loadConfig } from '../../src/config/config.ts'
import { type Deps, openDeps } from '../../src/deps.ts'
import { createLog } from '../../src/telemetry/log.ts'

export interface Spoken {
  readonly code: number
  readonly out: string
  readonly error: string
}

export interface Shell {
  readonly deps: Deps
  readonly folder: string
  /** Runs `postern` with these arguments, and this on standard input. */
  run(argv: readonly string[], input?: string): Promise<Spoken>
  /** The same with `--json`, of which it gives what was printed, read. */
  json(argv: readonly string[], input?: string): Promise<Readonly<Record<string, unknown>>>
  /** Writes a file and gives its path. */
  file(name: string, text: string): Promise<string>
  /** How often something happened, by the audit. */
  audited(type: string): Promise<number>
}

/** Serves a fresh database for the tests of one file. */
export async function startShell(variables: Readonly<Record<string, string>> = {}): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  const env = { DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'silent', ...variables }
  const config = loadConfig(env, (path) => readFileSync(path, 'utf8'))
  const opened = await openDeps({ config, log: createLog({ level: 'silent' }), purpose: 'serve' })
  after(async () => {
    await opened.close()
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (argv: readonly string[], input = ''): Promise<Spoken> => {
    let out = ''
    let error = ''
    const code = await runCommand(argv, {
      write: (text) => {
        out += text
      },
      writeError: (text) => {
        error += text
      },
      env,
      readFile: (path) => readFileSync(path, 'utf8'),
      readInput: async () => input,
    })
    return { code, out, error }
  }
  return {
    deps: opened.deps,
    folder,
    run,
    json: async (argv, input) => {
      const { code, out, error } = await run([...argv, '--json'], input)
      if (code !== 0) throw new Error(`postern ${argv.join(' ')} ended with ${code}: ${error}`)
      return z.record(z.string(), z.unknown()).parse(JSON.parse(out))
    },
    file: async (name, text) => {
      const path = join(folder, name)
      await writeFile(path, text)
      return path
    },
    audited: async (type) =>
      (await opened.database.db.selectFrom('audit_event').select('id').where('type', '=', type).execute()).length,
  }
}
