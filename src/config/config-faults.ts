/** One thing that is wrong with the settings. Holds no value of a secret, so that it may be printed. */
export interface ConfigFault {
  readonly variable: string
  readonly problem: string
  readonly fix: string
}

const shown = ({ variable, problem, fix }: ConfigFault): string => `  ${variable}: ${problem}\n    Fix: ${fix}`

/** Everything that is wrong with the settings, at once: the server does not start, and its operator mends it in one go. */
export class ConfigFaults extends Error {
  readonly faults: readonly ConfigFault[]
  constructor(faults: readonly ConfigFault[]) {
    super(['Postern cannot start with these settings:', ...faults.map(shown)].join('\n'))
    this.name = 'ConfigFaults'
    this.faults = faults
  }
}
