import { words } from '../../src/views/catalogue/en.ts'
import type { Catalogue } from '../../src/views/catalogue/index.ts'

const LETTERS = 'אבגדהוזחטיכלמנסעפצקרשתםןףץ'

function mirrored<T>(value: T): T {
  if (typeof value === 'string') return mirroredText(value) as T & string
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, mirrored(each)])) as T
}

/** Leaves what stands in braces: those are names. */
const mirroredText = (text: string): string =>
  text.replace(/\{\w+\}|[a-z]/gi, (piece) =>
    piece.length > 1 ? piece : (LETTERS[piece.toLowerCase().charCodeAt(0) - 97] ?? piece),
  )

/** The English words in letters that run from right to left: shows a text that is not in the catalogue, and every place where a page forgot about direction. */
export const pseudoRtl: Catalogue = { lang: 'he-XB', dir: 'rtl', ...mirrored(words) }
