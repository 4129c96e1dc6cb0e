/** Something that `doctor` looked at. `warning`: works, and is weaker than it could be. `error`: does not work, or is not safe. */
export interface Finding {
  /** Stable, for programs. */
  readonly code: string
  readonly severity: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly fix?: string
}

export const fine = (code: string, message: string): Finding => ({ code, severity: 'ok', message })
export const doubt = (code: string, message: string, fix: string): Finding => ({
  code,
  severity: 'warning',
  message,
  fix,
})
export const problem = (code: string, message: string, fix: string): Finding => ({
  code,
  severity: 'error',
  message,
  fix,
})
