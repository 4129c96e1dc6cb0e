import { Refused } from './refused.ts'

// What changes have in common: which version they are of, and why they are not written.

/** The version that a change was made from; `undefined` when its author does not care. */
export interface Versioned {
  readonly version?: string | undefined
}

/**
 * What has to be true for a change to be written: whoever doesn't care which version it was changes the one that was read and
 * judged here, and does not take back what somebody else does meanwhile.
 */
export const unchangedSince = (stored: { readonly version: string }, version: string | undefined) =>
  ({ expects: 'present', version: version ?? stored.version }) as const

/** The members that were said. */
export function given<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> }
}

/** The refusal of a change whose author has not seen what somebody else changed meanwhile. */
export const quicker = (): Refused =>
  new Refused('version_changed', 'somebody else has changed this meanwhile: read it again')

/** @throws Refused where a change would have left nobody who can let others in */
export function refuseLast(outcome: 'changed' | 'unchanged' | 'last-administrator'): void {
  if (outcome === 'last-administrator') {
    throw new Refused('last_administrator', 'this is the last administrator: make another one first')
  }
}
