/** The words of the pages, a typed object a language, and the choice among them. */
import { de } from './de.ts'
import { en, type words } from './en.ts'

/** The same keys with any words in the strings' places. */
type Translated<T> = { readonly [K in keyof T]: T[K] extends string ? string : Translated<T[K]> }

export interface Catalogue extends Translated<typeof words> {
  /** A BCP 47 language tag. */
  readonly lang: string
  readonly dir: 'ltr' | 'rtl'
}

const catalogues: readonly Catalogue[] = [en, de]

/**
 * The catalogue for a person: `ui_locales` first, then Accept-Language, then English. A tag is met by its language alone.
 * OIDC Core §3.1.2.1, RFC 9110 §12.5.4
 */
export function pickCatalogue(uiLocales: string | undefined, acceptLanguage: string | undefined): Catalogue {
  const wanted = [...(uiLocales ?? '').split(' '), ...acceptedLanguages(acceptLanguage ?? '')]
  for (const tag of wanted) {
    const language = tag.split('-', 1)[0]?.toLowerCase()
    const found = catalogues.find(({ lang }) => lang === language)
    if (found) return found
  }
  return en
}

/** Language ranges by falling weight; those of weight 0 and what cannot be read are left out. */
function acceptedLanguages(header: string): readonly string[] {
  const ranges = header.split(',', 32).map((range) => {
    const [tag = '', weight] = range.split(';', 2).map((part) => part.trim())
    const q = weight === undefined ? 1 : Number(/^q=([01](?:\.\d{0,3})?)$/i.exec(weight)?.[1] ?? 0)
    return { tag, q }
  })
  return ranges
    .filter(({ q }) => q > 0)
    .sort((left, right) => right.q - left.q)
    .map(({ tag }) => tag)
}
