import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { root } from './check/source.ts'

// The published package as a stranger meets it: built, packed, installed from the tarball in an empty folder.
const environment = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` }
let folder = ''
const run = (program: string, ...parameters: readonly string[]): string =>
  execFileSync(program, parameters, { cwd: folder, env: environment, encoding: 'utf8' })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-package-'))
  run(process.execPath, join(root, 'test', 'build.ts'), join(folder, 'dist'))
  const [{ filename }] = JSON.parse(run('npm', 'pack', '--json', './dist'))
  await rm(join(folder, 'dist'), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`)
})
after(() => rm(folder, { recursive: true, force: true }))

test('the package brings what runs, and neither sources, tests nor the Node of this tree', async () => {
  const manifest = JSON.parse(await readFile(join(folder, 'node_modules', 'postern', 'package.json'), 'utf8'))
  assert.equal(manifest.engines.node, '>=24')
  assert.equal(manifest.optionalDependencies, undefined)
  assert.equal(manifest.devDependencies, undefined)
  const files = run('find', 'node_modules/postern', '-type', 'f').split('\n')
  assert.deepEqual(
    files.filter((file) => /(?<!\.d)\.ts$|\/test\//.test(file)),
    [],
  )
  assert.ok(files.some((file) => /\/migrations\/\d+_.*\.sql$/.test(file)))
})

test('npx postern says its version and how it is used', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  assert.match(run('npx', 'postern', '--version'), new RegExp(version.replaceAll('.', '\\.')))
  assert.match(run('npx', 'postern', '--help'), /start/)
})

test('the packed server starts on its embedded database, answers, and stops when it is told to', async () => {
  const port = await freePort()
  const server = spawn(process.execPath, [join('node_modules', 'postern', 'src', 'postern.mjs'), 'start'], {
    cwd: folder,
    env: { ...environment, PORT: String(port), DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const ended = once(server, 'exit')
  const answer = await answered(`http://127.0.0.1:${port}/healthz`, () => server.exitCode === null)
  server.kill('SIGTERM')
  const [code] = await ended
  assert.equal(answer, 200, said.join(''))
  assert.equal(code, 0, said.join(''))
})

test('the resource server part loads by its name, and its types are there for others', async () => {
  await mkdir(join(folder, 'src'))
  await writeFile(
    join(folder, 'src', 'uses.ts'),
    "import * as verifier from 'postern/resource-server'\nimport * as express from 'postern/resource-server/express'\n" +
      "import * as fastify from 'postern/resource-server/fastify'\nimport * as fetch from 'postern/resource-server/fetch'\n" +
      'const parts = [verifier, express, fastify, fetch]\n' +
      'process.stdout.write(String(parts.every((part) => Object.keys(part).length > 0)))\n',
  )
  assert.equal(run(process.execPath, join('src', 'uses.ts')), 'true')
  const options = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }))
  run(process.execPath, join(root, 'node_modules', 'typescript', 'bin', 'tsc'))
})

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The status of the first answer; 0 when the server ended before. */
async function answered(url: string, isRunning: () => boolean): Promise<number> {
  while (isRunning()) {
    const response = await fetch(url).catch(() => undefined)
    if (response !== undefined) return response.status
    await wait(50)
  }
  return 0
}
