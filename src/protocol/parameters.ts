import { OAuthError } from './error.ts'

/** Name and value pairs in the order they were sent, percent-decoded. */
export type Pairs = readonly (readonly [string, string])[]

/** Request parameters, each sent at most once. */
export interface Parameters {
  /** The value, or `undefined` when it was not sent or sent empty: "Parameters sent without a value MUST be treated as if they were omitted". RFC 6749 §3.1 */
  get(name: string): string | undefined
  /** All values of the one parameter that may repeat, `resource`. RFC 8707 §2 */
  list(name: string): readonly string[]
  readonly repeated: readonly string[]
}

const MAY_REPEAT = new Set(['resource'])

/** Sorts pairs by name. It tells which were repeated, and lets its caller refuse: at /authorize the answer depends on which. */
export function parametersOf(pairs: Pairs): Parameters {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    if (value === '') continue
    const known = values.get(name)
    if (known) known.push(value)
    else values.set(name, [value])
  }
  return {
    get: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    repeated: [...values].filter(([name, all]) => all.length > 1 && !MAY_REPEAT.has(name)).map(([name]) => name),
  }
}

/** "Request and response parameters MUST NOT be included more than once." RFC 6749 §3.1, §3.2 */
export function refuseRepeated(parameters: Parameters): Parameters {
  if (parameters.repeated.length > 0) throw new OAuthError('invalid_request', 'a parameter is repeated')
  return parameters
}

/** The value of a parameter that must be there. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`)
  return value
}
