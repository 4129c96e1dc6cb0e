import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '../../src/cli/index.ts'
import { isSetting } from '../../src/config/environment.ts'
import { metricsApp } from '../../src/http/endpoints/metrics.ts'
import { root } from '../check/source.ts'
import { parseExposition } from '../support/exposition.ts'
import { startServer } from '../support/server.ts'

const text = readFileSync(join(root, 'SECURITY.md'), 'utf8')
const inCode = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

test('every setting that the hardening page names is one', () => {
  const named = inCode.flatMap((code) => code.match(/\b[A-Z][A-Z]+(?:_[A-Z]+)+\b/g) ?? [])
  assert.ok(named.length > 20)
  const words = ['REQUEST_ID', 'SECRET_ID']
  for (const name of named)
    assert.ok(words.includes(name) || isSetting(name.replace(/_FILE$/, '')) || isSetting(name), name)
})

test('every command that the hardening page names can be asked for help', async () => {
  const commands = inCode.filter((code) => /^postern [a-z]/.test(code))
  assert.ok(commands.length > 8)
  for (const command of commands) {
    const words = command
      .split(' ')
      .slice(1)
      .filter((word) => /^(?:[a-z][a-z-]*|--[a-z]+)$/.test(word))
    let said = ''
    const write = (part: string) => {
      said += part
    }
    const io = { write, writeError: write, env: {}, readFile: () => '', readInput: async () => '' }
    assert.equal(await runCommand([...words.filter((word) => !word.startsWith('--')), '--help'], io), 0, command)
    for (const option of words.filter((word) => word.startsWith('--'))) assert.ok(said.includes(option), command)
  }
})

test('every metric that the hardening page names is served', async (t) => {
  const server = await startServer()
  t.after(() => server.close())
  const metrics = metricsApp(server.deps)
  t.after(() => metrics.close())
  const { body } = await metrics.inject('/metrics')
  parseExposition(body)
  const named = inCode.flatMap((code) => code.match(/^postern_(?!app$)[a-z_]+/) ?? [])
  assert.ok(named.length > 8)
  for (const name of named) assert.match(body, new RegExp(`^# TYPE ${name} `, 'm'))
})
