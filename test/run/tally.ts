// From the events of one process to what is told of it: leaf tests passed, failed and skipped.
import { relative } from 'node:path'
import { root } from '../check/source.ts'
import type { TestEvent } from './reporter.ts'

export interface NamedFailure {
  readonly file: string
  readonly name: string
  readonly error: string
}

export interface NamedSkip {
  readonly file: string
  readonly name: string
  readonly reason: string
}

export interface Tally {
  readonly passed: number
  readonly failures: readonly NamedFailure[]
  readonly skips: readonly NamedSkip[]
}

/**
 * Counts the tests without tests inside; one with tests inside counts only when it fails by itself. A file that ran no test
 * to its end is a failure of its own.
 */
export function tally(files: readonly string[], events: readonly TestEvent[], end: string | undefined): Tally {
  let passed = 0
  const failures: NamedFailure[] = []
  const skips: NamedSkip[] = []
  const running = new Map<string, string[]>()
  const inside: number[] = []
  const seen = new Set<string>()
  for (const event of events) {
    const file = relative(root, event.file).replaceAll('\\', '/')
    const names = running.get(file) ?? []
    running.set(file, names)
    names.length = Math.min(names.length, event.nesting)
    const name = [...names, event.name].join(' › ')
    if (event.type === 'start') {
      names[event.nesting] = event.name
      continue
    }
    const hasTestsInside = (inside[event.nesting + 1] ?? 0) > 0
    inside[event.nesting + 1] = 0
    inside[event.nesting] = (inside[event.nesting] ?? 0) + 1
    seen.add(file)
    if (isFileItself(event, file) && event.type === 'pass') {
      failures.push({ file, name: 'the file', error: 'it holds no test' })
      continue
    }
    const isLeaf = !event.isSuite && !hasTestsInside
    if (event.skipped !== undefined) skips.push({ file, name, reason: event.skipped })
    else if (event.type === 'pass') passed += isLeaf ? 1 : 0
    else if (isLeaf || !event.isOfChildren) failures.push({ file, name, error: event.error ?? 'no reason given' })
  }
  for (const file of files) {
    const unfinished = end === undefined ? undefined : running.get(file)?.join(' › ')
    if (unfinished) failures.push({ file, name: unfinished, error: end ?? '' })
    else if (!seen.has(file)) failures.push({ file, name: 'the file', error: end ?? 'it did not run' })
  }
  if (end !== undefined && failures.length === 0)
    failures.push({ file: files.join(', '), name: 'the process', error: end })
  return { passed, failures, skips }
}

/** node:test tells a file without tests, and one that does not load, as a test by the file's name. */
const isFileItself = (event: TestEvent, file: string): boolean => event.nesting === 0 && event.name === file
