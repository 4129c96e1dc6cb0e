import { fill } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Html, html } from './html.ts'

export interface ScopeView {
  readonly name: string
  /** What the resource says that it means; the standard scopes have words of their own. */
  readonly description?: string
  /** The resource, as people know it. */
  readonly resource?: string
}

/** What an app may do, in plain words: the standard's scopes first, in the same order everywhere. */
export const scopeList = (scopes: readonly ScopeView[], words: Catalogue, id?: string): Html =>
  html`<ul id="${id}" class="scopes">${inOrder(scopes, Object.keys(words.scope.standard)).map((scope) => html`<li data-scope="${scope.name}">${scopeInWords(scope, words)}</li>`)}</ul>`

function inOrder(scopes: readonly ScopeView[], standard: readonly string[]): readonly ScopeView[] {
  const place = ({ name }: ScopeView) => (standard.includes(name) ? standard.indexOf(name) : standard.length)
  return scopes.toSorted((left, right) => place(left) - place(right))
}

function scopeInWords({ name, description, resource }: ScopeView, words: Catalogue): Html {
  const standard = words.scope.standard
  if (name in standard && resource === undefined)
    return html`${Object.entries(standard).find(([scope]) => scope === name)?.[1]}`
  if (description === undefined) {
    const scope = html`<code dir="ltr">${name}</code>`
    return resource === undefined
      ? fill(words.scope.unnamed, { scope })
      : fill(words.scope.atResource, { scope, resource })
  }
  return resource === undefined
    ? html`<bdi>${description}</bdi>`
    : fill(words.scope.describedAtResource, { description, resource })
}
