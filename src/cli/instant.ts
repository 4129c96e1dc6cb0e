import { UsageError } from './refusal.ts'

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** A day (its beginning, UTC), or an instant with its offset: nothing that depends on where the command runs. */
export function instant(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (!INSTANT.test(text) || Number.isNaN(time.getTime()))
    throw new UsageError('--until is a time like 2026-01-31T08:00:00Z')
  return time
}
