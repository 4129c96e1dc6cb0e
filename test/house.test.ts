import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadCode, deadPackages } from './check/dead-code.ts'
import { breaches } from './check/house.ts'
import { looseEntries, loosePins } from './check/lockfile.ts'
import { blanked, importsOf, readTree } from './check/source.ts'
import { longFiles, placesOfAMachine, secrets, sqlFromStrings } from './check/tree.ts'

const told = (findings: readonly { file: string; line: number; message: string }[]): readonly string[] =>
  findings.map(({ file, line, message }) => `${file}:${line} ${message}`)

test('every import of the source goes the way of the house (house.md §3)', () => {
  assert.deepEqual(told(breaches(readTree(/^src\//))), [])
})

const PLANTED: readonly { readonly file: string; readonly text: string; readonly breach: string }[] = [
  {
    file: 'src/base/x.ts',
    text: "import { pkce } from '../protocol/pkce.ts'",
    breach: 'base must not import protocol',
  },
  { file: 'src/base/x.ts', text: "import { z } from 'zod'", breach: 'base must not import zod' },
  {
    file: 'src/protocol/x.ts',
    text: "import { readFile } from 'node:fs/promises'",
    breach: 'protocol is pure: it must not import node:fs/promises',
  },
  {
    file: 'src/protocol/x.ts',
    text: "import { systemClock } from '../base/clock.ts'",
    breach: 'protocol takes `now: Date`, and no chance at all',
  },
  {
    file: 'src/protocol/x.ts',
    text: 'export const now = () => new Date()',
    breach: 'the clock enters at src/base/clock.ts',
  },
  { file: 'src/store/x.ts', text: "import { SignJWT } from 'jose'", breach: 'store must not import jose' },
  {
    file: 'src/store/x.ts',
    text: "import { scopeOf } from '../protocol/scope.ts'",
    breach: 'store may import only types of protocol',
  },
  { file: 'src/keys/x.ts', text: "import { mint } from '../tokens/mint.ts'", breach: 'keys must not import tokens' },
  {
    file: 'src/clients/x.ts',
    text: "import { mint } from '../tokens/mint.ts'",
    breach: 'clients must not import tokens',
  },
  { file: 'src/tokens/x.ts', text: "import { sql } from 'kysely'", breach: 'kysely belongs to src/store/' },
  {
    file: 'src/tokens/x.ts',
    text: "import { openDeps } from '../deps.ts'",
    breach: 'tokens may import only types of deps.ts',
  },
  { file: 'src/grants/x.ts', text: "import { page } from '../views/page.ts'", breach: 'grants must not import views' },
  {
    file: 'src/interaction/x.ts',
    text: "const late = await import('../logout/end-session.ts')",
    breach: 'interaction must not import logout',
  },
  {
    file: 'src/views/x.ts',
    text: "import type { Store } from '../store/index.ts'",
    breach: 'views must not import store',
  },
  {
    file: 'src/grants/x.ts',
    text: "import type {\n  FastifyRequest,\n} from 'fastify'",
    breach: 'fastify belongs to src/http/, src/app.ts, src/resource-server/fastify.ts',
  },
  { file: 'src/http/x.ts', text: "export { Pool } from 'pg'", breach: 'pg belongs to src/store/' },
  {
    file: 'src/resource-server/x.ts',
    text: "import { config } from '../config/config.ts'",
    breach: 'resource-server must not import config',
  },
  { file: 'src/utilities/x.ts', text: '', breach: 'src/utilities is no room of the house' },
  {
    file: 'src/http/x.ts',
    text: 'const port = process.env.PORT',
    breach: 'process enters at src/main.ts, src/postern.mjs',
  },
  {
    file: 'src/http/x.ts',
    text: "const answer = `${await fetch('https://a.example')}`",
    breach: 'fetch enters at src/outbound/, src/resource-server/',
  },
]

for (const { file, text, breach } of PLANTED) {
  test(`a planted breach is found: ${breach} (house.md §3)`, () => {
    assert.deepEqual(told(breaches(new Map([[file, text]]))), [`${file}:1 ${breach}`])
  })
}

test('what the house allows is left alone (house.md §3)', () => {
  const tree = new Map([
    ['src/main.ts', "import './app.ts'\nprocess.exitCode = 1"],
    ['src/store/x.ts', "import type { Client } from '../protocol/client.ts'\nimport { sql } from 'kysely'"],
    ['src/views/x.ts', "import { type Client, type Scope } from '../protocol/client.ts'"],
    ['src/protocol/x.ts', "import { isIP } from 'node:net'\n// process.env, new Date()\nconst text = 'fetch(x)'"],
    ['src/http/x.ts', "import Fastify from 'fastify'\nimport { page } from '../views/page.ts'"],
  ])
  assert.deepEqual(told(breaches(tree)), [])
})

test('comments and strings are read as what they are, templates and all', () => {
  const squeezed = (text: string) => blanked(text, true).replaceAll(' ', '')
  assert.equal(squeezed("a('//x') // y"), 'a()')
  assert.equal(squeezed('a(`x ${b(`y ${c}`)} z`)'), 'a(`b(`c})})')
  assert.equal(squeezed("x.replace(/['`]/g, y) /* ' */ + z"), 'x.replace(,y)+z')
  assert.equal(blanked("a /* b\nc */ + 'd'", true), 'a     \n     +    ')
})

test('an import is read with its names, however it is written', () => {
  const read = (text: string) =>
    importsOf('src/a/b.ts', text).map(({ target, specifier, typesOnly, names }) => ({
      at: target ?? specifier,
      typesOnly,
      names,
    }))
  assert.deepEqual(read("import x, { a, type B as C } from '../d.ts'"), [
    { at: 'src/d.ts', typesOnly: false, names: ['a', 'B', 'default'] },
  ])
  assert.deepEqual(read("import * as all from 'p'"), [{ at: 'p', typesOnly: false, names: ['*'] }])
  assert.deepEqual(read("new Worker(new URL('./w.ts', import.meta.url))"), [
    { at: 'src/a/w.ts', typesOnly: false, names: ['*'] },
  ])
  assert.equal(read('new Worker(new URL(`./w.${extension}`, import.meta.url))')[0]?.at, 'src/a/w.ts')
  assert.deepEqual(read("// import { a } from 'p'"), [])
})

test('an export that nobody imports is dead, and so is a file that nothing reaches (house.md §7)', () => {
  const tree = new Map([
    ['src/main.ts', "import { used } from './base/a.ts'"],
    [
      'src/base/a.ts',
      'export const used = 1\nexport const unused = 2\nexport interface Shape {}\nexport const f = (x: Shape) => x',
    ],
    ['src/base/b.ts', ''],
    ['src/base/c.ts', ''],
    ['test/c.test.ts', "import '../src/base/c.ts'"],
  ])
  assert.deepEqual(told(deadCode(tree)), [
    'src/base/a.ts:2 nobody imports unused',
    'src/base/a.ts:4 nobody imports f',
    'src/base/b.ts:1 no entry point reaches this file',
    'src/base/c.ts:1 only tests reach this file',
  ])
})

test('a package that no file names is dead', () => {
  const manifest = {
    dependencies: { zod: '1.0.0', left: '1.0.0' },
    devDependencies: { '@types/node': '1.0.0', parse5: '1.0.0' },
  }
  const tree = new Map([
    ['src/a.ts', "import { z } from 'zod'"],
    ['test/a.ts', "import 'parse5/lib'"],
  ])
  assert.deepEqual(told(deadPackages(manifest, tree)), ['package.json:1 nobody imports left'])
})

test('a secret in the tree is found, and an example that a standard prints is not taken for one', () => {
  const random = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 73 + 41) % 256)).toString('base64url')
  const found = (text: string) => secrets(new Map([['src/a.ts', text]])).map(({ message }) => message)
  assert.deepEqual(found(`const x = 'ac_${random}'`), ['a token of ours'])
  assert.deepEqual(found(`client_secret: '${random}'`), ['a random-looking secret'])
  assert.deepEqual(found(`-----BEGIN ${'PRIVATE KEY'}-----\nMIIEvQIBADANBgkqhkiG9w0BAQ`), ['a private key'])
  assert.deepEqual(found(`const password = '${'changeme'}'`), ['a default password'])
  assert.deepEqual(found(`postgres://postern:${'hunter22'}@db/postern`), ['a password in a URL'])
  assert.deepEqual(found(`// RFC 7636 appendix B\nconst token = '${random}'`), [])
  assert.deepEqual(found("const tokenEndpointAuthMethod = 'client_secret_basic'"), [])
})

test('a path or a registry of one machine is found', () => {
  const found = (text: string) => placesOfAMachine(new Map([['a.md', text]]), 'https://packages.example:8443/').length
  assert.equal(found(`see /${'home'}/somebody/postern`), 1)
  assert.equal(found(`"resolved": "https://${'registry'}.example.org/zod.tgz"`), 1)
  assert.equal(found('from packages.example:8443'), 1)
  assert.equal(found('tmpfs on /tmp, https://a.example/home/page'), 0)
})

test('SQL that is made of a value is found, SQL that is written out is not', () => {
  const found = (text: string) => sqlFromStrings(new Map([['src/store/a.ts', text]])).length
  assert.equal(found('sql.raw(text)'), 1)
  assert.equal(found('sql.raw(`select ${x}`)'), 1)
  assert.equal(found("sql.ref('family.id')"), 0)
  assert.equal(found('sql`select ${x}`'), 0)
})

test('a loose version, a registry or a missing digest in the lockfile is found', () => {
  const integrity = 'sha512-x'
  const packages = {
    '': {},
    'node_modules/a': { integrity, optionalDependencies: { 'a-linux': '1.0.0', 'a-mac': '1.0.0' } },
    'node_modules/a-linux': { integrity },
    'node_modules/b': { resolved: 'https://r/b.tgz' },
  }
  assert.deepEqual(told(looseEntries({ packages })), [
    'package-lock.json:1 node_modules/a is there without a-mac',
    'package-lock.json:1 node_modules/b names where it came from',
    'package-lock.json:1 node_modules/b has no integrity',
  ])
  assert.deepEqual(
    told(loosePins({ dependencies: { a: '1.2.3', b: '^1.2.3' }, devDependencies: { c: '1.0.0-beta.17' } })),
    ['package.json:1 b ^1.2.3 is no exact version'],
  )
})

test('a file of more than 250 lines is found (house.md §7)', () => {
  assert.equal(longFiles(new Map([['src/a.ts', '\n'.repeat(251)]])).length, 1)
  assert.equal(longFiles(new Map([['src/a.ts', '\n'.repeat(250)]])).length, 0)
})
