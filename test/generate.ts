// Writes what is generated from the code: .env.example, the README's table of settings, the schema of postern.yaml.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { environmentExample, settingsTable } from '../src/config/environment.ts'

const root = join(import.meta.dirname, '..')
const path = (name: string) => join(root, name)

writeFileSync(path('.env.example'), environmentExample())
const readme = readFileSync(path('README.md'), 'utf8')
const table = /(<!-- settings -->\n)[\s\S]*?(\n<!-- \/settings -->)/
writeFileSync(
  path('README.md'),
  readme.replace(table, (_, open: string, close: string) => open + settingsTable() + close),
)
