import { doubt, type Finding, fine } from '../../administration/doctor/finding.ts'
import type { Database } from '../../store/database.ts'
import { planMigrations } from '../../store/migrate.ts'

/** Whether the tables are those of this release. Changes nothing. */
export async function pendingFindings(database: Database): Promise<readonly Finding[]> {
  const pending = await planMigrations(database)
  if (pending.length === 0) return [fine('database.migrations', 'the tables are those of this release')]
  const names = pending.map(({ name }) => name).join(', ')
  return [
    doubt(
      'database.pending',
      `${pending.length} migrations are pending: ${names}`,
      'run postern migrate, or start the server',
    ),
  ]
}
