import { migrate, planMigrations } from '../store/migrate.ts'
import type { Command } from './command.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Bring the database to this release. The server does it at start, too.',
  options: { plan: { type: 'boolean', meaning: 'Say what would be applied, and change nothing.' } },
  async run(context, given) {
    const database = await context.database()
    const isPlan = given.flag('plan') ?? false
    const migrations = await (isPlan ? planMigrations(database) : migrate(database))
    const names = migrations.map(({ name }) => name)
    const what = isPlan ? 'to apply' : 'applied'
    const text =
      names.length === 0
        ? 'The database is up to date.'
        : [...names.map((name) => `  ${name}`), `${names.length} ${what}.`].join('\n')
    return { text, json: { [isPlan ? 'pending' : 'applied']: names } }
  },
}
