import type { Deps } from '../../deps.ts'
import { clientFindings } from './clients.ts'
import { databaseFindings, roleFinding } from './database.ts'
import type { Finding } from './finding.ts'
import { keyFindings } from './keys.ts'
import { settingFindings } from './settings.ts'

type FindingDeps = Pick<Deps, 'config' | 'clock' | 'store'>

/** Everything that `doctor` looks at: of a server that runs, whose tables are those of its release. */
export const findingsOf = async (deps: FindingDeps): Promise<readonly Finding[]> => [
  ...settingFindings(deps.config),
  ...(await storedFindings(deps)),
]

/** What the database shows: itself, the keys and the clients. */
export const storedFindings = async (deps: FindingDeps): Promise<readonly Finding[]> => [
  await roleFinding(deps),
  ...(await databaseFindings(deps)),
  ...(await keyFindings(deps)),
  ...(await clientFindings(deps)),
]
