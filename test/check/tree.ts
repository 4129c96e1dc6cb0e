// Searches of the whole tree: secrets, places of one machine, SQL made of strings, files that grew too long.
import { blanked, type Finding, lineAt, type Tree } from './source.ts'

/** Finds each match of a pattern, told as the message says. */
function search(tree: Tree, pattern: RegExp, message: string, isExempt: (path: string, line: string) => boolean) {
  const found: Finding[] = []
  for (const [file, text] of tree) {
    const lines = text.split('\n')
    for (const match of text.matchAll(pattern)) {
      const line = lineAt(text, match.index)
      const context = lines.slice(Math.max(0, line - 3), line).join('\n')
      if (!isExempt(file, context)) found.push({ file, line, message })
    }
  }
  return found
}

const PUBLISHED = /\bRFC ?\d{3,4}\b|published example/
const isTest = (path: string): boolean => path.startsWith('test/')
const isLockfile = (path: string): boolean => path === 'package-lock.json'
/** An example that a standard prints, and says so within two lines, is no secret. */
const isPublishedExample = (path: string, context: string): boolean => isLockfile(path) || PUBLISHED.test(context)

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n?[A-Za-z0-9+/]{16}|"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/g
const OWN_TOKEN = /\b[a-z]{2,4}_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g
const JWT = /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/g
const ASSIGNED =
  /(?:secret|passw(?:or)?d|token|api_?key|master_?key)["']?\s*[:=]\s*["']?(?<value>[A-Za-z0-9+/_-]{24,}={0,2})/gi
const DEFAULT_PASSWORD =
  /[Pp](?:ASSWORD|assw(?:or)?d)["']?\s*[:=]\s*["']?(?:admin|password|passw0rd|postgres|postern|changeme|change-me|secret|root|123456\d*|test)\b(?!\()/g
const CREDENTIALS_IN_URL =
  /\b(?:postgres(?:ql)?|https?|redis|smtp):\/\/[\w.-]+:(?!\$|<|…|\.\.\.|PASSWORD|password@)[^\s@/'"`]{3,}@/g

/** Anything in the tree that looks as if it opened something somewhere. */
export function secrets(tree: Tree): readonly Finding[] {
  return [
    ...search(tree, PRIVATE_KEY, 'a private key', isPublishedExample),
    ...search(tree, OWN_TOKEN, 'a token of ours', isPublishedExample),
    ...search(tree, JWT, 'a signed token', isPublishedExample),
    ...highEntropy(tree),
    ...search(tree, DEFAULT_PASSWORD, 'a default password', isTest),
    ...search(tree, CREDENTIALS_IN_URL, 'a password in a URL', isTest),
  ]
}

/** Text assigned to a secret's name that is too random to be a name or a sentence. */
function highEntropy(tree: Tree): readonly Finding[] {
  const found: Finding[] = []
  for (const [file, text] of tree) {
    const lines = text.split('\n')
    for (const match of text.matchAll(ASSIGNED)) {
      const line = lineAt(text, match.index)
      if (isPublishedExample(file, lines.slice(Math.max(0, line - 3), line).join('\n'))) continue
      const value = match.groups?.value ?? ''
      if (/\d/.test(value) && bitsPerCharacter(value) > 4)
        found.push({ file, line, message: 'a random-looking secret' })
    }
  }
  return found
}

function bitsPerCharacter(text: string): number {
  const counts = Map.groupBy(text, (character) => character)
  return -[...counts.values()].reduce(
    (sum, { length }) => sum + (length / text.length) * Math.log2(length / text.length),
    0,
  )
}

const FOLDERS_OF_A_MACHINE = new RegExp(
  `(?<![\\w.:/-])/(?:${['work', 'root', 'home', 'Users', 'tmp'].join('|')})/[\\w.-]+`,
  'g',
)
const REGISTRY = /\b(?:registry|npm|mirror)\.[a-z0-9-]+\.[a-z]{2,}(?:\.[a-z]{2,})*(?::\d+)?\//g

/** Paths and registries of the machine that somebody happened to work on. */
export function placesOfAMachine(tree: Tree, registry: string | undefined): readonly Finding[] {
  const places = search(tree, FOLDERS_OF_A_MACHINE, 'a path of one machine', () => false)
  const hosts = search(tree, REGISTRY, 'a registry', () => false)
  const host = registry === undefined ? undefined : new URL(registry).host
  const own = [...tree].filter(([, text]) => host !== undefined && text.includes(host))
  return [...places, ...hosts, ...own.map(([file]) => ({ file, line: 1, message: 'the registry of one machine' }))]
}

const SQL_FROM_STRINGS =
  /\bsql\s*\.\s*(?:raw|lit|ref|id|table)\s*(?:<[^>]*>)?\(\s*(?!'[^']*'\s*,?\s*\)|`[^`$]*`\s*,?\s*\))/g

/** SQL that is not written out: a value could become a statement. */
export const sqlFromStrings = (tree: Tree): readonly Finding[] =>
  search(
    new Map([...tree].filter(([path]) => path.endsWith('.ts')).map(([path, text]) => [path, blanked(text, false)])),
    SQL_FROM_STRINGS,
    'SQL put together from a value',
    (path) => !path.startsWith('src/'),
  )

const LONGEST = { src: 250, test: 400 }
/** Long because they are one flat list, with one idea all the same. */
const FLAT_TABLE = /^src\/(?:store\/schema|config\/settings|cli\/doctor\/controls|views\/catalogue\/[\w-]+)\.ts$/

/** Source files in which there is probably a second idea. */
export function longFiles(tree: Tree): readonly Finding[] {
  const found: Finding[] = []
  for (const [file, text] of tree) {
    const lines = text.split('\n').length - 1
    if (!/^(?:src|test)\/.*\.ts$/.test(file) || /\.test\.ts$/.test(file) || FLAT_TABLE.test(file)) continue
    const most = file.startsWith('src/') ? LONGEST.src : LONGEST.test
    if (lines > most) found.push({ file, line: lines, message: `longer than ${most} lines` })
  }
  return found
}
