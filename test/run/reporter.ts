// A reporter for node:test that writes one JSON line for each test that begins and ends.
import { inspect } from 'node:util'

/** What the runner needs to know of an event of node:test. */
export interface TestEvent {
  readonly type: 'start' | 'pass' | 'fail'
  readonly file: string
  readonly name: string
  readonly nesting: number
  readonly isSuite: boolean
  /** Why the test was left out, when it was. */
  readonly skipped: string | undefined
  readonly error: string | undefined
  /** Whether the failure is only that of the tests inside. */
  readonly isOfChildren: boolean
}

interface RawEvent {
  readonly type: string
  readonly data: {
    readonly file?: string
    readonly name?: string
    readonly nesting?: number
    readonly skip?: string | boolean
    readonly todo?: string | boolean
    readonly details?: {
      readonly type?: string
      readonly error?: Error & { readonly failureType?: string }
    }
  }
}

const TYPES: Readonly<Record<string, TestEvent['type']>> = {
  'test:start': 'start',
  'test:pass': 'pass',
  'test:fail': 'fail',
}

/** Lines rather than a report: the runner must know how far a process came that hangs or breaks off. */
export default async function* lines(source: AsyncIterable<RawEvent>): AsyncGenerator<string> {
  for await (const { type: rawType, data } of source) {
    const type = TYPES[rawType]
    if (type === undefined) continue
    const left = data.skip ?? data.todo
    const error = data.details?.error
    const event: TestEvent = {
      type,
      file: data.file ?? '',
      name: data.name ?? '',
      nesting: data.nesting ?? 0,
      isSuite: data.details?.type === 'suite',
      skipped:
        left === undefined || left === false ? undefined : left === true || left === '' ? 'no reason given' : left,
      error: error === undefined ? undefined : inspect(error.cause ?? error, { depth: 6 }),
      isOfChildren: error?.failureType === 'subtestsFailed',
    }
    yield `${JSON.stringify(event)}\n`
  }
}
