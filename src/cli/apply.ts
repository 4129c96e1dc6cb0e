import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { digestOf } from '../base/digest.ts'
import type { Deps } from '../deps.ts'
import type { ChangeFacts } from './change.ts'
import { checkDeclaration } from './check-declaration.ts'
import { clientSecretFault, type DeclaredClient } from './declaration.ts'
import { readKnown } from './known.ts'
import { planChanges } from './plan-changes.ts'
import { type Entry, type Reading, readDeclaration } from './read-declaration.ts'
import type { FileFault } from './read-document.ts'
import { Refusal } from './refusal.ts'

export type ApplyDeps = Pick<Deps, 'clock' | 'random' | 'store' | 'passwords' | 'sealer' | 'config'>

export interface ApplyOptions {
  /** Says what would be done, and does nothing. */
  readonly plan?: boolean
  /** Reads the files that `client_secret_file` names; from the working directory when absent. */
  readonly readFile?: (path: string) => string
}

/** What a file did to the database, or would do, entry by entry. Holds no secret. */
export interface ApplyReport {
  readonly outcome: 'applied' | 'planned'
  readonly changes: readonly ChangeFacts[]
}

/** Everything that is wrong with a file, by line. Nothing was changed. */
export class FileRefused extends Refusal {
  readonly faults: readonly FileFault[]
  constructor(faults: readonly FileFault[]) {
    const lines = faults.map(
      ({ line, column, path, message }) => `  line ${line}:${column}  ${path && `${path}: `}${message}`,
    )
    super([`the file is refused, and nothing was changed (${count(faults.length, 'fault')}):`, ...lines].join('\n'))
    this.faults = faults
  }
}

/**
 * Makes the database what postern.yaml says. The file is judged whole before anything is written; each entry is then a fact
 * of its own, so that an interrupted run is finished by the next. What the file does not mention stays as it is.
 * @throws FileRefused with every fault at once, by line
 */
export async function applyFile(
  deps: ApplyDeps,
  text: string,
  { plan = false, readFile = readText }: ApplyOptions = {},
): Promise<ApplyReport> {
  const reading = withSecretFiles(readDeclaration(text), readFile)
  const known = await readKnown(deps.store, reading.declaration)
  const faults = [...reading.faults, ...checkDeclaration(reading, known, deps.config)]
  if (faults.length > 0) throw new FileRefused(faults.toSorted(byPlace))
  const changes = await planChanges(deps, reading.declaration, known)
  for (const change of changes) if (!plan && change.action !== 'unchanged') await change.apply()
  return {
    outcome: plan ? 'planned' : 'applied',
    changes: changes.map(({ kind, name, action, fields }) => ({ kind, name, action, fields })),
  }
}

const readText = (path: string): string => readFileSync(path, 'utf8')

const byPlace = (left: FileFault, right: FileFault): number => left.line - right.line || left.column - right.column

/** Reads beside a file: what it names is looked for from its own folder. */
export const besideFile =
  (path: string, readFile: (path: string) => string) =>
  (named: string): string =>
    readFile(resolve(dirname(path), named))

/** Puts the digests of secrets in the place of the files that hold them. */
function withSecretFiles(reading: Reading, readFile: (path: string) => string): Reading {
  const faults: FileFault[] = []
  const clients = reading.declaration.clients.map((entry): Entry<DeclaredClient> => {
    const { secretFile } = entry.value
    if (secretFile === undefined) return entry
    const secret = contentsOf(secretFile, readFile)
    const fault = secret === undefined ? 'names a file that cannot be read' : clientSecretFault(secret)
    if (secret !== undefined && fault === undefined) {
      return { ...entry, value: { ...entry.value, secret: digestOf(secret) } }
    }
    faults.push(reading.faultAt([...entry.path, 'client_secret_file'], fault ?? ''))
    return entry
  })
  return { ...reading, declaration: { ...reading.declaration, clients }, faults: [...reading.faults, ...faults] }
}

function contentsOf(path: string, readFile: (path: string) => string): string | undefined {
  try {
    return readFile(path).trim()
  } catch {
    return undefined
  }
}

const MARKS = { create: '+', update: '~', unchanged: '=' } as const

/** The report as an operator reads it. */
export function reportText({ outcome, changes }: ApplyReport): string {
  const of = (action: ChangeFacts['action']) => changes.filter((change) => change.action === action).length
  const touched = of('create') + of('update')
  const summary = `${of('create')} created, ${of('update')} updated, ${of('unchanged')} unchanged`
  return [
    ...changes.map(
      ({ kind, name, action, fields }) =>
        `  ${MARKS[action]} ${kind} ${name}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`,
    ),
    outcome === 'planned'
      ? `Plan: ${of('create')} to create, ${of('update')} to update, ${of('unchanged')} unchanged. Nothing was written.`
      : touched === 0
        ? `Nothing to change: ${summary}.`
        : `Applied: ${summary}.`,
  ].join('\n')
}

const count = (many: number, of: string): string => `${many} ${of}${many === 1 ? '' : 's'}`
