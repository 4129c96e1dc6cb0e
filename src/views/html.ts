/**
 * The one way markup is made. `html` escapes every value, drops an attribute whose value is absent, and refuses at first
 * use a template in which a value could change the shape of the page. Nothing else in the product writes `<`.
 */

/** Text that is markup already. Only `html` makes it, so an unescaped string cannot pass for it. */
class Markup {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}
export type Html = Markup

/** An address that may stand in `href`, `src` or `action`. Only `url` makes it. */
class Address {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}
export type Url = Address

export type Value = string | number | boolean | undefined | Html | Url | readonly Value[]

interface Hole {
  readonly kind: 'text' | 'attribute' | 'attribute part' | 'url'
  /** The attribute that is written, or left out, with its value. */
  readonly name: string
}
interface Template {
  readonly literals: readonly string[]
  readonly holes: readonly Hole[]
}

const HOLE = '\0' // a parser drops it from text, so no template has a use for it
const TOKEN = /<!doctype html>|<\/?([a-z][a-z0-9-]*)((?:\s+[a-z][a-z0-9:-]*(?:="[^"]*")?)*)\s*\/?>|[^<]+/giy
const ATTRIBUTE = /(\s+)([a-z][a-z0-9:-]*)(?:="([^"]*)")?/gi
const RAW_TEXT = /^(?:script|style|xmp|iframe|noembed|noframes|plaintext)$/
const STEERED_BY_NO_VALUE = /^(?:meta|base|object|embed|iframe)$/
const NEVER_A_VALUE = /^(?:on.*|style|srcdoc|srcset|http-equiv)$/
const URL_ATTRIBUTE = /^(?:href|src|action|formaction|poster|data|cite|background|ping|manifest|xlink:href)$/

const refuse = (why: string, source: string): never => {
  throw new TypeError(`html template: ${why}: ${source.replaceAll(HOLE, '…').trim().slice(0, 80)}`)
}

/** Reads the static parts once and says what each value may become. */
function compile(parts: readonly string[]): Template {
  const source = parts.join(HOLE)
  const literals: string[] = []
  const holes: Hole[] = []
  let literal = ''
  let raw = ''
  const hole = (kind: Hole['kind'], name = '') => {
    literals.push(literal)
    holes.push({ kind, name })
    literal = ''
  }
  const values = (text: string, kind: Hole['kind']) => {
    const [first = '', ...rest] = text.split(HOLE)
    literal += first
    for (const next of rest) {
      hole(kind)
      literal += next
    }
  }
  const attribute = (tag: string, space: string, name: string, value: string | undefined, whole: string) => {
    if (value === undefined || !value.includes(HOLE)) {
      literal += whole
      return
    }
    const key = name.toLowerCase()
    if (STEERED_BY_NO_VALUE.test(tag) || NEVER_A_VALUE.test(key)) refuse(`no value may stand in ${tag} ${key}`, whole)
    if (value === HOLE) {
      hole(URL_ATTRIBUTE.test(key) ? 'url' : 'attribute', name)
      return
    }
    if (URL_ATTRIBUTE.test(key)) refuse('an address is one whole value', whole)
    literal += `${space}${name}="`
    values(value, 'attribute part')
    literal += '"'
  }
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length; ) {
    const at = TOKEN.lastIndex
    const [token, name, attributes] =
      TOKEN.exec(source) ?? refuse('not plain markup with quoted attributes', source.slice(at))
    const tag = name?.toLowerCase() ?? ''
    if (raw !== '' && (token.includes(HOLE) || (tag !== '' && token.toLowerCase() !== `</${raw}>`))) {
      refuse(`only fixed text may stand in ${raw}`, token)
    }
    if (tag === '') values(token, 'text')
    else {
      literal += token.slice(0, token.indexOf(name ?? '') + tag.length)
      for (const [whole, space = '', key = '', value] of (attributes ?? '').matchAll(ATTRIBUTE)) {
        attribute(tag, space, key, value, whole)
      }
      literal += token.endsWith('/>') ? '/>' : '>'
      raw = RAW_TEXT.test(tag) && !token.startsWith('</') ? tag : ''
    }
  }
  if (raw !== '') refuse(`${raw} is not closed`, source)
  if (holes.length !== parts.length - 1) refuse('a static part holds U+0000', source)
  return { literals: [...literals, literal], holes }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\r': '&#13;', // a bare one would be read as a line feed
  '\0': '\uFFFD',
}
const escaped = (text: string): string => text.replace(/[&<>"'\r\0]/g, (character) => ESCAPES[character] ?? '')

function textOf(value: Value): string {
  if (value instanceof Markup) return value.toString()
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  if (value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map(textOf).join('')
  throw new TypeError('html template: this kind of value cannot be shown')
}

function attributeText(value: Value): string {
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  throw new TypeError('html template: this kind of value cannot stand in an attribute')
}

function render({ kind, name }: Hole, value: Value): string {
  if (kind === 'text') return textOf(value)
  if (value === undefined || value === false) return ''
  if (kind === 'attribute part') return attributeText(value)
  if (kind === 'attribute') return value === true ? ` ${name}` : ` ${name}="${attributeText(value)}"`
  if (value instanceof Address) return ` ${name}="${escaped(value.toString())}"`
  throw new TypeError('html template: an address is made by url()')
}

const templates = new WeakMap<TemplateStringsArray, Template>()

/**
 * Markup from a template. Values are escaped; nested `Html` and arrays are kept; `undefined` and `false` render nothing,
 * and leave out the attribute whose whole value they are; `true` writes the bare attribute.
 * @throws TypeError at first use, when a value stands in a tag name, an unquoted attribute, a script, a style or `on…`
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const template = templates.get(parts) ?? compile(parts)
  templates.set(parts, template)
  const rendered = template.holes.map((hole, i) => render(hole, values[i]))
  return new Markup(template.literals.map((literal, i) => literal + (rendered[i] ?? '')).join(''))
}

const LOCAL = /^(?:\/(?![/\\])|[?#])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop control characters from an address before they read it
const TREACHEROUS = /[\x00-\x20\x7f\\]/
const RUNS_OR_READS = ['javascript', 'vbscript', 'data', 'blob', 'file', 'filesystem', 'about', 'view-source']

/**
 * An address that a page may link, load or post to: a path of ours, `?…`, `#…`, https, or one of the schemes given.
 * Does not check that the address is registered.
 * @throws TypeError for any other: a view never receives one
 */
export function url(address: string, schemes: readonly string[] = []): Url {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase()
  const allowed = scheme === undefined ? LOCAL.test(address) : isAllowed(scheme, address, schemes)
  if (!allowed || TREACHEROUS.test(address)) throw new TypeError('url: not an address that a page may use')
  return new Address(address)
}

function isAllowed(scheme: string, address: string, schemes: readonly string[]): boolean {
  if (RUNS_OR_READS.includes(scheme)) return false
  if (scheme !== 'https' && !schemes.includes(scheme)) return false
  return (scheme !== 'https' && scheme !== 'http') || (/^https?:\/\/[^/]/i.test(address) && URL.canParse(address))
}
