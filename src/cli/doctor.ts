import { type Finding, problem } from '../administration/doctor/finding.ts'
import { storedFindings } from '../administration/doctor/findings.ts'
import { settingFindings } from '../administration/doctor/settings.ts'
import type { Config } from '../config/config.ts'
import { type ConfigFault, ConfigFaults } from '../config/config-faults.ts'
import type { Command, CommandContext } from './command.ts'
import { type ControlState, type Facts, type JudgedControl, secretsFrom } from './doctor/control.ts'
import { CONTROLS } from './doctor/controls.ts'
import { pendingFindings } from './doctor/migrations.ts'

const MARKS = { ok: 'ok   ', warning: 'WARN ', error: 'ERROR' } as const

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look for what is wrong with the settings, the database, the keys and the clients.',
  options: { controls: { type: 'boolean', meaning: 'Print each control of the security architecture and its state.' } },
  async run(context, given) {
    const { config, findings } = await diagnose(context)
    const controls = config ? judged({ config, findings, secretsFrom: secretsFrom(context.io.env) }) : []
    const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity).length
    const text = [
      ...(given.flag('controls') ? controls.map(shownControl) : findings.flatMap(shownFinding)),
      '',
      ...(controls.length > 0
        ? [`${summary(controls)}${given.flag('controls') ? '' : ' (postern doctor --controls)'}`]
        : []),
      `${of('error')} errors, ${of('warning')} warnings, ${of('ok')} ok`,
    ].join('\n')
    return { text, json: { findings, controls }, failed: of('error') > 0 }
  },
}

const shownFinding = ({ severity, code, message, fix }: Finding): readonly string[] => [
  `${MARKS[severity]}  ${code}  ${message}`,
  ...(fix === undefined ? [] : [`       fix: ${fix}`]),
]

/** Every control as this deployment stands to it. */
const judged = (facts: Facts): readonly JudgedControl[] =>
  CONTROLS.map(({ judge, ...control }) => ({ ...control, ...judge(facts) }))

const shownControl = ({ number, name, owasp, state, because }: JudgedControl): string =>
  `${state.padEnd(13)}  ${String(number).padStart(2)}  ${name} (${owasp})\n                   ${because}`

const STATES: readonly ControlState[] = ['met', 'set otherwise', 'not met', 'deployment']

const summary = (controls: readonly JudgedControl[]): string => {
  const counts = STATES.map((state) => `${controls.filter((control) => control.state === state).length} ${state}`)
  return `${controls.length} controls: ${counts.join(', ')}`
}

interface Diagnosis {
  /** Absent where the settings are wrong. */
  readonly config?: Config
  readonly findings: readonly Finding[]
}

/** Goes as far as it can: without settings there is no database to look at, and without its tables no keys. */
async function diagnose(context: CommandContext): Promise<Diagnosis> {
  try {
    const config = await context.config()
    const findings = [...settingFindings(config)]
    return { config, findings: [...findings, ...(await databaseDiagnosis(context))] }
  } catch (error) {
    if (error instanceof ConfigFaults) return { findings: error.faults.map(settingFault) }
    throw error
  }
}

async function databaseDiagnosis(context: CommandContext): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  try {
    const database = await context.database()
    const pending = await pendingFindings(database)
    findings.push(...pending)
    if (pending.some(({ severity }) => severity !== 'ok')) return findings // opening the rest would migrate
    findings.push(...(await storedFindings(await context.deps())))
  } catch (error) {
    if (error instanceof ConfigFaults) throw error
    const message = error instanceof Error ? error.message || error.name : 'it cannot be opened'
    findings.push(problem('database.unusable', message, 'mend what it says; nothing was changed'))
  }
  return findings
}

const settingFault = ({ variable, problem: message, fix }: ConfigFault): Finding =>
  problem('setting.wrong', `${variable}: ${message}`, fix)
