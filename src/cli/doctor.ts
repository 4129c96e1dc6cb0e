import { type ConfigFault, ConfigFaults } from '../config/config-faults.ts'
import type { Command, CommandContext } from './command.ts'
import { clientFindings } from './doctor/clients.ts'
import { databaseFindings, pendingFindings, roleFindings } from './doctor/database.ts'
import { type Finding, problem } from './doctor/finding.ts'
import { keyFindings } from './doctor/keys.ts'
import { settingFindings } from './doctor/settings.ts'

const MARKS = { ok: 'ok   ', warning: 'WARN ', error: 'ERROR' } as const

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look for what is wrong with the settings, the database, the keys and the clients.',
  async run(context) {
    const findings = await diagnose(context)
    const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity).length
    const text = [
      ...findings.flatMap(({ severity, code, message, fix }) => [
        `${MARKS[severity]}  ${code}  ${message}`,
        ...(fix === undefined ? [] : [`       fix: ${fix}`]),
      ]),
      '',
      `${of('error')} errors, ${of('warning')} warnings, ${of('ok')} ok`,
    ].join('\n')
    return { text, json: { findings }, failed: of('error') > 0 }
  },
}

/** Goes as far as it can: without settings there is no database to look at, and without its tables no keys. */
async function diagnose(context: CommandContext): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  try {
    findings.push(...settingFindings(await context.config()))
    const database = await context.database()
    const pending = await pendingFindings(database)
    findings.push(...pending)
    if (pending.some(({ severity }) => severity !== 'ok')) return findings // opening the rest would migrate
    const deps = await context.deps()
    findings.push(await roleFindings(database))
    findings.push(...(await databaseFindings(deps)), ...(await keyFindings(deps)), ...(await clientFindings(deps)))
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults.map(settingFault)
    const message = error instanceof Error ? error.message || error.name : 'it cannot be opened'
    findings.push(problem('database.unusable', message, 'mend what it says; nothing was changed'))
  }
  return findings
}

const settingFault = ({ variable, problem: message, fix }: ConfigFault): Finding =>
  problem('setting.wrong', `${variable}: ${message}`, fix)
