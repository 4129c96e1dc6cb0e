import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'

/** One thing that is wrong with a file, and where. Holds no value of the file: a value may be a secret. */
export interface FileFault {
  readonly line: number
  readonly column: number
  /** Where in the structure, such as `clients[0].redirect_uris[1]`. */
  readonly path: string
  readonly message: string
}

export type Path = readonly (string | number)[]

/** A YAML file, with the way back from its structure to its lines. */
export interface SourceDocument {
  readonly value: unknown
  faultAt(path: Path, message: string): FileFault
}

/** The parser's own words quote the file, so they are not passed on. */
const SYNTAX: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'this alias is malformed',
  BAD_INDENT: 'the indentation is wrong here',
  DUPLICATE_KEY: 'this key stands here for the second time',
  MISSING_CHAR: 'a bracket, quote or colon is missing here',
  MULTIPLE_DOCS: 'a second document begins here: the file has to be one',
  TAB_AS_INDENT: 'a tab cannot indent in YAML: use spaces',
  TAG_RESOLVE_FAILED: 'this tag is not understood',
}

/** Reads YAML 1.2, or JSON, which is a part of it. Aliases are followed; tags and second documents are refused. */
export function readDocument(text: string): SourceDocument | { readonly faults: readonly FileFault[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, path: string, message: string): FileFault => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1), path, message }
  }
  const wrong = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    at(pos[0], '', SYNTAX[code] ?? 'this is not YAML'),
  )
  if (wrong.length > 0) return { faults: wrong }
  const plain = outcomeOf(() => document.toJS({ maxAliasCount: 100 }))
  if (!plain) return { faults: [at(0, '', 'an alias leads nowhere, or there are too many')] }
  const resolved = (node: unknown): unknown =>
    node !== null && typeof node === 'object' && 'resolve' in node && typeof node.resolve === 'function'
      ? node.resolve(document)
      : node
  return {
    value: plain.value,
    faultAt: (path, message) => at(offsetOf(document.contents, path, resolved), spelled(path), message),
  }
}

function outcomeOf(read: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: read() }
  } catch {
    return undefined
  }
}

/** Where the named part begins: its key in a mapping, or the nearest part around it when it is not there. */
function offsetOf(root: Node | null, path: Path, resolved: (node: unknown) => unknown): number {
  let node: unknown = root
  let offset = startOf(root) ?? 0
  for (const step of path) {
    const inner = resolved(node)
    if (isMap(inner)) {
      const pair = inner.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
      if (!pair) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(inner) && typeof step === 'number') {
      node = inner.items[step]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  if (node === null || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return undefined
  const [start]: readonly unknown[] = node.range
  return typeof start === 'number' ? start : undefined
}

/** A key that is no plain name may be a secret in the wrong place. */
const spelled = (path: Path): string =>
  path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      const name = /^[\w:./-]{1,40}$/.test(step) ? step : '…'
      return index === 0 ? name : `.${name}`
    })
    .join('')
