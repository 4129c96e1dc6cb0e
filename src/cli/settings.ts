import { settingsTable } from '../config/environment.ts'
import type { Command } from './command.ts'

export const settingsCommand: Command = {
  name: 'settings',
  summary: 'List the settings: environment variables, their forms and defaults. Prints no value.',
  run: async () => ({ text: settingsTable(), json: { table: settingsTable() } }),
}
