import { z } from 'zod'
import { type DeclaredResource, resourceMetadata } from '../protocol/resource-metadata.ts'
import {
  type DeclaredClient,
  type DeclaredRole,
  type DeclaredUser,
  declaredClient,
  declaredRole,
  declaredUser,
} from './declaration.ts'
import { type FileFault, type Path, readDocument, type SourceDocument } from './read-document.ts'

/** An entry of the file that is right in itself, and where it stands. */
export interface Entry<T> {
  readonly value: T
  readonly path: Path
}

/** What the file declares: every entry that is right in itself. */
export interface Declaration {
  readonly resources: readonly Entry<DeclaredResource>[]
  readonly roles: readonly Entry<DeclaredRole>[]
  readonly clients: readonly Entry<DeclaredClient>[]
  readonly users: readonly Entry<DeclaredUser>[]
}

/** What was read: the faults so far, and the right entries beside them, so that those can be judged in the same run. */
export interface Reading {
  readonly declaration: Declaration
  readonly faults: readonly FileFault[]
  faultAt(path: Path, message: string): FileFault
}

const SECTIONS = ['resources', 'roles', 'clients', 'users'] as const
const NOTHING: Declaration = { resources: [], roles: [], clients: [], users: [] }

/** Reads postern.yaml and judges each entry by itself. What entries say of one another, and of the database, is not checked. */
export function readDeclaration(text: string): Reading {
  const document = readDocument(text)
  if ('faults' in document) return { declaration: NOTHING, faults: document.faults, faultAt: nowhere }
  const { value, faultAt } = document
  const whole = z.record(z.string(), z.unknown()).safeParse(value ?? {})
  if (!whole.success) {
    const message = `must be a mapping of ${SECTIONS.join(', ')}`
    return { declaration: NOTHING, faults: [faultAt([], message)], faultAt }
  }
  const faults = Object.keys(whole.data)
    .filter((key) => !SECTIONS.some((section) => section === key))
    .map((key) => faultAt([key], `is not known here: the sections are ${SECTIONS.join(', ')}`))
  const section = <T>(name: (typeof SECTIONS)[number], schema: z.ZodType<T>): readonly Entry<T>[] =>
    readSection(document, name, whole.data[name], schema, faults)
  const declaration = {
    resources: section('resources', resourceMetadata),
    roles: section('roles', declaredRole),
    clients: section('clients', declaredClient),
    users: section('users', declaredUser),
  }
  return { declaration, faults, faultAt }
}

const nowhere = (_: Path, message: string): FileFault => ({ line: 1, column: 1, path: '', message })

function readSection<T>(
  { faultAt }: SourceDocument,
  name: string,
  section: unknown,
  schema: z.ZodType<T>,
  faults: FileFault[],
): readonly Entry<T>[] {
  if (section === undefined || section === null) return []
  if (!Array.isArray(section)) {
    faults.push(faultAt([name], 'must be a list'))
    return []
  }
  return section.flatMap((item: unknown, index): readonly Entry<T>[] => {
    const path = [name, index]
    const parsed = schema.safeParse(item, { error: inWords })
    if (parsed.success) return [{ value: parsed.data, path }]
    for (const issue of parsed.error.issues.flatMap(flattened)) {
      faults.push(faultAt([...path, ...issue.path.filter((step) => typeof step !== 'symbol')], issue.message))
    }
    return []
  })
}

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** One issue for each unknown key; of a union, the issues of the form that was meant. */
function flattened(issue: z.core.$ZodIssue): readonly Issue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not known here' }))
  }
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.find((issues) => !issues.some(({ code, path }) => code === 'invalid_type' && !path.length))
  return meant
    ? meant.flatMap(flattened).map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
    : [issue]
}

/** Says what the value must be, and never what it is: it may be a secret. */
export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${kind(issue.expected, issue.input)}`
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`
    case 'too_small':
      return `must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters long' : ''}`
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`
    case 'invalid_format':
      return 'is not of the form that it must have'
    default:
      return undefined
  }
}

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  boolean: 'true or false',
}

/** YAML takes a text of digits for a number. */
const kind = (expected: string, given: unknown): string =>
  expected === 'string' && ['number', 'boolean'].includes(typeof given)
    ? 'a string: put it in quotes'
    : (KINDS[expected] ?? `a ${expected}`)
