import type { AdministratorChange } from '../store/user-roles.ts'

/** A command cannot do what it was asked. The message is for the operator, and holds no secret. Exit code 1. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
}

/** A command was written in a way that has no meaning. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws Refusal where a change would have left nobody who can let others in */
export function refuseLastAdministrator(outcome: AdministratorChange): void {
  if (outcome === 'last-administrator') {
    throw new Refusal('this is the last administrator: make another one first (postern admin-link)')
  }
}
