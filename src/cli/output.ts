// A terminal acts on these when it prints them: control characters, and marks that turn the direction of text.
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A value as one line that a terminal prints and does not obey. */
const plain = (value: unknown): string => {
  if (value === undefined || value === null || value === '') return '-'
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(plain).join(' ')
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.replace(UNSAFE, '�')
}

/** Rows under their names, in columns as wide as they have to be. */
export function table(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [names.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(plain))]
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names and values, one a line. */
export function properties(values: Readonly<Record<string, unknown>>): string {
  const known = Object.entries(values).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n')
}
