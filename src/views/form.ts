import type { Catalogue } from './catalogue/index.ts'
import { type Html, html, url, type Value } from './html.ts'

/** What every form sends besides its fields. */
export interface FormView {
  /** Where it posts to: a path of ours. */
  readonly action: string
  readonly csrf: string
  /** The sealed copy of the request, with which a page that waited too long starts itself again. design.md §5.6 */
  readonly restart?: string
}

/** Something wrong: what to say, and the field that it is about. */
export interface Fault {
  readonly text: Value
  readonly field?: string
}

/** A form that posts to us. */
export const form = (
  view: FormView,
  id: string,
  body: Html,
): Html => html`<form id="${id}" method="post" action="${url(view.action)}">
<input type="hidden" name="csrf" value="${view.csrf}">
${view.restart !== undefined && html`<input type="hidden" name="restart" value="${view.restart}">`}
${body}
</form>`

/** What is wrong with the page, first on it and with the focus; each fault leads to its field. pages.md, rule 2 */
export const faultSummary = (words: Catalogue, faults: readonly Fault[]): Html | false =>
  faults.length > 0 &&
  html`<div id="fault" class="fault" role="alert" tabindex="-1" autofocus aria-labelledby="fault-title">
<h2 id="fault-title">${words.frame.faultTitle}</h2>
<ul>${faults.map(({ text, field }) => html`<li>${field === undefined ? text : html`<a href="${url(`#${field}`)}">${text}</a>`}</li>`)}</ul>
</div>`

export interface FieldView {
  /** The input's name, and its id where that is not given. */
  readonly name: string
  readonly label: Value
  readonly type: 'text' | 'email' | 'password' | 'code'
  readonly autocomplete: string
  /** The input's id, where several forms of a page have a field of this name. */
  readonly id?: string
  readonly isOptional?: boolean
  /** What may be typed, as a regular expression: a browser says so before it sends. */
  readonly pattern?: string
  readonly inputmode?: 'numeric'
  readonly maxLength?: number
  readonly value?: string | undefined
  readonly hint?: Html | false
  /** Shown under the label; each also stands in the summary. */
  readonly faults?: readonly Value[]
  /** Marks a field as wrong without words of its own, by the element that has them. */
  readonly wrongBecauseOf?: string | false
  readonly isFocused?: boolean
  readonly isReadOnly?: boolean
  /** The name of the button that shows the password, on password fields. */
  readonly reveal?: string
}

/** Addresses run from left to right in every language; a name runs as its letters do. */
const DIRECTION = { text: 'auto', email: 'ltr', password: undefined, code: 'ltr' } as const

/** An input with its label, hint and faults tied to it. */
export function field(view: FieldView): Html {
  const { name, id = name, faults = [] } = view
  const isWrong = faults.length > 0 || typeof view.wrongBecauseOf === 'string'
  const described = [view.hint && `${id}-hint`, faults.length > 0 && `${id}-fault`, view.wrongBecauseOf]
    .filter(Boolean)
    .join(' ')
  return html`<div class="field">
<label for="${id}">${view.label}</label>
${view.hint && html`<div id="${id}-hint" class="hint">${view.hint}</div>`}
${faults.length > 0 && html`<div id="${id}-fault" class="field-fault">${faults.map((fault) => html`<p>${fault}</p>`)}</div>`}
<div class="input"><input id="${id}" name="${name}" type="${view.type === 'code' ? 'text' : view.type}" class="${view.type === 'code' && 'code'}" autocomplete="${view.autocomplete}" value="${view.value}" required="${!view.isOptional}" dir="${DIRECTION[view.type]}" autocapitalize="none" spellcheck="false" inputmode="${view.inputmode}" pattern="${view.pattern}" maxlength="${view.maxLength}" readonly="${view.isReadOnly ?? false}" autofocus="${view.isFocused ?? false}" aria-invalid="${isWrong && 'true'}" aria-describedby="${described || undefined}">${view.reveal !== undefined && revealButton(id, view.reveal)}</div>
</div>`
}

/** Without script it stays hidden; with it, shows what is typed. */
const revealButton = (name: string, label: string): Html =>
  html`<button type="button" class="reveal" hidden aria-controls="${name}" aria-pressed="false" aria-label="${label}" title="${label}"><svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12z"/><circle cx="12" cy="12" r="3"/><path class="slash" d="M4 20 20 4"/></svg></button>`
