import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/config.ts'
import { environmentExample, settingsTable } from '../../src/config/environment.ts'

const noFiles = (): string => assert.fail('no file is read')

test('.env.example is what the table of settings prints (house.md §7)', () => {
  assert.equal(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'), environmentExample())
})

test('every line of .env.example, uncommented, starts the server with its defaults (house.md §7)', () => {
  const lines = environmentExample().matchAll(/^# ([A-Z_]+)=(.*)$/gm)
  const variables = Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value]))
  assert.ok(Object.keys(variables).length > 30)
  assert.deepEqual(loadConfig(variables, noFiles), loadConfig({}, noFiles))
})

test('the table of settings has one row of four cells for each setting, and names the file twin of a secret', () => {
  const rows = settingsTable().split('\n')
  for (const row of rows) assert.equal(row.split('|').length, 6, row)
  assert.ok(rows.some((row) => row.startsWith('| `MASTER_KEY` (`MASTER_KEY_FILE`) |')))
})
