/**
 * A line of text as somebody typed it, made safe to keep: without control and format characters, and at most so many UTF-16
 * units long, cut between two characters. Half of one, a lone surrogate, is no text for PostgreSQL's JSON. Unicode §3.9
 */
export const plainLine = (typed: string, longest: number): string =>
  typed
    .replaceAll(/\p{C}/gu, '')
    .trim()
    .slice(0, longest)
    .replace(/\p{Cs}$/u, '')
    .trimEnd()
