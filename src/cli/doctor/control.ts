import type { Finding } from '../../administration/doctor/finding.ts'
import type { Config } from '../../config/config.ts'
import type { Variables } from '../../config/environment.ts'

/**
 * How a deployment stands to a control. `set otherwise`: a setting chose something weaker than, or other than, what is
 * advised. `deployment`: whoever runs the machines and networks sees to it; SECURITY.md, "Hardening", says how.
 */
export type ControlState = 'met' | 'set otherwise' | 'not met' | 'deployment'

/** The state, and by which setting, feature or decision it is so. */
interface Verdict {
  readonly state: ControlState
  readonly because: string
}

/** What a verdict is made of. */
export interface Facts {
  readonly config: Config
  /** Where the master key and the other secrets come from. */
  readonly secretsFrom: 'vault' | 'file' | 'environment' | 'data folder'
  readonly findings: readonly Finding[]
}

/** One control of the security architecture that this server answers to. */
export interface Control {
  readonly number: number
  readonly name: string
  /** The class of the OWASP Top 10 (2025) that it works against. */
  readonly owasp: `A${'01' | '02' | '03' | '04' | '05' | '06' | '07' | '08' | '09' | '10'}:2025`
  judge(facts: Facts): Verdict
}

/** A control as it is reported. */
export type JudgedControl = Omit<Control, 'judge'> & Verdict

export const met = (because: string): Verdict => ({ state: 'met', because })
export const otherwise = (because: string): Verdict => ({ state: 'set otherwise', because })
export const notMet = (because: string): Verdict => ({ state: 'not met', because })
export const deployment = (because: string): Verdict => ({ state: 'deployment', because })

/** A control that no setting turns off. */
export const always = (because: string) => (): Verdict => met(because)

/** The verdict of the findings with these codes: the worst of them, and not met while the database could not be looked at. */
export function byFindings({ findings }: Facts, codes: readonly string[], good: string): Verdict {
  const found = findings.filter(({ code, severity }) => codes.includes(code) && severity !== 'ok')
  const worst = found.find(({ severity }) => severity === 'error') ?? found[0]
  if (worst) return worst.severity === 'error' ? notMet(worst.message) : otherwise(worst.message)
  const isLookedAt = findings.some(({ code }) => code.startsWith('users.')) // the last question of all
  return isLookedAt ? met(good) : notMet('the database could not be looked at')
}

export function secretsFrom(env: Variables): Facts['secretsFrom'] {
  if (env.VAULT_KV_PATH?.trim()) return 'vault'
  if (env.MASTER_KEY_FILE?.trim()) return 'file'
  return env.MASTER_KEY?.trim() ? 'environment' : 'data folder'
}
