// What the checks read: the tree as paths and texts, the code in a text without its comments and strings, and its imports.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** File texts by path, relative to the root and with forward slashes. */
export type Tree = ReadonlyMap<string, string>

/** One complaint of a check. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** One `import`, `export … from`, dynamic import or worker URL. */
export interface Import {
  readonly line: number
  /** As written. */
  readonly specifier: string
  /** The path in the tree when the specifier is relative. */
  readonly target: string | undefined
  /** Whether nothing of it is left when types are stripped. */
  readonly typesOnly: boolean
  /** The exported names taken; `*` stands for all of them. */
  readonly names: readonly string[]
}

export const root = join(import.meta.dirname, '..', '..')

/** Every file that git tracks or would track, which is what a clone may come to hold. */
function filesOfTree(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  return [...new Set(listed.toString().split('\0'))]
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .sort()
}

/** Reads the files that the pattern picks. */
export const readTree = (pattern: RegExp): Tree =>
  new Map(
    filesOfTree()
      .filter((path) => pattern.test(path))
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  )

export const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

const TOKEN =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|(?<regex>(?<=(?:^|[(,=:[!&|?{};+\n]|=>|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*)|(?<backtick>`)|(?<brace>[{}])|[\s\S]/y
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?<end>`|\$\{|$)/y

/** The text with comments, and on demand the contents of strings, made blank; every line keeps its place. */
export function blanked(text: string, blankStrings: boolean): string {
  const openBraces: number[] = [] // one entry for each template we are inside the `${}` of
  let out = ''
  let index = 0
  const take = (pattern: RegExp): RegExpExecArray => {
    pattern.lastIndex = index
    const match = pattern.exec(text)
    if (match === null) throw new Error(`cannot read source at ${index}`)
    index = pattern.lastIndex
    return match
  }
  const template = () => {
    const match = take(TEMPLATE_TEXT)
    out += blankStrings ? blank(match[0]) : match[0]
    if (match.groups?.end === '${') openBraces.push(0)
  }
  while (index < text.length) {
    const match = take(TOKEN)
    const { comment, string, regex, backtick, brace } = match.groups ?? {}
    const depth = openBraces.at(-1)
    if (brace === '}' && depth === 0) {
      openBraces.pop()
      out += '}'
      template()
      continue
    }
    if (brace !== undefined && depth !== undefined) openBraces[openBraces.length - 1] = depth + (brace === '{' ? 1 : -1)
    const isBlank = comment !== undefined || (blankStrings && (string !== undefined || regex !== undefined))
    out += isBlank ? blank(match[0]) : match[0]
    if (backtick !== undefined) template()
  }
  return out
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

const FROM = /^[ \t]*(?:import|export)\s+(?<type>type\s)?(?<clause>[\w\s{},*$]*?)\s*from\s*'(?<specifier>[^']+)'/gm
const BARE = /^[ \t]*import\s*'(?<specifier>[^']+)'/gm
const DYNAMIC = /\bimport\(\s*'(?<specifier>[^']+)'/g
/** A worker's file, whose ending may depend on whether this is compiled. */
const WORKER = /new URL\(\s*['`](?<specifier>\.[^'`]+\.(?:ts|\$\{\w+\}))['`],\s*import\.meta\.url/g

/** The imports of a file, in the spelling that the formatter leaves. */
export function importsOf(path: string, text: string): readonly Import[] {
  const code = blanked(text, false)
  const found = [FROM, BARE, DYNAMIC, WORKER].flatMap((pattern) => [...code.matchAll(pattern)])
  return found.map((match) => {
    const { type, clause } = match.groups ?? {}
    const specifier = match.groups?.specifier?.replace(/\$\{\w+\}$/, 'ts') ?? ''
    const items = namesIn(clause)
    return {
      line: lineAt(code, match.index + match[0].search(/\S/)),
      specifier,
      target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined,
      typesOnly: type !== undefined || (items.length > 0 && items.every((item) => item.startsWith('type '))),
      names: items.map((item) => item.replace(/^type /, '').replace(/ as .*$/s, '')),
    }
  })
}

function namesIn(clause: string | undefined): readonly string[] {
  if (clause === undefined) return ['*']
  const braces = /\{(?<inside>[^}]*)\}/.exec(clause)
  const outside = clause.replace(/\{[^}]*\}/, '').replace(/[\s,]/g, '')
  const items = (braces?.groups?.inside ?? '').split(',').map((item) => item.trim().replace(/\s+/g, ' '))
  return [
    ...items.filter((item) => item !== ''),
    ...(outside === '' ? [] : [outside.startsWith('*') ? '*' : 'default']),
  ]
}
