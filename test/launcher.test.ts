import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root } from './check/source.ts'

/** The launcher beside a main file of the test's own. */
async function launcher(t: TestContext, name: string, main: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-launcher-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await cp(join(root, 'src', 'postern.mjs'), join(folder, 'postern.mjs'))
  await writeFile(join(folder, name), main)
  return join(folder, 'postern.mjs')
}

function launch(file: string, { node = [], variables = {} }: { node?: string[]; variables?: NodeJS.ProcessEnv } = {}) {
  const { UV_THREADPOOL_SIZE: _, ...environment } = process.env
  return spawnSync(process.execPath, [...node, file, 'start'], {
    env: { ...environment, ...variables },
    encoding: 'utf8',
  })
}

test('the launcher hands over to main, compiled or not, with the arguments as they came (design.md §11)', async (t) => {
  for (const name of ['main.ts', 'main.js']) {
    const file = await launcher(t, name, 'process.stdout.write(process.argv.slice(2).join())')
    assert.equal(launch(file).stdout, 'start')
  }
})

test('a Node that is too old is told what is needed and starts nothing (design.md §11)', async (t) => {
  const file = await launcher(t, 'main.ts', "process.stdout.write('started')")
  const old =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.4"}})'
  const { status, stdout, stderr } = launch(file, { node: ['--import', old] })
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /needs Node 24 or later; this is Node 20\.19\.4/)
  assert.match(stderr, /npm ci/)
})

const COUNT_WORKERS = `
import { pbkdf2 } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
const done = Array.from({ length: 16 }, () => new Promise((resolve) => pbkdf2('p', 's', 1000, 32, 'sha256', resolve)))
await Promise.all(done)
const names = readdirSync('/proc/self/task').map((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim())
process.stdout.write(String(names.filter((name) => name === 'libuv-worker').length))
`
const onlyLinux = { skip: platform() === 'linux' ? false : 'thread names are read from /proc' }

test(
  'the thread pool has as many threads as the machine has cores, or as many as it was told',
  onlyLinux,
  async (t) => {
    const file = await launcher(t, 'main.js', COUNT_WORKERS)
    assert.equal(launch(file).stdout, String(availableParallelism()))
    assert.equal(launch(file, { variables: { UV_THREADPOOL_SIZE: '5' } }).stdout, '5')
  },
)
