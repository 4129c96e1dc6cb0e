/** Ends a switch over a closed union: a new member that nobody handles does not compile. */
export function exhaustive(never: never): never {
  throw new Error(`unhandled case: ${String(never)}`)
}
