// Code that nothing uses: files that no entry point reaches, exports that no other file imports, packages nobody names.
import { blanked, type Finding, type Import, importsOf, lineAt, type Tree } from './source.ts'

const CODE = /^(?:src|test)\/.*\.(?:ts|mjs)$/
const ENTRY_POINTS = [
  /^src\/(?:main\.ts|postern\.mjs)$/,
  /^src\/resource-server\/(?:index|express|fastify|fetch)\.ts$/,
  /^test\/.*\.test\.ts$/,
  /^test\/(?:run|check|build|generate|run\/reporter|resource-server\/benchmark|support\/make-[\w-]+)\.ts$/,
]
const EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?<kind>const|let|async function\*?|function\*?|class|interface|type|enum)\s+(?<name>[\w$]+)/gm
const EXPORT_LIST = /^export\s+(?:type\s+)?\{(?<items>[^}]*)\}/gm

const isEntryPoint = (path: string): boolean => ENTRY_POINTS.some((pattern) => pattern.test(path))

/** Files and exports that could be deleted with nothing noticing. */
export function deadCode(tree: Tree): readonly Finding[] {
  const code = new Map([...tree].filter(([path]) => CODE.test(path)))
  const imports = new Map([...code].map(([path, text]) => [path, importsOf(path, text)]))
  const reached = reach(imports, isEntryPoint)
  const running = reach(imports, (path) => path.startsWith('src/') && isEntryPoint(path))
  const used = new Map<string, Set<string>>()
  for (const one of [...imports.values()].flat()) {
    if (one.target === undefined) continue
    const names = used.get(one.target) ?? new Set()
    for (const name of one.names) names.add(name)
    used.set(one.target, names)
  }
  const found: Finding[] = []
  for (const [file, text] of code) {
    if (!reached.has(file)) found.push({ file, line: 1, message: 'no entry point reaches this file' })
    else if (file.startsWith('src/') && !running.has(file))
      found.push({ file, line: 1, message: 'only tests reach this file' })
    if (isEntryPoint(file) || used.get(file)?.has('*')) continue
    for (const { name, line } of deadExports(text, used.get(file) ?? new Set())) {
      found.push({ file, line, message: `nobody imports ${name}` })
    }
  }
  return found
}

function reach(
  imports: ReadonlyMap<string, readonly Import[]>,
  isStart: (path: string) => boolean,
): ReadonlySet<string> {
  const reached = new Set([...imports.keys()].filter(isStart))
  for (const path of reached) {
    for (const { target } of imports.get(path) ?? []) if (target !== undefined) reached.add(target) // grows as it is walked
  }
  return reached
}

/** A type that the file's own exports are spelled with counts as used: whoever calls them may have to name it. */
function deadExports(text: string, used: ReadonlySet<string>): readonly { name: string; line: number }[] {
  const code = blanked(text, true)
  const declared = [...code.matchAll(EXPORT)].map((match) => ({
    name: match.groups?.name ?? '',
    isType: match.groups?.kind === 'interface' || match.groups?.kind === 'type',
    line: lineAt(code, match.index),
  }))
  const listed = [...code.matchAll(EXPORT_LIST)].flatMap((match) =>
    (match.groups?.items ?? '').split(',').map((item) => ({
      name: item
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
      isType: false,
      line: lineAt(code, match.index),
    })),
  )
  const occurrences = (name: string): number =>
    code.match(new RegExp(`(?<![\\w$])${name.replace('$', '\\$')}(?![\\w$])`, 'g'))?.length ?? 0
  return [...declared, ...listed].filter(
    ({ name, isType }) => name !== '' && !used.has(name) && !(isType && occurrences(name) > 1),
  )
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Packages that no file of their part of the tree names. Types and the tools that the check itself runs are left out. */
export function deadPackages(manifest: Manifest, tree: Tree): readonly Finding[] {
  const names = (pattern: RegExp, name: string): boolean =>
    [...tree].some(([path, text]) => pattern.test(path) && (text.includes(`'${name}'`) || text.includes(`'${name}/`)))
  const dead = [
    ...Object.keys(manifest.dependencies).filter((name) => !names(/^src\//, name)),
    ...Object.keys(manifest.devDependencies).filter(
      (name) => !/^@types\/|^typescript$|biome$/.test(name) && !names(/^(?:src|test)\//, name),
    ),
  ]
  return dead.map((name) => ({ file: 'package.json', line: 1, message: `nobody imports ${name}` }))
}
