import { isDeepStrictEqual } from 'node:util'
import type { Deps } from '../deps.ts'
import { administrationEvent } from '../telemetry/audit.ts'

export type ChangeDeps = Pick<Deps, 'clock' | 'random' | 'store' | 'passwords' | 'sealer' | 'config'>

/** What applying an entry would do, or did. */
export interface ChangeFacts {
  readonly kind: 'role' | 'resource' | 'client' | 'user'
  readonly name: string
  readonly action: 'create' | 'update' | 'unchanged'
  /** What an update changes, by the names of the file. Never a value. */
  readonly fields: readonly string[]
}

/** The same, with the way to do it. Doing it again does nothing more. */
export interface Change extends ChangeFacts {
  apply(): Promise<void>
}

/** Decides between create, update and unchanged by what differs. */
export function changeOf(
  kind: Change['kind'],
  name: string,
  isStored: boolean,
  fields: readonly string[],
  apply: () => Promise<void>,
): Change {
  if (!isStored) return { kind, name, action: 'create', fields: [], apply }
  return { kind, name, action: fields.length > 0 ? 'update' : 'unchanged', fields, apply }
}

type Fields = Readonly<Record<string, unknown>>

/** The names under which two descriptions differ. */
export const differing = (declared: Fields, stored: Fields): readonly string[] =>
  Object.keys(declared).filter((name) => !isDeepStrictEqual(declared[name], stored[name]))

/** The audit event of something that an operator did. */
export const operated = (
  deps: Pick<Deps, 'clock' | 'random'>,
  type: string,
  facts: Parameters<typeof administrationEvent>[3] = {},
) => administrationEvent(deps, type, 'operator', facts)
