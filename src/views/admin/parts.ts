import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html, type Url, url, type Value } from '../html.ts'

// The parts that the pages of the console are made of.

/** A column of a table: its heading, and what stands in each row. */
export interface Column<Row> {
  readonly name: string
  readonly isNumber?: boolean
  cell(row: Row): Value
}

/** A table that scrolls in itself where it is too wide for the page. */
export const table = <Row>(
  id: string,
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
): Html =>
  rows.length === 0
    ? html`<p id="${id}" class="empty">${empty}</p>`
    : html`<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0"><table id="${id}">
<caption id="${id}-caption">${caption}</caption>
<thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col" class="${isNumber && 'number'}">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map(({ name, cell, isNumber }) => html`<td class="${isNumber && 'number'}" data-label="${name}">${cell(row)}</td>`)}</tr>`)}</tbody>
</table></div>`

/** Names and what is known of them. What is `undefined` is left out. */
export const facts = (pairs: readonly (readonly [name: string, value: Value])[]): Html =>
  html`<dl class="facts">${pairs.map(([name, value]) => value !== undefined && html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`

/** An instant, in UTC, to the minute; the whole of it for programs and who hovers. */
export const instant = (time: Date | null | undefined): Html | string =>
  time
    ? html`<time datetime="${time.toISOString()}" title="${time.toISOString()}">${time.toISOString().slice(0, 16).replace('T', ' ')}</time>`
    : '–'

/** The way on through a list, and out of it as CSV. */
export const pager = ({ first, next, csv }: { readonly first?: Url; readonly next?: Url; readonly csv?: Url }): Html =>
  html`<nav class="pager" aria-label="Pages">
${first && html`<a id="first-page" class="button" href="${first}">First page</a>`}
${next && html`<a id="next-page" class="button" rel="next" href="${next}">Next page</a>`}
${csv && html`<a id="export-csv" href="${csv}" download>Export as CSV</a>`}
</nav>`

/** A form of nothing but a button: one decision. @param hidden what is sent with it */
export const decision = (
  view: FormView,
  id: string,
  label: string,
  {
    isDangerous = false,
    hidden = {},
  }: { readonly isDangerous?: boolean; readonly hidden?: Readonly<Record<string, string>> } = {},
): Html =>
  form(
    view,
    `${id}-form`,
    html`${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button id="${id}" type="submit" class="${isDangerous && 'danger'}">${label}</button>`,
  )

interface Control {
  readonly name: string
  readonly label: Value
  readonly hint?: Value
  /** What was wrong with it. */
  readonly faults?: readonly string[]
}

const labelled = ({ name, label, hint, faults = [] }: Control, control: Html): Html =>
  html`<div class="field">
<label for="${name}">${label}</label>
${hint && html`<div id="${name}-hint" class="hint">${hint}</div>`}
${faults.length > 0 && html`<div id="${name}-fault" class="field-fault">${faults.map((fault) => html`<p>${fault}</p>`)}</div>`}
${control}
</div>`

const describedBy = ({ name, hint, faults = [] }: Control): string | undefined =>
  [hint && `${name}-hint`, faults.length > 0 && `${name}-fault`].filter(Boolean).join(' ') || undefined

/** One line of text. */
export const textBox = (
  control: Control & {
    readonly value?: string | undefined
    readonly isRequired?: boolean
    readonly isReadOnly?: boolean
    readonly type?: 'text' | 'email' | 'number' | 'datetime-local' | 'search' | 'url' | 'password'
  },
): Html =>
  labelled(
    control,
    html`<div class="input"><input id="${control.name}" name="${control.name}" type="${control.type ?? 'text'}" value="${control.value}" required="${control.isRequired ?? false}" readonly="${control.isReadOnly ?? false}" autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto" aria-invalid="${(control.faults?.length ?? 0) > 0 && 'true'}" aria-describedby="${describedBy(control)}"></div>`,
  )

/** Several lines, one entry each. */
export const linesBox = (control: Control & { readonly value?: string | undefined; readonly rows?: number }): Html =>
  labelled(
    control,
    html`<textarea id="${control.name}" name="${control.name}" rows="${control.rows ?? 3}" spellcheck="false" autocapitalize="none" dir="ltr" aria-invalid="${(control.faults?.length ?? 0) > 0 && 'true'}" aria-describedby="${describedBy(control)}">${control.value}</textarea>`,
  )

/** One of several. */
export const choice = (
  control: Control & {
    readonly value?: string | undefined
    readonly options: readonly (readonly [value: string, label: string])[]
  },
): Html =>
  labelled(
    control,
    html`<select id="${control.name}" name="${control.name}" aria-describedby="${describedBy(control)}">${control.options.map(([value, label]) => html`<option value="${value}" selected="${value === control.value}">${label}</option>`)}</select>`,
  )

/** Yes or no. */
export const checkBox = ({
  name,
  label,
  hint,
  value = 'yes',
  id = name,
  isChecked,
}: Control & { readonly id?: string; readonly value?: string; readonly isChecked: boolean }): Html =>
  html`<div class="check"><input id="${id}" name="${name}" type="checkbox" value="${value}" checked="${isChecked}" aria-describedby="${hint && `${id}-hint`}"><label for="${id}">${label}${hint && html` <span id="${id}-hint" class="hint">${hint}</span>`}</label></div>`

/** The faults of one field, as its control shows them. */
export const faultsAt = (faults: readonly FieldFault[], name: string): readonly string[] =>
  faults.filter(({ field }) => field === name || field.startsWith(`${name}.`)).map(({ message }) => sentence(message))

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** What was refused, first on the page and with the focus; each fault leads to its field. */
export const refusal = (
  view: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined,
): Html | false =>
  view !== undefined &&
  html`<div id="fault" class="fault" role="alert" tabindex="-1" autofocus aria-labelledby="fault-title">
<h2 id="fault-title">${sentence(view.message)}</h2>
${view.faults.length > 0 && html`<ul>${view.faults.map(({ field, message }) => html`<li><a href="${url(`#${encodeURIComponent(controlOf(field))}`)}"><code>${field}</code>: ${message}</a></li>`)}</ul>`}
</div>`

/** The control that a field stands in. Claims have one each; what else has parts stands in one together. */
const controlOf = (field: string): string => (field.startsWith('claims.') ? field : (field.split('.')[0] ?? field))
