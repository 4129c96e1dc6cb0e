const PAGE = 200

/** Reads a list page by page, to its end. */
export async function everyPage<T>(
  list: (after: string | undefined, limit: number) => Promise<readonly T[]>,
  key: (item: T) => string,
): Promise<readonly T[]> {
  const all: T[] = []
  for (;;) {
    const last = all.at(-1)
    const page = await list(last === undefined ? undefined : key(last), PAGE)
    all.push(...page)
    if (page.length < PAGE) return all
  }
}
