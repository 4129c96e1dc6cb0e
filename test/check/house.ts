// Who may import whom (CONTRIBUTING.md draws the same picture), and where effects may enter: read off the imports.
import { blanked, type Finding, type Import, importsOf, lineAt, type Tree } from './source.ts'

interface Room {
  /** Rooms, and files of the root, of which values may be imported. */
  readonly uses: readonly string[]
  /** Those of which only types may be. */
  readonly usesTypesOf?: readonly string[]
  /** Packages; where absent, any that is not another room's own. */
  readonly packages?: readonly string[]
}

const FOUNDATION = ['base', 'protocol', 'store']
const EFFECTS = [...FOUNDATION, 'outbound', 'telemetry', 'keys']
const DOMAIN = [...EFFECTS, 'clients', 'tokens', 'accounts']
const FLOWS = [...DOMAIN, 'grants', 'interaction', 'logout', 'administration']
const OUTSIDE = [...FLOWS, 'views', 'config']
const WIRING = ['deps.ts', 'config']

/** Each room of `src` by name. A room may always import itself. */
const ROOMS: Readonly<Record<string, Room>> = {
  base: { uses: [], packages: [] },
  config: { uses: ['base'], packages: ['zod'] },
  protocol: { uses: ['base'], packages: ['zod', 'jose'] },
  store: { uses: ['base'], usesTypesOf: ['protocol'], packages: ['kysely', 'pg', '@electric-sql', 'ioredis'] },
  outbound: { uses: FOUNDATION, usesTypesOf: WIRING },
  secrets: { uses: ['base', 'config', 'outbound'], usesTypesOf: ['store', 'telemetry'], packages: ['zod'] },
  telemetry: { uses: FOUNDATION, usesTypesOf: WIRING },
  keys: { uses: [...FOUNDATION, 'telemetry'], usesTypesOf: WIRING }, // a rotation is an audit event
  clients: { uses: EFFECTS, usesTypesOf: WIRING },
  tokens: { uses: [...EFFECTS, 'clients'], usesTypesOf: WIRING },
  accounts: { uses: EFFECTS, usesTypesOf: WIRING },
  grants: { uses: DOMAIN, usesTypesOf: WIRING },
  interaction: { uses: DOMAIN, usesTypesOf: WIRING },
  logout: { uses: DOMAIN, usesTypesOf: WIRING },
  views: {
    uses: ['base'],
    usesTypesOf: [...FLOWS, 'config'].filter((room) => room !== 'store'),
    packages: [],
  },
  http: { uses: [...OUTSIDE, 'resource-server'], usesTypesOf: ['deps.ts'] }, // the demo's API checks tokens as anybody's would
  jobs: { uses: OUTSIDE, usesTypesOf: ['deps.ts'] },
  cli: { uses: [...OUTSIDE, 'secrets', 'deps.ts', 'app.ts'] },
  administration: { uses: DOMAIN, usesTypesOf: WIRING },
  'resource-server': { uses: ['base', 'protocol'], packages: ['jose'] },
}

/** The files of the root put everything together and may import anything. */
const ROOT_FILES = ['main.ts', 'app.ts', 'deps.ts', 'postern.mjs']

/** Packages that belong to some rooms or files alone. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  fastify: ['src/http/', 'src/app.ts', 'src/resource-server/fastify.ts'],
  '@fastify': ['src/http/', 'src/app.ts'],
  kysely: ['src/store/'],
  pg: ['src/store/'],
  '@electric-sql': ['src/store/'],
  ioredis: ['src/store/'],
}

/** What may be named in some files alone, because it is how time, chance, the environment and the network come in. */
const EFFECTS_IN_CODE: readonly {
  readonly what: string
  readonly pattern: RegExp
  readonly owners: readonly string[]
}[] = [
  { what: 'process', pattern: /(?<![.\w$])process\./g, owners: ['src/main.ts', 'src/postern.mjs'] },
  { what: 'the clock', pattern: /\bDate\.now\(|\bnew Date\(\)|(?<![.\w$])Date\(\)/g, owners: ['src/base/clock.ts'] },
  { what: 'chance', pattern: /\bMath\.random\(|\brandom(?:Bytes|UUID|Int)\(/g, owners: ['src/base/random.ts'] },
  { what: 'fetch', pattern: /(?<![.\w$])fetch\(/g, owners: ['src/outbound/', 'src/resource-server/'] },
]

const WORLD =
  /^node:(?:fs|fs\/promises|http|https|http2|net|dns|dns\/promises|tls|dgram|child_process|worker_threads|os)$/
const PURE_PARTS_OF_NET = ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']
const INJECTED = ['src/base/clock.ts', 'src/base/random.ts']

/** Every breach of the import table and of the ownership of effects in `src`. */
export function breaches(tree: Tree): readonly Finding[] {
  const found: Finding[] = []
  for (const [file, text] of tree) {
    if (!/^src\/.*\.(?:ts|mjs)$/.test(file)) continue
    const room = roomOf(file)
    const report = (line: number, message: string) => found.push({ file, line, message })
    if (ROOMS[room] === undefined && !ROOT_FILES.includes(room)) report(1, `src/${room} is no room of the house`)
    for (const one of importsOf(file, text)) {
      const wrong = wrongImport(file, room, one)
      if (wrong !== undefined) report(one.line, wrong)
    }
    const code = blanked(text, true)
    for (const { what, pattern, owners } of EFFECTS_IN_CODE) {
      if (owners.some((owner) => file.startsWith(owner))) continue
      for (const match of code.matchAll(pattern))
        report(lineAt(code, match.index), `${what} enters at ${owners.join(', ')}`)
    }
  }
  return found
}

/** The folder under `src`, or the file itself where it lies in `src`. */
const roomOf = (path: string): string => path.split('/')[1] ?? ''

function wrongImport(file: string, room: string, one: Import): string | undefined {
  const rules = ROOMS[room]
  if (one.target !== undefined) {
    if (!one.target.startsWith('src/'))
      return rules && one.target !== 'package.json' ? `${room} reaches out of src` : undefined
    if (room === 'protocol' && INJECTED.includes(one.target)) return 'protocol takes `now: Date`, and no chance at all'
    const other = roomOf(one.target)
    if (rules === undefined || other === room || rules.uses.includes(other)) return undefined
    if (!rules.usesTypesOf?.includes(other)) return `${room} must not import ${other}`
    return one.typesOnly ? undefined : `${room} may import only types of ${other}`
  }
  if (one.specifier.startsWith('node:')) return wrongBuiltin(room, one)
  const name = packageOf(one.specifier)
  const owners = OWNERS[name]
  if (owners !== undefined) {
    return owners.some((owner) => file.startsWith(owner)) ? undefined : `${name} belongs to ${owners.join(', ')}`
  }
  if (rules?.packages !== undefined && !rules.packages.includes(name)) return `${room} must not import ${name}`
  return undefined
}

function wrongBuiltin(room: string, one: Import): string | undefined {
  if (one.specifier === 'node:process') return 'process enters at src/main.ts'
  if (room !== 'protocol' || !WORLD.test(one.specifier)) return undefined
  if (one.specifier === 'node:net' && one.names.every((name) => PURE_PARTS_OF_NET.includes(name))) return undefined
  return `protocol is pure: it must not import ${one.specifier}`
}

/** The name of a package, or the scope for those we own by scope. */
function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  if (!first.startsWith('@')) return first
  return first === '@fastify' || first === '@electric-sql' ? first : `${first}/${second}`
}
